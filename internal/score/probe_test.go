package main

import (
	"os"
	"strings"
	"testing"

	"github.com/packetspec/packetspec/conformance/mutant"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/features"
)

// TestProbePageIsInStep compares the page of what the probe finds with the faults and the scenarios: each
// fault is found or not, and what finds it can be seen from outside.
func TestProbePageIsInStep(t *testing.T) {
	page, err := os.ReadFile("../../conformance/probe/SCORE.md")
	if err != nil {
		t.Fatal(err)
	}
	s, err := spec.Load(features.FS)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "\nNot found: ")
	unfound := map[string]bool{}
	for _, name := range strings.Split(strings.TrimSuffix(rest, ".\n"), ", ") {
		unfound[name] = true
	}
	for _, f := range mutant.Faults() {
		_, row, found := strings.Cut(string(page), "| "+f.Requirement+" | "+f.Name+" | "+f.Text+" | ")
		id, _, _ := strings.Cut(row, " |")
		id, _, _ = strings.Cut(id, ",")
		_, exists := s.Scenario(id)
		switch {
		case f.Later():
		case found == unfound[f.Name]:
			t.Errorf("%s of %s is not as the page has it: go run ./internal/score probe", f.Name, f.Requirement)
		case found && !exists && id != notSpokenTo:
			t.Errorf("%s: there is no scenario %q", f.Name, id)
		}
	}
}

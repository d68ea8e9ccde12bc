package campaign

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/mutant"
	"github.com/packetspec/packetspec/internal/subjecttest"
)

// again says how the page is made.
const again = "make it again: go run ./internal/score fuzz"

// TestScorePageIsInStep requires each fault of the dialect that campaigns speak to be on the page
// once: in the table of what was measured, or among the faults that no input can show.
func TestScorePageIsInStep(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "SCORE.md"))
	if err != nil {
		t.Fatal(err)
	}
	measured, rest, _ := strings.Cut(string(page), "\n## ")
	listed := map[string]map[string]string{"measured": faultsOf(measured), "hidden": faultsOf(rest)}
	for _, f := range mutant.Faults() {
		if f.Later() {
			continue
		}
		where, other := "measured", "hidden"
		if hidden[f.Name] != "" {
			where, other = other, where
		}
		if got := listed[where][f.Name]; got != f.Requirement {
			t.Errorf("%s breaks %s; among the %s faults the page lists %q: %s", f.Name, f.Requirement, where, got, again)
		}
		if _, has := listed[other][f.Name]; has {
			t.Errorf("%s is among the %s faults, expected the %s: %s", f.Name, other, where, again)
		}
		delete(listed[where], f.Name)
	}
	for where, left := range listed {
		for name := range left {
			t.Errorf("the page lists %s among the %s faults, but the mutant has no such fault: %s", name, where, again)
		}
	}
}

// faultsOf returns the requirements that the faults in a table break, by the faults' names.
func faultsOf(table string) map[string]string {
	faults := map[string]string{}
	for line := range strings.Lines(table) {
		if cells := strings.Split(line, " | "); len(cells) >= 3 {
			faults[strings.TrimPrefix(cells[0], "| ")] = cells[1]
		}
	}
	delete(faults, "fault") // the head
	return faults
}

// TestHiddenFaultsExist requires a reason only for faults that the mutant has.
func TestHiddenFaultsExist(t *testing.T) {
	for name := range hidden {
		if !slices.ContainsFunc(mutant.Faults(), func(f mutant.Fault) bool { return f.Name == name }) {
			t.Errorf("there is no fault %s", name)
		}
	}
}

// TestMeasurement measures three faults, then resumes with a second seed: what was measured stays.
func TestMeasurement(t *testing.T) {
	m := Measurement{
		Seeds: 1, Inputs: 200, Blind: 200, Only: []string{"malformed-crashes", "int-little-endian", "full-pipe-drops-thousandth"},
		Process: func(fault string) adapter.Starter { return subjecttest.Mutant(t, fault) },
	}
	score := &Score{}
	if err := m.Run(context.Background(), score); err != nil {
		t.Fatal(err)
	}
	for name, found := range map[string]bool{"malformed-crashes": true, "int-little-endian": true, "full-pipe-drops-thousandth": false} {
		f := score.Faults[name]
		if f == nil || len(f.Guided) != 1 || len(f.Blind) != 1 || f.Guided[1] > 0 != found {
			t.Fatalf("%s: %+v, expected one seed of each sort, found: %t", name, f, found)
		}
	}
	first := maps.Clone(score.Faults["int-little-endian"].Guided)
	saved := 0
	m.Seeds, m.Save = 2, func(*Score) error { saved++; return nil }
	if err := m.Run(context.Background(), score); err != nil {
		t.Fatal(err)
	}
	if got := score.Faults["int-little-endian"].Guided; len(got) != 2 || got[1] != first[1] {
		t.Errorf("resumed: %v, expected a second seed beside %v", got, first)
	}
	if saved != 6 {
		t.Errorf("saved %d times, expected once for each of three faults, guided and blind", saved)
	}
	page := score.Page()
	for _, want := range []string{"# Score of campaigns\n", "| full-pipe-drops-thousandth | BID-4 | > 200 | > 200 |  |\n", "median of the seeds 1 to 2", "| tick-once | TCK-1 | ticks do not"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%.2000s", want, page)
		}
	}
	m.Inputs = 300
	if err := m.Run(context.Background(), score); err == nil {
		t.Error("a score of 200 inputs is resumed with 300")
	}
}

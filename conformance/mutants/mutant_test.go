package mutants_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/mutant"
	"github.com/packetspec/packetspec/conformance/mutants"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/features"
	"github.com/packetspec/packetspec/internal/subjecttest"
)

func TestMain(m *testing.M) { subjecttest.Main(m) }

// sampled is of how many faults this test tries one, to take seconds: packetspec mutants
// tries all.
const sampled = 8

// TestFaultsAreDetected tries a sample of the faults on the scenarios of their requirements.
// Each must be detected if the record has it detected.
func TestFaultsAreDetected(t *testing.T) {
	if testing.Short() {
		t.Skip("not in short mode: it tries many faults")
	}
	var faults []mutant.Fault
	for i, f := range mutant.Faults() {
		if i%sampled == 0 {
			faults = append(faults, f)
		}
	}
	s, err := spec.Load(features.FS)
	if err != nil {
		t.Fatal(err)
	}
	table, err := mutants.Run{
		Spec: s, Faults: faults, Own: true, Parallel: 4, Timeout: time.Second,
		Subject: mutants.SecondImplementation{Process: func(c mutants.Config) adapter.Starter { return subjecttest.Mutant(t, c.Fault) }},
	}.Do(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r, err := mutants.Recorded()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range r.Regressions(table) {
		t.Error(line)
	}
	var text bytes.Buffer
	_ = table.Text(&text, testing.Verbose())
	t.Log(text.String())
}

package mutants_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/mutant"
	"github.com/packetspec/packetspec/conformance/mutants"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/features"
	"github.com/packetspec/packetspec/internal/mutanttest"
)

func TestMain(m *testing.M) { mutanttest.Main(m) }

// sampled is of how many faults one is tried: packetspec mutants tries all.
const sampled = 8

// TestFaultsAreKilled has a scenario of its own requirement find each fault of a sample
// that was so found when the matrix was recorded.
func TestFaultsAreKilled(t *testing.T) {
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
	m, err := mutants.Run{
		Spec: s, Faults: faults, Own: true, Parallel: 4, Timeout: time.Second,
		Subject: mutants.Mutant{Process: func(as mutants.Make) adapter.Starter { return mutanttest.Process(t, as.Fault) }},
	}.Do(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	r, err := mutants.Recorded()
	if err != nil {
		t.Fatal(err)
	}
	for _, fall := range r.Falls(m) {
		t.Error(fall)
	}
	var text bytes.Buffer
	_ = m.Text(&text, testing.Verbose())
	t.Log(text.String())
}

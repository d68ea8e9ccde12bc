package doctor

import (
	"sync"
	"testing"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/adapters/goreference"
	"github.com/packetspec/packetspec/conformance/mutant"
	"github.com/packetspec/packetspec/internal/subjecttest"
)

// TestNoImplementationIsBlamed checks the second implementation with every fault of its: none is the
// adapter's, so no finding may say that the adapter alone is at fault.
func TestNoImplementationIsBlamed(t *testing.T) {
	withEveryFault(t, func(name string, s adapter.Starter) {
		if r := checkup(t, s, time.Second); len(blamed(r)) > 0 || r.NotStarted != "" {
			t.Errorf("%s: %s%s", name, r.NotStarted, textOf(blamed(r)))
		}
	})
}

// withEveryFault calls check with the second implementation with each of its faults, several at once. With -short
// it is every twentieth.
func withEveryFault(t *testing.T, check func(name string, s adapter.Starter)) {
	atOnce := make(chan struct{}, 16) // most of the time goes into waiting
	var all sync.WaitGroup
	defer all.Wait()
	for i, f := range mutant.Faults() {
		if testing.Short() && i%20 != 0 {
			continue
		}
		atOnce <- struct{}{}
		all.Go(func() {
			defer func() { <-atOnce }()
			var s adapter.Starter = mutant.InProcess{Fault: f.Name}
			if f.Symptom == mutant.Crashes {
				s = subjecttest.Mutant(t, f.Name)
			}
			check(f.Name, s)
		})
	}
}

// TestSoundAdapters requires that nothing is found in adapters without a fault.
func TestSoundAdapters(t *testing.T) {
	for name, s := range map[string]adapter.Starter{
		"reference, in process": adapter.InProcess{Implementation: goreference.Implementation{}},
		"reference":             withFault(t, ""),
		"second":                subjecttest.Mutant(t, ""),
		"second, 2024":          adapter.InProcess{Implementation: mutant.NewLater()},
	} {
		t.Run(name, func(t *testing.T) {
			r := checkup(t, s, 10*time.Second)
			if len(r.Findings) > 0 || len(r.Left) > 0 {
				t.Errorf("%q left out; %s", r.Left, textOf(r.Findings))
			}
		})
	}
}

// TestOriginal requires that nothing is found in the adapter of the original but what the original lacks.
func TestOriginal(t *testing.T) {
	for _, release := range []string{"20211208", "20210306"} {
		t.Run(release, func(t *testing.T) {
			r := checkup(t, subjecttest.Original(t, "../adapters/python-cs-packetstream", release), 10*time.Second)
			for _, f := range r.Findings {
				if f.Kind != "ended" { // the original does not say how a stream ended
					t.Error(f.Text())
				}
			}
		})
	}
}

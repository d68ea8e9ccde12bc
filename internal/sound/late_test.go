package sound

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/adapters/goreference"
	"github.com/packetspec/packetspec/conformance/mutant"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/features"
	"github.com/packetspec/packetspec/fuzz/campaign"
)

// number returns what an environment variable says, or a value for a quick test.
func number(name string, quick int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return quick
}

var implementations = map[string]func() adapter.Implementation{
	"reference": func() adapter.Implementation { return goreference.Implementation{} },
	"mutant": func() adapter.Implementation {
		impl, err := mutant.New("")
		if err != nil {
			panic(err)
		}
		return impl
	},
}

// each runs a test with each implementation, bound and seed: one seed and the strictest bound
// unless SOUND_SEEDS asks for more seeds, and then for every bound.
func each(t *testing.T, test func(*testing.T, Late)) {
	if testing.Short() {
		t.Skip("not in short mode: the subjects are late")
	}
	seeds, bounds := number("SOUND_SEEDS", 0), []Bound{Least}
	if seeds > 0 {
		bounds = []Bound{Unbounded, Least, Pool}
	}
	for name, impl := range implementations {
		for _, bound := range bounds {
			for seed := range max(1, seeds) {
				t.Run(fmt.Sprintf("%s/%d/%d", name, bound, seed+1), func(t *testing.T) {
					test(t, Late{New: impl, Seed: uint64(seed + 1), Handlers: bound})
				})
			}
		}
	}
}

// TestCampaign has campaigns find nothing in implementations that are sound but late.
// SOUND_INPUTS and SOUND_SEEDS ask for more than a quick test:
//
//	SOUND_INPUTS=20000 SOUND_SEEDS=3 go test ./internal/sound -timeout 0
func TestCampaign(t *testing.T) {
	each(t, func(t *testing.T, late Late) {
		r, err := campaign.Campaign{
			Starter: late, Seed: late.Seed, Inputs: int64(number("SOUND_INPUTS", 1000)),
			Observe: func(e campaign.Event) {
				if f := e.Finding; f != nil {
					t.Errorf("%s: %x\nexpected %s\ncame     %s", f.Signature, f.Input, f.Difference.Expected, f.Difference.Came)
				}
			},
		}.Run(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%d inputs in %v, %d not confirmed", r.Inputs, r.Elapsed.Round(time.Millisecond), len(r.Unconfirmed))
	})
}

// TestSuite has the suite pass implementations that are sound but late, at every level.
func TestSuite(t *testing.T) {
	s, err := spec.Load(features.FS)
	if err != nil {
		t.Fatal(err)
	}
	each(t, func(t *testing.T, late Late) {
		t.Parallel() // most of the time goes into waiting for what must not come
		filter := conformance.Filter{}
		scenarios, err := filter.Select(s)
		if err != nil {
			t.Fatal(err)
		}
		results, err := conformance.Run{
			Spec: s, Scenarios: scenarios, Subject: late, Parallel: 4, Timeout: 10 * time.Second, StartTime: 20 * time.Second,
		}.Do(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range results.Results {
			if r.Outcome != report.Pass && r.Outcome != report.Skip {
				t.Errorf("%s", results.Explain(r))
			}
		}
	})
}

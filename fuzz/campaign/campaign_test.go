package campaign_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/adapters/goreference"
	"github.com/packetspec/packetspec/conformance/mutant"
	"github.com/packetspec/packetspec/fuzz/campaign"
)

// TestSound finds nothing in two correct implementations.
func TestSound(t *testing.T) {
	if testing.Short() {
		t.Skip("not in short mode: under the race detector replies are late, and a campaign suspects them")
	}
	for name, starter := range map[string]adapter.Starter{
		"reference": adapter.InProcess{Implementation: goreference.Implementation{}},
		"mutant":    mutant.InProcess{},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := campaign.Campaign{Starter: starter, Seed: 1, Inputs: 3000, Observe: func(e campaign.Event) {
				if f := e.Finding; f != nil {
					t.Errorf("%s: %x\nexpected %s\ncame     %s", f.Signature, f.Input, f.Difference.Expected, f.Difference.Came)
				}
			}}.Run(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d inputs in %v, corpus %d, traces %d, unconfirmed %d", r.Inputs, r.Elapsed.Round(time.Millisecond), len(r.Corpus), r.Traces, len(r.Unconfirmed))
		})
	}
}

// runUntil runs a campaign until a finding is enough, or to its end.
func runUntil(t *testing.T, c campaign.Campaign, enough func(*campaign.Finding) bool) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	c.Observe = func(e campaign.Event) {
		if e.Finding != nil && enough(e.Finding) {
			stop()
		}
	}
	if _, err := c.Run(ctx); err != nil && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

// firstFinding returns the first finding of a campaign that is wanted, or nil.
func firstFinding(t *testing.T, c campaign.Campaign, wanted func(*campaign.Finding) bool) (found *campaign.Finding) {
	t.Helper()
	runUntil(t, c, func(f *campaign.Finding) bool {
		if found == nil && wanted(f) {
			found = f
		}
		return found != nil
	})
	return found
}

// withoutConnections has a codec, and no connections.
type withoutConnections struct{ goreference.Implementation }

func (withoutConnections) Open(io.ReadCloser, io.WriteCloser, adapter.OpenOptions, adapter.Handler) (adapter.Connection, error) {
	return nil, adapter.Errorf(adapter.Unsupported, "no connections")
}

// TestCodecOnly tests the codec of a subject without connections, and reports that as no difference.
func TestCodecOnly(t *testing.T) {
	r, err := campaign.Campaign{
		Starter: adapter.InProcess{Implementation: withoutConnections{}}, Seed: 1, Inputs: 200, Raw: true,
	}.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Findings) > 0 || !r.CodecOnly {
		t.Errorf("found %v, codec only: %t; expected nothing and true", r.Shown, r.CodecOnly)
	}
}

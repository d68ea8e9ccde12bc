package campaign_test

import (
	"context"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/adapters/goreference"
	"github.com/packetspec/packetspec/fuzz/campaign"
)

// TestUntested counts the inputs of a subject whose first process alone opens connections. Even if the
// difference is known, the campaign has tested nothing.
func TestUntested(t *testing.T) {
	held := make(chan struct{})
	defer close(held)
	var started atomic.Int64
	subject := adapter.Func(func(ctx context.Context, commands io.Reader, replies io.Writer) error {
		if started.Add(1) == 1 {
			return adapter.Serve(ctx, goreference.Implementation{}, commands, replies)
		}
		return adapter.Serve(ctx, slowToOpen{held: held}, commands, replies)
	})
	r, err := campaign.Campaign{Starter: subject, Seed: 1, Inputs: 100, Raw: true, Timeout: 20 * time.Millisecond}.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if r.Inputs != 100 || r.Untested != 100 || !r.Inconclusive() {
		t.Errorf("%d inputs, %d untested, inconclusive: %t; expected that all of 100 are untested", r.Inputs, r.Untested, r.Inconclusive())
	}
	if r.Replaced == 0 {
		t.Error("no process was replaced")
	}
	if said := strings.Join(r.Doubts(), "\n"); !strings.Contains(said, "100 of 100 inputs not tested to the end") {
		t.Errorf("the campaign says %q", said)
	}
}

// TestInconclusive says how many inputs are too many that were not played, or not to their end.
func TestInconclusive(t *testing.T) {
	for _, c := range []struct {
		inputs, unplayed, untested int64
		want                       bool
	}{
		{0, 0, 0, true}, {1, 0, 0, false}, {1, 0, 1, true}, {2, 0, 1, false}, {10, 0, 6, true}, {10, 6, 6, true},
		{100, 9, 9, false}, {100, 10, 10, true}, {1000, 10, 10, false}, {1000, 11, 11, true}, {1000, 1, 400, false},
		{100_000, 1000, 1000, false}, {100_000, 1001, 1001, true},
	} {
		r := campaign.Result{Progress: campaign.Progress{Given: c.inputs / 2, Inputs: c.inputs - c.inputs/2, Unplayed: c.unplayed, Untested: c.untested}}
		if got := r.Inconclusive(); got != c.want {
			t.Errorf("of %d inputs %d unplayed, %d untested: %t, expected %t", c.inputs, c.unplayed, c.untested, got, c.want)
		}
	}
}

package campaign_test

import (
	"context"
	"testing"

	"github.com/packetspec/packetspec/conformance/mutant"
	"github.com/packetspec/packetspec/fuzz/campaign"
)

// TestFaults finds a few faults, one of each sort. The command internal/score measures all.
func TestFaults(t *testing.T) {
	for _, name := range []string{"duplicate-loses-first", "tag-never-free", "eof-twice", "int-overlong-refused", "channel-not-offered-is-0"} {
		t.Run(name, func(t *testing.T) {
			r, err := campaign.Campaign{
				Starter: mutant.InProcess{Fault: name}, Seed: 1, Inputs: 1500, Enough: 1,
			}.Run(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range r.Findings {
				if f.Confirmed > 0 {
					t.Logf("after %d inputs, as %s", f.Number+1, f.Signature)
					return
				}
			}
			t.Errorf("not found in %d inputs", r.Inputs)
		})
	}
}

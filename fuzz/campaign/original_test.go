package campaign_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/packetspec/packetspec/fuzz/campaign"
	"github.com/packetspec/packetspec/fuzz/input"
	"github.com/packetspec/packetspec/internal/originaltest"
)

// TestOriginal finds by itself what the original is known for: that a tag which was used is
// never free again, and that a duplicate of a tag in flight takes its answer away.
func TestOriginal(t *testing.T) {
	dir := filepath.Join("..", "..", "conformance", "adapters", "python-cs-packetstream")
	r, err := campaign.Campaign{Starter: originaltest.Process(t, dir, "20211208"), Seed: 1, Inputs: 400, Tries: 150}.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	packets := map[string]int{}
	for _, f := range r.Findings {
		packets[f.Signature] = len(input.Frames(f.Input))
	}
	for _, signature := range []string{"TAG-3 no answer open", "TAG-5 no answer open"} {
		if n := packets[signature]; n == 0 || n > 3 {
			t.Errorf("%s: found in %d packets, expected from 1 to 3; found were %v", signature, n, packets)
		}
	}
}

package campaign_test

import (
	"path/filepath"
	"testing"

	"github.com/packetspec/packetspec/fuzz/campaign"
	"github.com/packetspec/packetspec/fuzz/input"
	"github.com/packetspec/packetspec/internal/subjecttest"
)

// TestOriginal finds two known defects of the original: a used tag never becomes free again, and a
// duplicate of a tag in flight loses the first request's answer.
func TestOriginal(t *testing.T) {
	dir := filepath.Join("..", "..", "conformance", "adapters", "python-cs-packetstream")
	original := subjecttest.Original(t, dir, "20211208")
	packets := map[string]int{}
	runUntil(t, campaign.Campaign{Starter: original, Seed: 1, Inputs: 2000, Minimize: 400}, func(f *campaign.Finding) bool {
		packets[f.Signature] = len(input.Frames(f.Input))
		return packets[freed] > 0 && packets[kept] > 0
	})
	for _, signature := range []string{freed, kept} {
		if n := packets[signature]; n == 0 || n > 3 {
			t.Errorf("%s: found in %d packets, expected from 1 to 3; found were %v", signature, n, packets)
		}
	}
}

const (
	freed = "TAG-3 no answer open"
	kept  = "TAG-5 no answer open"
)

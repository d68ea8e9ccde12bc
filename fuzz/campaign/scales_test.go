package campaign

import "testing"

// TestScale tells once of what weighs more than it may, above what it weighed first.
func TestScale(t *testing.T) {
	var s scale
	for i, c := range []struct {
		weight int64
		over   bool
	}{{100, false}, {90, false}, {110, false}, {111, true}, {200, false}} {
		if got := s.isOver(c.weight, 10); got != c.over {
			t.Errorf("weighed %d at time %d: got %t, expected %t", c.weight, i+1, got, c.over)
		}
	}
}

package steps

import "testing"

// TestGrowth tells a leak from a heap that is collected late, by the weighings at the end.
func TestGrowth(t *testing.T) {
	const mib = 1 << 20
	for name, c := range map[string]struct {
		grown           func(passed int64) int64
		small, levelled bool
	}{
		"nothing is kept":                 {func(int64) int64 { return 20 * mib }, true, true},
		"everything is kept":              {func(passed int64) int64 { return passed }, false, false},
		"a little more than half is kept": {func(passed int64) int64 { return passed * 5 / 8 }, false, false},
		"a heap of 500 MiB fills up":      {func(passed int64) int64 { return min(2*passed, 500*mib) }, false, true},
		"a leak that doubles its room": {func(passed int64) int64 {
			room := int64(4 * mib)
			for room < passed {
				room *= 2
			}
			return room
		}, false, false},
	} {
		var g growth
		for passed := int64(4 * mib); passed <= 768*mib; passed += passed / 4 {
			g.add(passed, c.grown(passed))
		}
		check(t, name+": is small", g.isSmall(), c.small)
		check(t, name+": has levelled off", g.hasLevelledOff(), c.levelled)
	}
}

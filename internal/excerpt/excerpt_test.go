package excerpt_test

import (
	"slices"
	"strconv"
	"testing"

	"github.com/packetspec/packetspec/internal/excerpt"
)

// An excerpt has all lines of a short list, and both ends of a long one.
func TestOf(t *testing.T) {
	var all []string
	for i := range 20 + 40 {
		all = append(all, strconv.Itoa(i))
	}
	for n := range len(all) + 1 {
		if got := excerpt.Of(all[:n]); !slices.Equal(got, all[:n]) {
			t.Errorf("of %d lines: %q, expected all", n, got)
		}
	}
	long := slices.Concat(all[:20], []string{"a", "b", "c"}, all[20:])
	want := slices.Concat(all[:20], []string{"… 3 packets more …"}, all[20:])
	if got := excerpt.Of(long); !slices.Equal(got, want) {
		t.Errorf("got %q\nexpected %q", got, want)
	}
}

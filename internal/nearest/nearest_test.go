package nearest_test

import (
	"strings"
	"testing"

	"github.com/packetspec/packetspec/internal/nearest"
)

func TestNames(t *testing.T) {
	for _, c := range []struct {
		name, names string
		n           int
		want        string
	}{
		{"jsn", "text json", 1, "json"},
		{"", "text", 1, "text"},
		{"eof-twise", "tag-twice eof-early eof-twice", 1, "eof-twice"},
		{"twice-eof", "tag-twice eof-early eof-twice", 1, "eof-twice"},
		{"tags/no-such", "tick/the-sender-ticks tags/a-tag-is-used", 1, "tags/a-tag-is-used"},
		{"2020", "2024 2021", 2, "2024 2021"},
		{"b", "a b c", 2, "b a"},
		{"x", "a b", 5, "a b"},
		{"x", "", 5, ""},
	} {
		if got := strings.Join(nearest.Names(c.name, strings.Fields(c.names), c.n), " "); got != c.want {
			t.Errorf("%q among %s: got %q, expected %q", c.name, c.names, got, c.want)
		}
	}
}

// A name of any length is compared at once.
func TestNamesOfAHugeName(t *testing.T) {
	names := make([]string, 1000)
	for i := range names {
		names[i] = strings.Repeat("a-", i%50)
	}
	names[999] = "abc"
	if got := nearest.Names("abc"+strings.Repeat("-", 10<<20), names, 1000); len(got) != 1000 {
		t.Errorf("got %d names, expected 1000", len(got))
	}
}

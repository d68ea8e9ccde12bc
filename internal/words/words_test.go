package words_test

import (
	"strings"
	"testing"

	"github.com/packetspec/packetspec/internal/words"
)

func TestJoin(t *testing.T) {
	for list, want := range map[string]string{"": "", "a": "a", "a b": "a or b", "a b c d": "a, b, c or d"} {
		if got := words.Join(strings.Fields(list), "or"); got != want {
			t.Errorf("%q: got %q, expected %q", list, got, want)
		}
	}
}

func TestCount(t *testing.T) {
	for n, want := range []string{"0 runs", "1 run", "2 runs"} {
		if got := words.Count(n, "run"); got != want {
			t.Errorf("got %q, expected %q", got, want)
		}
	}
	if got, want := words.Were(1, "run")+", "+words.Were(2, "run"), "1 run was, 2 runs were"; got != want {
		t.Errorf("got %q, expected %q", got, want)
	}
}

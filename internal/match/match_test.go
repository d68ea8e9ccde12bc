package match_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/packetspec/packetspec/internal/match"
)

// names returns the words of a thing: its first is an id.
func names(thing string) match.Names {
	words := strings.Fields(thing)
	return match.Names{IDs: words[:1], Others: words[1:]}
}

func TestAny(t *testing.T) {
	all := []string{"A-1 one", "A-10 ten", "B-1 one-more", "B-2"}
	for _, c := range []struct{ values, want string }{
		{"", ""},
		{"A-1", "A-1 one"},
		{"^A-1", "A-1 one, A-10 ten"},
		{"one", "A-1 one, B-1 one-more"},
		{"^one$ B-2", "A-1 one, B-2"},
		{"A-1 A-10", "A-1 one, A-10 ten"},
	} {
		matches, err := match.Any("--flag", strings.Fields(c.values), all, names)
		if err != nil {
			t.Fatal(err)
		}
		matched := slices.DeleteFunc(slices.Clone(all), func(thing string) bool { return !matches(thing) })
		if got := strings.Join(matched, ", "); got != c.want {
			t.Errorf("%q: matched %q, expected %q", c.values, got, c.want)
		}
	}
}

func TestAnyWithAMistake(t *testing.T) {
	var nothing *match.NothingError
	_, err := match.Any("--flag", []string{"one", "two"}, []string{"A-1 one"}, names)
	if !errors.As(err, &nothing) || nothing.Flag != "--flag" || nothing.Value != "two" {
		t.Errorf("got the error %v, expected one about two", err)
	}
	if _, err = match.Any("--flag", []string{"("}, []string{"A-1 one"}, names); err == nil || !strings.Contains(err.Error(), `--flag is "(": it must be a regular expression`) {
		t.Errorf("got the error %v", err)
	}
}

package adapter

import (
	"fmt"
	"io"
	"strings"
	"testing"
)

func TestTail(t *testing.T) {
	line := strings.Repeat("x", 99) + "\n"
	for name, c := range map[string]struct {
		writes []string
		after  int64 // what came before it is not asked for
		want   string
	}{
		"nothing":                        {nil, 0, ""},
		"lines":                          {[]string{"one\n", "two\n"}, 0, "one\ntwo\n"},
		"a line without its end":         {[]string{"one\ntw"}, 0, "one\ntw"},
		"what came after so many octets": {[]string{"one\n", "two\n"}, 4, "two\n"},
		"what came after all of it":      {[]string{"one\n"}, 4, ""},
		"what is yet to come":            {[]string{"one\n"}, 9, ""},
		"as much as is kept":             {[]string{strings.Repeat("y", tailSize)}, 0, strings.Repeat("y", tailSize)},
		"cut at the start of a line":     {[]string{strings.Repeat(line, 90)}, 0, "…\n" + strings.Repeat(line, 81)},
		"cut in one long line":           {[]string{strings.Repeat("y", tailSize+1)}, 0, "…\n" + strings.Repeat("y", tailSize)},
		"cut, but not what is asked for": {[]string{strings.Repeat(line, 90), "last words"}, 9000, "last words"},
	} {
		t.Run(name, func(t *testing.T) {
			tail := newTail(io.MultiReader())
			for _, w := range c.writes {
				if n, err := tail.Write([]byte(w)); n != len(w) || err != nil {
					t.Fatalf("Write: got %d, %v", n, err)
				}
			}
			if got := tail.since(c.after); got != c.want {
				t.Errorf("got %s, expected %s", short(got), short(c.want))
			}
			total, ok := tail.total()
			if want := int64(len(strings.Join(c.writes, ""))); total != want || !ok {
				t.Errorf("total: got %d, %t, expected %d", total, ok, want)
			}
		})
	}
}

func short(s string) string {
	if len(s) > 40 {
		return fmt.Sprintf("%q … (%d octets)", s[:40], len(s))
	}
	return fmt.Sprintf("%q", s)
}

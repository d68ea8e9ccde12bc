package adapter

import (
	"io"
	"strings"
	"testing"
)

func TestTranscript(t *testing.T) {
	line := strings.Repeat("x", 99) + "\n"
	many := strings.Repeat(line, 200)
	for name, c := range map[string]struct{ before, after, want string }{
		"nothing":                    {"", "", ""},
		"nothing since the mark":     {"one\n", "", ""},
		"lines":                      {"", "one\ntwo", "one\ntwo"},
		"lines since the mark":       {many, "one\ntwo\n", "one\ntwo\n"},
		"as much as is kept":         {"", strings.Repeat("y", headSize) + strings.Repeat("z", tailSize), strings.Repeat("y", headSize) + strings.Repeat("z", tailSize)},
		"cut between lines":          {line, "first\n" + many + "last\n", "first\n" + many[:4000-1] + "\n… (7901 more bytes) …\n" + many[:8100] + "last\n"},
		"cut in one long line":       {"", strings.Repeat("y", 3*tailSize), strings.Repeat("y", headSize) + "\n… (12288 more bytes) …\n" + strings.Repeat("y", tailSize)},
		"cut, and the end is a line": {"", strings.Repeat("y", 3*tailSize-1) + "\n", strings.Repeat("y", headSize) + "\n… (12288 more bytes) …\n" + strings.Repeat("y", tailSize-1) + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newTranscript(io.MultiReader())
			<-s.ended
			for i, text := range []string{c.before, c.after} {
				if i == 1 {
					s.mark()
				}
				for len(text) > 0 { // in small writes
					n := min(len(text), 77)
					if n, err := s.Write([]byte(text[:n])); n > 77 || err != nil {
						t.Fatalf("Write: got %d, %v", n, err)
					}
					text = text[n:]
				}
			}
			if got := s.String(); got != c.want {
				t.Errorf("got %d bytes, %.30q … %q, expected %d", len(got), got, got[max(0, len(got)-30):], len(c.want))
			}
			total, ok := s.total()
			if want := int64(len(c.before + c.after)); total != want || !ok {
				t.Errorf("total: got %d, %t, expected %d", total, ok, want)
			}
		})
	}
}

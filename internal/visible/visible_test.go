package visible_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/packetspec/packetspec/internal/visible"
)

func TestLine(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "",
		"plain text, ünï→😀 　\u00a0":     "plain text, ünï→😀 　\u00a0",
		"a\nFAIL     must  x/y":         `a\nFAIL     must  x/y`,
		"\x1b[2J\x00\a\r\t\v\x7f":       `\x1b[2J\x00\x07\r\t\x0b\x7f`,
		"C1: \u009b31m \u0085":          `C1: \u009b31m \u0085`,
		"not UTF-8: \xff\xc3(":          `not UTF-8: \xff\xc3(`,
		"bidi: \u202e\u2066\u200f":      `bidi: \u202e\u2066\u200f`,
		"separators: \u2028\u2029":      `separators: \u2028\u2029`,
		"tags: \U000e0001, BOM: \ufeff": `tags: \U000e0001, BOM: \ufeff`,
		`written out: \x1b`:             `written out: \x1b`,
	} {
		if got := visible.Line(text); got != want {
			t.Errorf("%q: got %q, expected %q", text, got, want)
		}
		if got := visible.Line(want); got != want {
			t.Errorf("%q again: got %q, expected no change", want, got)
		}
	}
	long := visible.Line("head" + strings.Repeat("\x00", 50<<20) + "tail")
	if len(long) > 20<<10 || !strings.HasPrefix(long, `head\x00`) || !strings.HasSuffix(long, `\x00tail`) || !strings.Contains(long, "… (52424712 more bytes) …") {
		t.Errorf("50 MiB: got %d bytes: %.20s … %s", len(long), long, long[len(long)-20:])
	}
}

func TestBlock(t *testing.T) {
	for text, want := range map[string]string{
		"":                      "",
		"one\n":                 "one",
		"\tone\x1b\n\n two\r\n": "\tone\\x1b\n\n two\\r",
	} {
		if got := visible.Block(text); got != want {
			t.Errorf("%q: got %q, expected %q", text, got, want)
		}
	}
}

func TestCut(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"12345678", "12345678"},
		{"123456789", "123456… (1 more bytes) …89"},
		{"ééééééé", "ééé… (6 more bytes) …é"},
		{"1😀😀😀x", "1😀… (8 more bytes) …x"},
		{"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80", "\x80\x80\x80… (7 more bytes) …"},
	} {
		if got := visible.Cut(c.text, 8); got != c.want {
			t.Errorf("%q: got %q, expected %q", c.text, got, c.want)
		}
	}
	if long := visible.Cut(strings.Repeat("語", 1000), 100); !utf8.ValidString(long) {
		t.Errorf("got %q, expected whole characters", long)
	}
}

// Package visible prepares foreign text, such as a name or a message of an adapter, for people:
// what it returns cannot control a terminal, or imitate a line of a report.
package visible

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// lineBytes bounds the bytes of text that one line shows. It leaves room for an excerpt of
// forty packets.
const lineBytes = 4 << 10

// Line returns text as one line of at most about four KiB. It shows line breaks and every other
// character that is not graphic as the escapes of Go and C, such as \n and \x1b, and likewise
// each byte that is not UTF-8. A long text loses its middle, as by [Cut].
func Line(text string) string { return escape(Cut(text, lineBytes), "") }

// Block returns text of several lines, without line breaks at its end. Each line is as [Line]
// returns it, except that tabs stay.
func Block(text string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i, line := range lines {
		lines[i] = escape(Cut(line, lineBytes), "\t")
	}
	return strings.Join(lines, "\n")
}

// Cut returns text unchanged if it has at most the given number of bytes. From a longer one it
// returns the first three quarters of that number, a count of the bytes left out, and the last
// quarter. It does not cut inside a character.
func Cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	head, tail := most-most/4, len(text)-most/4
	for i := 1; i < utf8.UTFMax && head > 0 && !utf8.RuneStart(text[head]); i++ {
		head--
	}
	for i := 1; i < utf8.UTFMax && tail < len(text) && !utf8.RuneStart(text[tail]); i++ {
		tail++
	}
	return fmt.Sprintf("%s… (%d more bytes) …%s", text[:head], tail-head, text[tail:])
}

// escape returns text with an escape in the place of each character that is neither graphic nor
// among those to keep.
func escape(text, keep string) string {
	var out strings.Builder
	for len(text) > 0 {
		r, n := utf8.DecodeRuneInString(text)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&out, `\x%02x`, text[0])
		case unicode.IsGraphic(r) || strings.ContainsRune(keep, r):
			out.WriteString(text[:n])
		case r == '\n':
			out.WriteString(`\n`)
		case r == '\r':
			out.WriteString(`\r`)
		case r == '\t':
			out.WriteString(`\t`)
		case r < utf8.RuneSelf:
			fmt.Fprintf(&out, `\x%02x`, r)
		case r <= 0xffff:
			fmt.Fprintf(&out, `\u%04x`, r)
		default:
			fmt.Fprintf(&out, `\U%08x`, r)
		}
		text = text[n:]
	}
	return out.String()
}

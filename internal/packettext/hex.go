// Package packettext reads octets written in hex, and reads and writes packets as JSON lines. Its
// errors show people the place of a mistake, the text there and what they probably meant.
package packettext

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	chunk = 64 << 10 // bytes read from a stream at a time
	shown = 40       // bytes of a text that an error quotes
)

// byteOrderMark is U+FEFF in UTF-8, with which some editors begin a file.
const byteOrderMark = "\ufeff"

// A HexReader reads octets written in hex: two digits per octet, in either case, with white space
// anywhere. A Read returns as soon as it has an octet, and never waits for more. One goroutine at
// a time may use it.
type HexReader struct {
	r       io.Reader
	buf     []byte
	text    []byte // the part of buf that is not decoded yet
	err     error  // ends the octets once text is empty
	started bool
	source  string   // what r reads, for places
	args    []string // whose lines r delivers; nil for a stream

	line, column int // of the next character, from 1
	lineDigits   int // on this line, before column
	oddLine      int // the first line with an odd number of digits, or 0
	high         int // the first digit of an octet whose second has not come, or -1
	octets       int64
	starts       []start // of the lines that Place can return
}

// A start says which octet is the first of a line.
type start struct {
	octet int64
	line  int
}

// NewHexReader returns a reader of the hex that r delivers from the standard input.
func NewHexReader(r io.Reader) *HexReader { return NewHexFile("standard input", r) }

// NewHexFile returns a reader of the hex that r delivers from a file with a name.
func NewHexFile(name string, r io.Reader) *HexReader {
	return &HexReader{r: r, source: name, buf: make([]byte, chunk), line: 1, column: 1, high: -1}
}

// NewHexArguments returns a reader of the hex in arguments of a command. Its places are arguments
// instead of lines.
func NewHexArguments(args []string) *HexReader {
	lines := make([]string, len(args))
	for i, arg := range args {
		lines[i] = strings.ReplaceAll(arg, "\n", " ")
	}
	h := NewHexReader(strings.NewReader(strings.Join(lines, "\n")))
	h.args = slices.Clone(args)
	return h
}

// A HexError reports text that is not hex.
type HexError struct {
	Place  string // the line or the argument
	Column int    // of the character, in bytes from 1; 0 if the number of digits is odd
	Found  string // the character, quoted
	Word   string // the text without white space around the character, at most 1 KiB
}

// Error returns the place, the text found there and what is allowed.
func (e *HexError) Error() string {
	const allowed = "an octet is two hex digits, 0-9 and a-f"
	if e.Column == 0 {
		return fmt.Sprintf("%s has an odd number of hex digits: %s", e.Place, allowed)
	}
	return fmt.Sprintf("%s, column %d: %s is not a hex digit: %s", e.Place, e.Column, e.Found, allowed)
}

// Read reads octets. The error is a [*HexError], or the error of the underlying reader.
func (h *HexReader) Read(b []byte) (n int, err error) {
	for n == 0 && len(b) > 0 {
		if err := h.fill(); err != nil {
			return 0, err
		}
		n = h.decode(b)
	}
	return n, nil
}

// fill reads text if there is none. It returns the error that ends the octets.
func (h *HexReader) fill() error {
	for len(h.text) == 0 {
		if errors.Is(h.err, io.EOF) && h.high >= 0 {
			h.endLine()
			h.err = &HexError{Place: h.name(h.oddLine)}
		}
		if h.err != nil {
			return h.err
		}
		var n int
		n, h.err = h.r.Read(h.buf)
		h.text = h.buf[:n]
		if n > 0 && !h.started {
			h.text = bytes.TrimPrefix(h.text, []byte(byteOrderMark))
			h.started = true
		}
	}
	return nil
}

// decode decodes text into b until one of them is used up, or until text is not hex.
func (h *HexReader) decode(b []byte) (n int) {
	for i, c := range h.text {
		digit := int(digits[c])
		switch {
		case digit >= 0 && h.high >= 0:
			b[n] = byte(h.high<<4 | digit)
			n++
			h.octets++
			h.high = -1
			h.lineDigits++
		case digit >= 0:
			if n == len(b) {
				h.text = h.text[i:]
				return n
			}
			if last := len(h.starts) - 1; last < 0 || h.starts[last].line != h.line {
				h.starts = append(h.starts, start{h.octets, h.line})
			}
			h.high = digit
			h.lineDigits++
		case c == '\n':
			h.endLine()
			continue
		case c != ' ' && c != '\t' && c != '\r':
			h.err = &HexError{Place: h.name(h.line), Column: h.column, Found: character(h.text[i:]), Word: around(h.text, i)}
			h.text = nil
			return n
		}
		h.column++
	}
	h.text = nil
	return n
}

// endLine begins the next line.
func (h *HexReader) endLine() {
	if h.lineDigits%2 == 1 && h.oddLine == 0 {
		h.oddLine = h.line
	}
	h.line++
	h.column, h.lineDigits = 1, 0
}

// Place returns the line or the argument on which the octet with an offset begins, or the last one
// that has an octet. The offset must not be before one that was passed to Forget or Place earlier.
func (h *HexReader) Place(octet int64) string {
	h.Forget(octet)
	if len(h.starts) == 0 {
		return h.name(1)
	}
	return h.name(h.starts[0].line)
}

// Odd returns the first line or argument before the one that is being read that has an odd number of
// digits, and "" if there is none. All octets after it are probably wrong.
func (h *HexReader) Odd() string {
	if h.oddLine == 0 {
		return ""
	}
	return h.name(h.oddLine)
}

// Forget releases the memory about lines that end before an octet.
func (h *HexReader) Forget(octet int64) {
	for len(h.starts) > 1 && h.starts[1].octet <= octet {
		h.starts = h.starts[1:]
	}
}

// name returns the name of a line.
func (h *HexReader) name(line int) string {
	if line > len(h.args) {
		return fmt.Sprintf("%s, line %d", h.source, line)
	}
	return fmt.Sprintf("argument %d (%q)", line, cut(h.args[line-1]))
}

// digits holds the value of each hex digit, and -1 for every other byte.
var digits = func() (values [256]int8) {
	for c := range values {
		values[c] = -1
	}
	for v, c := range []byte("0123456789abcdef") {
		values[c] = int8(v)
	}
	for v, c := range []byte("ABCDEF") {
		values[c] = int8(10 + v)
	}
	return values
}()

// character returns the first character of a text for people.
func character(text []byte) string {
	r, size := utf8.DecodeRune(text)
	if r == utf8.RuneError && size <= 1 {
		return fmt.Sprintf("the byte 0x%02x", text[0])
	}
	return strconv.Quote(string(r))
}

// around returns the text around an index, up to white space, at most 1 KiB.
func around(text []byte, at int) string {
	begin := bytes.LastIndexAny(text[:at], " \t\r\n") + 1
	begin = max(begin, at-512)
	end := len(text)
	if i := bytes.IndexAny(text[at:], " \t\r\n"); i >= 0 {
		end = at + i
	}
	return string(text[begin:min(end, at+512)])
}

// cut returns a text, or its beginning if it is longer than an error shows.
func cut(text string) string {
	if len(text) <= shown {
		return text
	}
	return strings.ToValidUTF8(text[:shown], "") + "…"
}

// Clean returns the hex that a person may have meant by a text with 0x, \x, commas, colons or the
// like, as programs and languages write octets. It reports whether there is any.
func Clean(text string) (clean string, ok bool) {
	text = strings.ToLower(text)
	for _, prefix := range []string{"0x", `\x`, "b'", `b"`} {
		text = strings.ReplaceAll(text, prefix, " ")
	}
	words := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \t\r\n,:;-_.'\"[]{}()", r) })
	for i, w := range words {
		if len(w)%2 == 1 && len(words) > 1 {
			words[i] = "0" + w // as in 0x3, 0x0
		}
	}
	clean = strings.Join(words, "")
	_, err := hex.DecodeString(clean)
	return clean, err == nil && clean != ""
}

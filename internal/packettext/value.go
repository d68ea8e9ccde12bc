package packettext

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/packetspec/packetspec/internal/hint"
	"github.com/packetspec/packetspec/reference"
)

// A kind is the type of a JSON value.
type kind int

const (
	null kind = iota
	boolean
	number
	text
	word      // that JSON does not have, such as True
	composite // an object or a list
)

// A value is a JSON value other than a payload.
type value struct {
	kind kind
	text string // of a string, its contents; of a composite, its type
}

// String returns the value for people.
func (v value) String() string {
	switch v.kind {
	case text:
		return strconv.Quote(cut(v.text))
	case word:
		return strconv.Quote(cut(v.text)) + ", which is no value in JSON"
	}
	return cut(v.text)
}

// value reads a value. Of an object or a list it reads nothing.
func (j *JSONReader) value() (value, error) {
	c, _ := j.peek()
	switch c {
	case '"':
		s, err := j.text()
		return value{text, s}, err
	case '{':
		return value{composite, "an object"}, nil
	case '[':
		return value{composite, "a list"}, nil
	}
	var token []byte
	for len(token) < maxToken {
		c, ok := j.peek()
		if !ok || strings.IndexByte(" \t\r\n,:{}[]\"", c) >= 0 {
			break
		}
		token = append(token, c)
		j.take()
	}
	switch s := string(token); {
	case s == "":
		return value{}, j.syntax("a value")
	case s == "null":
		return value{null, s}, nil
	case s == "true" || s == "false":
		return value{boolean, s}, nil
	case json.Valid(token):
		return value{number, s}, nil
	default:
		return value{word, s}, nil
	}
}

// text reads a string other than a payload. Of a string that is too long it returns the beginning.
func (j *JSONReader) text() (string, error) {
	column := j.column + 1
	raw := []byte{'"'}
	j.take()
	for escaped := false; ; {
		c, ok := j.peek()
		if !ok || c == '\n' {
			return "", j.syntax(`the end of a string, "\""`)
		}
		if len(raw) == maxToken && !escaped {
			return strings.ToValidUTF8(string(raw[1:]), "\ufffd"), nil // an error, whatever follows
		}
		raw = append(raw, c)
		j.take()
		if c == '"' && !escaped {
			break
		}
		escaped = c == '\\' && !escaped
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return "", hint.Add(fmt.Errorf("at column %d: not a string in JSON: %w", column, err), "%s", AppendJSON(nil, example))
	}
	return s, nil
}

// integer returns the value of an integer field.
func (v value) integer(name string) (uint64, error) {
	decimal := strings.TrimPrefix(v.text, "-")
	whole := decimal != "" && strings.Trim(decimal, "0123456789") == ""
	n, err := strconv.ParseUint(decimal, 10, 64)
	switch {
	case !whole || v.kind != text:
		return 0, hint.Add(fmt.Errorf("%s is %s: a protocol integer is a string of decimal digits, like \"300\"", name, v), "%q:%q", name, meant(v))
	case decimal != v.text:
		return 0, hint.Add(fmt.Errorf("%s is %s: it must not be negative", name, v), "%q:%q", name, cut(decimal))
	case err != nil || n > reference.MaxInteger:
		return 0, hint.Add(fmt.Errorf("%w: %s %s is above 2^61-1", reference.ErrRange, name, cut(decimal)), "the largest is \"%d\"", uint64(reference.MaxInteger))
	}
	return n, nil
}

// meant returns the decimal digits that a person may have meant by a value.
func meant(v value) string {
	s := strings.NewReplacer("_", "", ",", "", " ", "", "+", "").Replace(strings.ToLower(v.text))
	if n, err := strconv.ParseUint(s, 10, 64); err == nil {
		return strconv.FormatUint(n, 10)
	}
	if n, err := strconv.ParseUint(s, 0, 64); err == nil { // 0x12
		return strconv.FormatUint(n, 10)
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil && f >= 0 && f < 1<<53 {
		return strconv.FormatUint(uint64(f), 10)
	}
	return "300"
}

// octets reads a payload.
func (j *JSONReader) octets() (octets []byte, err error) {
	j.take()
	begin, high := j.column, -1
	for {
		if high < 0 {
			octets = j.pairs(octets)
		}
		c, ok := j.peek()
		digit := int(digits[c])
		if c == '\\' {
			digit = j.escaped()
		}
		switch {
		case !ok || c == '\n':
			return nil, j.syntax(`the end of a string, "\""`)
		case c == '"' && high >= 0:
			return nil, hint.Add(fmt.Errorf("payload has %d hex digits, an odd number: octets are a string of hex digits, two per octet", j.column-begin),
				"one digit is missing, or one is too many")
		case c == '"':
			j.take()
			return octets, nil
		case digit < 0:
			return nil, j.notHex(octets, high, j.column+1-begin)
		case len(octets) >= maxPayload:
			return nil, hint.Add(fmt.Errorf("payload is longer than %d octets, which is the most that encode accepts", maxPayload),
				"decode accepts packets of at most %d octets", MaxPacket)
		case high < 0:
			high = digit
		default:
			octets = append(octets, byte(high<<4|digit))
			high = -1
		}
		j.take()
	}
}

// pairs appends the octets whose digits are in the buffer to octets, for speed.
func (j *JSONReader) pairs(octets []byte) []byte {
	text, _ := j.r.Peek(j.r.Buffered())
	n := 0
	for n < len(text) && digits[text[n]] >= 0 {
		n++
	}
	n -= n % 2
	octets, _ = hex.AppendDecode(octets, text[:n])
	_, _ = j.r.Discard(n)
	j.column += n
	return octets
}

// escaped returns the hex digit of an escape such as \u0061, or -1. It leaves the last character
// of the escape to take.
func (j *JSONReader) escaped() int {
	escape, err := j.r.Peek(len(`\u0061`))
	if err != nil {
		return -1
	}
	code, err := hex.DecodeString(strings.TrimPrefix(string(escape), `\u`))
	if err != nil || len(code) != 2 || code[0] != 0 || digits[code[1]] < 0 {
		return -1
	}
	_, _ = j.r.Discard(len(escape) - 1)
	j.column += len(escape) - 1
	return int(digits[code[1]])
}

// notHex returns the error of a payload that has a character that is not a hex digit after these
// octets and, if high is not negative, one digit more.
func (j *JSONReader) notHex(octets []byte, high, at int) error {
	rest, _ := j.r.Peek(j.r.Buffered())
	err := fmt.Errorf("payload has %s as its character %d: octets are a string of hex digits, two per octet", character(rest), at)
	ends := bytes.IndexByte(rest, '"')
	if ends < 0 || len(octets)+ends > shown {
		return hint.Add(err, "%q:%q", payload, "68656c6c6f")
	}
	whole := hex.AppendEncode(nil, octets)
	if high >= 0 {
		whole = strconv.AppendInt(whole, int64(high), 16)
	}
	whole = append(whole, rest[:ends]...)
	if clean, ok := Clean(string(whole)); ok {
		return hint.Add(err, "%q:%q", payload, clean)
	}
	return hint.Add(err, "the text %s is \"%s\" in hex", strconv.Quote(string(whole)), hex.EncodeToString(whole))
}

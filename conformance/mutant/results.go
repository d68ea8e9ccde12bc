package mutant

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// A tuple holds several values returned by a handler.
type tuple []any

// An answer holds the contents of the response to a request.
type answer struct {
	ok      bool
	flags   *big.Int
	payload []byte
	silent  bool // a fault sends no response
}

// success returns the answer of a handler that returned.
func success(flags *big.Int, payload []byte) answer {
	return answer{ok: true, flags: flags, payload: payload}
}

// failure returns the answer of a handler that raised, or of a refusal.
func failure(message string) answer { return answer{flags: zero, payload: []byte(message)} }

// asPacketFlags returns an answer whose ok bit is the lowest of the flags, as in a packet.
func asPacketFlags(flags *big.Int, payload []byte) answer {
	return answer{ok: flags.Bit(0) == 1, flags: new(big.Int).Rsh(flags, 1), payload: payload}
}

// answerOf returns the answer to a request whose handler returned result or raised err.
func (c *connection) answerOf(p packet, result any, err error) answer {
	if err != nil {
		return c.answerError(err)
	}
	switch v := result.(type) {
	case nil:
		return c.answerNone(p)
	case *big.Int:
		if v.Sign() >= 0 {
			return c.answerFlags(p, v)
		}
	case []byte:
		return c.answerBytes(p, v)
	case string:
		flags := zero
		if c.has("text-echoes-flags") {
			flags = p.flags
		}
		return success(flags, c.textPayload(v))
	case tuple:
		if flags, octets, ok := asPair(v); ok {
			return c.answerBoth(flags, octets)
		}
	}
	return c.answerInvalid(result)
}

// asPair returns the flags and octets in a tuple, and whether it is a valid result.
func asPair(t tuple) (flags *big.Int, octets []byte, ok bool) {
	if len(t) != 2 {
		return nil, nil, false
	}
	flags, isFlags := t[0].(*big.Int)
	octets, isOctets := t[1].([]byte)
	return flags, octets, isFlags && isOctets && flags.Sign() >= 0
}

func (c *connection) answerError(err error) answer {
	switch {
	case c.has("raise-silence"), c.has("raise-without-message-silence") && err.Error() == "":
		return answer{silent: true}
	case c.has("raise-ok"):
		return success(zero, []byte(err.Error()))
	case c.has("raise-ends-stream"):
		c.change(func() { c.end(byMalformedPacket) })
	case c.has("raise-stops-handling"):
		c.change(func() { c.handlerStopped = true })
	case c.has("raise-crashes"):
		panic(err)
	}
	return failure(err.Error())
}

func (c *connection) answerNone(p packet) answer {
	switch {
	case c.has("none-silence"):
		return answer{silent: true}
	case c.has("none-fails"):
		return failure("nothing was returned")
	case c.has("none-echoes-payload"):
		return success(zero, p.payload)
	case c.has("none-echoes-flags"):
		return success(p.flags, nil)
	case c.has("none-as-text"):
		return success(zero, []byte("None"))
	}
	return success(zero, nil)
}

func (c *connection) answerFlags(p packet, flags *big.Int) answer {
	flags = c.keepBits(c.keepBits(flags, 4, "flags-in-4-bits"), 32, "flags-in-32-bits")
	switch {
	case c.has("flags-as-text"):
		return success(zero, []byte(flags.String()))
	case c.has("flags-0-fail") && flags.Sign() == 0:
		return failure("")
	case c.has("flags-as-packet-flags"):
		return asPacketFlags(flags, nil)
	case c.has("flags-echo-payload"):
		return success(flags, p.payload)
	}
	return success(flags, nil)
}

func (c *connection) answerBytes(p packet, octets []byte) answer {
	octets = c.keepOctets(octets, 65535, "octets-cut-at-65535")
	switch {
	case c.has("octets-none-fail") && len(octets) == 0:
		return failure("")
	case c.has("octets-echo-flags"):
		return success(p.flags, octets)
	case c.has("octets-as-text"):
		return success(zero, fromLatin1(octets))
	case c.has("octets-quoted"):
		return success(zero, []byte(c.pythonLiteral(octets)))
	}
	return success(zero, octets)
}

func (m mutant) textPayload(text string) []byte {
	switch {
	case m.has("text-in-utf-16"):
		return inUTF16(text)
	case m.has("text-in-cesu-8"):
		return inCESU8(text)
	case m.has("text-in-latin-1"):
		return inLatin1(text)
	case m.has("text-with-nul"):
		return append([]byte(text), 0)
	case m.has("text-quoted"):
		return []byte(strconv.Quote(text))
	case m.has("text-length-in-characters"):
		return []byte(text)[:utf8.RuneCountInString(text)]
	case m.has("surrogate-as-it-is"):
		return []byte(text)
	case m.has("surrogate-as-replacement"):
		return asText([]byte(text))
	}
	return withSurrogateReferences(text)
}

func (c *connection) answerBoth(flags *big.Int, octets []byte) answer {
	switch {
	case c.has("both-without-flags"):
		return success(zero, octets)
	case c.has("both-without-octets"):
		return success(flags, nil)
	case c.has("both-without-flags-if-no-octets") && len(octets) == 0:
		return success(zero, nil)
	case c.has("both-without-octets-if-flags-0") && flags.Sign() == 0:
		return success(flags, nil)
	case c.has("both-flags-as-packet-flags"):
		return asPacketFlags(flags, octets)
	}
	return success(flags, octets)
}

// answerInvalid returns the answer to a result of none of the five kinds.
func (c *connection) answerInvalid(result any) answer {
	t, isTuple := result.(tuple)
	v, isInteger := result.(*big.Int)
	switch {
	case c.has("invalid-silence"):
		return answer{silent: true}
	case c.has("invalid-ok"):
		return success(zero, nil)
	case c.has("invalid-ends-stream"):
		c.change(func() { c.end(byMalformedPacket) })
	case isTuple && len(t) == 3 && c.has("invalid-third-value-dropped"):
		return success(t[0].(*big.Int), t[1].([]byte))
	case isTuple && len(t) == 2 && c.has("invalid-text-beside-flags-sent"):
		return success(t[0].(*big.Int), []byte(t[1].(string)))
	case isTuple && len(t) == 2 && c.has("invalid-text-beside-flags-silence"):
		return answer{silent: true}
	case isInteger && c.has("invalid-negative-absolute"):
		return success(new(big.Int).Abs(v), nil)
	case isInteger && c.has("invalid-negative-in-64-bits"):
		return success(lowBits(v, 64), nil)
	}
	return failure("the handler returned an invalid result")
}

func isASCII(octets []byte) bool {
	return !slices.ContainsFunc(octets, func(b byte) bool { return b >= utf8.RuneSelf })
}

// asText returns octets as UTF-8, with a replacement character for what is invalid.
func asText(octets []byte) []byte { return bytes.ToValidUTF8(octets, []byte("\uFFFD")) }

// fromLatin1 converts octets from Latin-1 to UTF-8.
func fromLatin1(octets []byte) (converted []byte) {
	for _, b := range octets {
		converted = utf8.AppendRune(converted, rune(b))
	}
	return converted
}

// inLatin1 returns one octet for each character, even where Latin-1 lacks the character.
func inLatin1(text string) (octets []byte) {
	for _, r := range text {
		octets = append(octets, byte(r))
	}
	return octets
}

func inUTF16(text string) (octets []byte) {
	for _, unit := range utf16.Encode([]rune(text)) {
		octets = binary.BigEndian.AppendUint16(octets, unit)
	}
	return octets
}

// inCESU8 encodes each surrogate of UTF-16 on its own, in three octets.
func inCESU8(text string) (octets []byte) {
	for _, unit := range utf16.Encode([]rune(text)) {
		if utf16.IsSurrogate(rune(unit)) {
			octets = append(octets, byte(0xe0|unit>>12), byte(0x80|unit>>6&0x3f), byte(0x80|unit&0x3f))
			continue
		}
		octets = utf8.AppendRune(octets, rune(unit))
	}
	return octets
}

// withSurrogateReferences returns a text in UTF-8, with an XML character reference for each
// lone surrogate. In a Go string, a lone surrogate is three bytes of invalid UTF-8.
func withSurrogateReferences(text string) (octets []byte) {
	for text != "" {
		r, size := utf8.DecodeRuneInString(text)
		if r == utf8.RuneError && size == 1 && len(text) >= 3 && text[0] == 0xed {
			unit := int(text[0]&0x0f)<<12 | int(text[1]&0x3f)<<6 | int(text[2]&0x3f)
			octets = fmt.Appendf(octets, "&#%d;", unit)
			text = text[3:]
			continue
		}
		octets = append(octets, text[:size]...)
		text = text[size:]
	}
	return octets
}

package reference_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/packetspec/packetspec/reference"
)

// The encoded integers 2^61-1 and 2^61.
const (
	maxInteger = "9f ff ff ff ff ff ff ff 7f"
	beyond     = "a0 80 80 80 80 80 80 80 00"
)

func TestAppendBSUInt(t *testing.T) {
	for _, c := range []struct {
		value uint64
		want  string
	}{
		{0, "00"},
		{127, "7f"},
		{128, "81 00"},
		{16383, "ff 7f"},
		{16384, "81 80 00"},
		{reference.MaxInteger, maxInteger},
		{math.MaxUint64, "81 ff ff ff ff ff ff ff ff 7f"},
	} {
		checkOctets(t, "AppendBSUInt after ab", reference.AppendBSUInt([]byte{0xab}, c.value), octets(t, "ab"+c.want))
	}
}

func TestDecodeBSUInt(t *testing.T) {
	for name, c := range map[string]struct {
		octets string
		value  uint64
		taken  int
		err    error
	}{
		"more octets follow":  {"05 ff", 5, 1, nil},
		"overlong":            {"80 80 05", 5, 3, nil},
		"overlong beyond ten": {strings.Repeat("80 ", 100) + "05", 5, 101, nil},
		"nothing":             {"", 0, 0, reference.ErrIncomplete},
		"no last octet":       {"81 80", 0, 0, reference.ErrIncomplete},
		"2^64-1":              {"81 ff ff ff ff ff ff ff ff 7f", math.MaxUint64, 10, nil},
		"2^64":                {"82 80 80 80 80 80 80 80 80 00", 0, 0, reference.ErrRange},
	} {
		t.Run(name, func(t *testing.T) {
			value, taken, err := reference.DecodeBSUInt(octets(t, c.octets))
			checkErr(t, "DecodeBSUInt", err, c.err)
			if c.err == nil {
				check(t, "value", value, c.value)
				check(t, "octets taken", taken, c.taken)
			}
		})
	}
}

// The examples of SPEC.md, and the largest integers.
func TestPacketOctets(t *testing.T) {
	const largest = reference.MaxInteger
	for name, c := range map[string]struct {
		packet reference.Packet
		octets string
	}{
		"request": {
			reference.Packet{IsRequest: true, Channel: 5, Tag: 300, Flags: 7, Type: 2, Payload: []byte("hello")},
			"0a  82 2c  1f  05  02  68 65 6c 6c 6f", // length, tag, 7<<2|request|channel, channel, type, hello
		},
		"response": {
			reference.Packet{Tag: 1, Flags: 0xab},
			"03  01  85 2c", // length, tag, ab<<2
		},
		"EOF": {reference.Packet{IsRequest: true}, eof},
		"largest": {
			reference.Packet{IsRequest: true, Channel: largest, Tag: largest, Flags: largest, Type: largest},
			"24" + maxInteger + "ff ff ff ff ff ff ff ff 7f" + maxInteger + maxInteger,
		},
	} {
		t.Run(name, func(t *testing.T) {
			encoded, err := c.packet.AppendBinary(nil)
			checkErr(t, "AppendBinary", err, nil)
			checkOctets(t, "AppendBinary", encoded, octets(t, c.octets))
			decoded, _, err := reference.Decode(octets(t, c.octets))
			checkErr(t, "Decode", err, nil)
			checkPacket(t, decoded, c.packet)
		})
	}
}

func TestPacketBeyondRange(t *testing.T) {
	const beyond = reference.MaxInteger + 1
	for name, p := range map[string]reference.Packet{
		"tag":     {Tag: beyond},
		"flags":   {Flags: beyond},
		"channel": {Channel: beyond},
		"type":    {IsRequest: true, Type: beyond},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := p.AppendBinary([]byte("before"))
			checkErr(t, "AppendBinary", err, reference.ErrRange)
			checkOctets(t, "AppendBinary", b, []byte("before"))
		})
	}
}

// The wire does not carry the type of a response, so its value cannot be out of range.
func TestTypeOfResponseIsNotWritten(t *testing.T) {
	b, err := reference.Packet{Tag: 1, Type: math.MaxUint64}.AppendBinary(nil)
	checkErr(t, "AppendBinary", err, nil)
	checkOctets(t, "AppendBinary", b, octets(t, "02 01 00"))
}

func TestDecodeMalformed(t *testing.T) {
	for name, c := range map[string]struct{ octets, field string }{
		"empty body":                {"00", "tag"},
		"no flags":                  {"01 07", "flags"},
		"tag does not end":          {"01 87", "tag"},
		"flags promise a type":      {"02 07 02", "type"},
		"flags promise a channel":   {"02 07 01", "channel"},
		"channel and no type":       {"03 07 03 05", "type"},
		"the next packet's octets":  {"02 07 02 01", "type"},
		"type does not end in body": {"03 07 02 81 00", "type"},
	} {
		t.Run(name, func(t *testing.T) {
			_, taken, err := reference.Decode(octets(t, c.octets))
			var malformed *reference.MalformedError
			if !errors.As(err, &malformed) || !strings.HasSuffix(malformed.Reason, c.field) {
				t.Errorf("Decode: got %v, expected a *MalformedError about the %s", err, c.field)
			}
			check(t, "octets taken", taken, 0)
		})
	}
}

// Decode copies the payload, DecodeAlias does not. Neither lets the caller append to the
// payload over the octets behind it.
func TestPayloadOfDecode(t *testing.T) {
	for name, c := range map[string]struct {
		decode func([]byte) (reference.Packet, int, error)
		shares bool
	}{"Decode": {reference.Decode, false}, "DecodeAlias": {reference.DecodeAlias, true}} {
		b := octets(t, "04 01 04 68 69  02 02 04")
		p, _, err := c.decode(b)
		checkErr(t, name, err, nil)
		check(t, name+": the payload", string(p.Payload), "hi")
		check(t, name+": the capacity of the payload", cap(p.Payload), 2)
		b[3] = 'H'
		check(t, name+": the payload shares memory", p.Payload[0] == 'H', c.shares)
	}
}

func TestDecodeTakesOnePacket(t *testing.T) {
	b := octets(t, "04 01 04 68 69  02 02 04") // the response "hi" to tag 1, another to tag 2
	p, taken, err := reference.Decode(b)
	checkErr(t, "Decode", err, nil)
	check(t, "octets taken", taken, 5)
	_ = append(p.Payload, "XXX"...)
	checkOctets(t, "the octets that follow", b[taken:], octets(t, "02 02 04"))
}

func TestIsEOF(t *testing.T) {
	for name, c := range map[string]struct {
		octets string
		eof    bool
	}{
		"shortest":          {eof, true},
		"overlong tag":      {"04 80 00 02 00", true},
		"overlong length":   {"80 03 00 02 00", true},
		"channel 0 written": {"04 00 03 00 00", true},
		"another channel":   {"04 00 03 05 00", false},
		"a tag":             {"03 01 02 00", false},
		"flags":             {"03 00 06 00", false},
		"a type":            {"03 00 02 01", false},
		"a payload":         {"04 00 02 00 00", false},
		"a response":        {"02 00 00", false},
	} {
		t.Run(name, func(t *testing.T) {
			p, _, err := reference.Decode(octets(t, c.octets))
			checkErr(t, "Decode", err, nil)
			check(t, "IsEOF", p.IsEOF(), c.eof)
		})
	}
}

func TestString(t *testing.T) {
	for name, c := range map[string]struct{ payload, want string }{
		"printable":         {"hello", `b'hello'`},
		"apostrophe":        {"it's", `b"it's"`},
		"both quotes":       {`'"`, `b'\'"'`},
		"escapes":           {"\t\n\r\\\x00\x7f\xff", `b'\t\n\r\\\x00\x7f\xff'`},
		"sixteen octets":    {"0123456789abcdef", `b'0123456789abcdef'`},
		"seventeen":         {"0123456789abcdefg", `b'0123456789abcdef'...`},
		"quote is cut away": {"0123456789abcdef'", `b'0123456789abcdef'...`},
	} {
		t.Run(name, func(t *testing.T) {
			got := reference.Packet{IsRequest: true, Channel: 5, Tag: 300, Flags: 7, Payload: []byte(c.payload)}.String()
			check(t, "String", got, "Packet(is_request=True,channel=5,tag=300,flags=0x07,payload="+c.want+")")
		})
	}
}

// A Go string holds a lone surrogate as three bytes, the form that is called WTF-8.
func TestText(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"empty":                  {"", ""},
		"UTF-8":                  {"žlutý 🐎", "žlutý 🐎"},
		"U+D800":                 {"a\xed\xa0\x80b", "a&#55296;b"},
		"U+DFFF":                 {"\xed\xbf\xbf", "&#57343;"},
		"U+D7FF is no surrogate": {"\ued00\ud7ff", "\ued00\ud7ff"},
		"octets cut short":       {"\xed\xa0", "\xed\xa0"},
	} {
		t.Run(name, func(t *testing.T) {
			check(t, "payload", string(reference.Text(c.text).Payload), c.want)
		})
	}
}

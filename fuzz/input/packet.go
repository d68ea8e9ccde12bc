package input

import (
	"bytes"
	"fmt"
	"math/bits"
)

// MaxInteger is the largest integer that every implementation handles. (INT-4)
const MaxInteger = 1<<61 - 1

// A Packet holds the fields of a packet. Type is the wire type, and 0 in responses. No method
// changes Payload.
type Packet struct {
	IsRequest                 bool
	Channel, Tag, Flags, Type uint64
	Payload                   []byte
}

// An ID identifies a request and its response within one direction of a connection.
type ID struct{ Channel, Tag uint64 }

// ID returns the channel and tag of p.
func (p Packet) ID() ID { return ID{p.Channel, p.Tag} }

// IsEOF reports whether p is the packet that ends a stream.
func (p Packet) IsEOF() bool {
	return p.EndsStream() && p.Tag == 0 && p.Flags == 0 && len(p.Payload) == 0
}

// EndsStream reports whether p is an EOF packet, malformed or not.
func (p Packet) EndsStream() bool { return p.IsRequest && p.Channel == 0 && p.Type == 0 }

// Same reports whether p and q are the same packet.
func (p Packet) Same(q Packet) bool {
	return p.IsRequest == q.IsRequest && p.Channel == q.Channel && p.Tag == q.Tag && p.Flags == q.Flags &&
		(!p.IsRequest || p.Type == q.Type) && bytes.Equal(p.Payload, q.Payload)
}

// An Encoding is one of the many encodings of a packet: how many octets 80 each integer
// begins with, and whether channel 0 is written. The zero Encoding is the shortest.
type Encoding struct {
	Length, Tag, Word, Channel, Type int
	ChannelZero                      bool
}

// Octets returns p in its shortest encoding.
func (p Packet) Octets() []byte { return p.Append(nil, Encoding{}) }

// Append appends p in an encoding. It drops the bits of flags for which a word of 64 bits
// has no room.
func (p Packet) Append(b []byte, e Encoding) []byte {
	body := make([]byte, 0, 32+len(p.Payload))
	body = AppendInteger(body, p.Tag, e.Tag)
	word := p.Flags << 2
	if p.IsRequest {
		word |= 2
	}
	hasChannel := p.Channel != 0 || e.ChannelZero
	if hasChannel {
		word |= 1
	}
	body = AppendInteger(body, word, e.Word)
	if hasChannel {
		body = AppendInteger(body, p.Channel, e.Channel)
	}
	if p.IsRequest {
		body = AppendInteger(body, p.Type, e.Type)
	}
	body = append(body, p.Payload...)
	return append(AppendInteger(b, uint64(len(body)), e.Length), body...)
}

// AppendInteger appends v as a BSUInt after padding octets 80.
func AppendInteger(b []byte, v uint64, padding int) []byte {
	b = append(b, bytes.Repeat([]byte{0x80}, padding)...)
	for groups := (bits.Len64(v) + 6) / 7; groups > 1; groups-- {
		b = append(b, 0x80|byte(v>>(7*(groups-1))))
	}
	return append(b, byte(v)&0x7f)
}

// wide has the bits that an integer of more than 64 bits is read with, above its low seven.
const wide = 1<<64 - 1<<7

// CutInteger reads a BSUInt from the front of b. It returns how many octets that took, or 0
// if b ends first. For an integer of more than 64 bits it reports over, and returns a value
// from wide up that keeps the low seven bits.
func CutInteger(b []byte) (v uint64, n int, over bool) {
	for i, octet := range b {
		over = over || v>>57 != 0
		v = v<<7 | uint64(octet&0x7f)
		if octet < 0x80 {
			if over {
				v |= wide
			}
			return v, i + 1, over
		}
	}
	return v, 0, over
}

// String names the fields that are not zero, in the words of the features. It cuts long
// payloads; Meaning does not.
func (p Packet) String() string { return p.describe(Words) }

// Meaning names the fields that are not zero, as a step of a feature has them.
func (p Packet) Meaning() string { return p.describe(AllWords) }

func (p Packet) describe(words func([]byte) string) string {
	if p.IsEOF() {
		return "EOF"
	}
	s, verdict, flags := "request: ", "", p.Flags
	if !p.IsRequest {
		s, verdict, flags = "response: ", ", failed", p.Flags>>1
		if p.Flags&1 != 0 {
			verdict = ", ok"
		}
	}
	if p.Channel != 0 {
		s += fmt.Sprintf("channel %d, ", p.Channel)
	}
	s += fmt.Sprintf("tag %d%s", p.Tag, verdict)
	if flags != 0 {
		s += fmt.Sprintf(", flags %#x", flags)
	}
	if p.IsRequest {
		s += fmt.Sprintf(", wire type %d", p.Type)
	}
	if len(p.Payload) > 0 {
		s += ", payload " + words(p.Payload)
	}
	return s
}

// shownPayload is how many octets of a payload Words returns, the last quarter of them from the
// end: a line of text, more or less.
const shownPayload = 64

// Words returns a payload as the features write it, but cuts a long one.
func Words(b []byte) string {
	if len(b) > shownPayload {
		const last = shownPayload / 4
		return fmt.Sprintf("%s … %s (%d octets)", AllWords(b[:shownPayload-last]), AllWords(b[len(b)-last:]), len(b))
	}
	return AllWords(b)
}

// AllWords returns a payload as the features write it: as text if it is readable, in hex if not.
func AllWords(b []byte) string {
	if bytes.ContainsFunc(b, func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }) {
		return fmt.Sprintf("%x", b)
	}
	return `"` + string(b) + `"`
}

package reference

import (
	"bytes"
	"fmt"
	"math/bits"
	"slices"
	"strings"
)

// A BSUInt is an unsigned integer in big-endian base 128: seven bits per octet,
// most significant first, with the high bit set on every octet but the last. (INT-1)
//
//	0 → 00    127 → 7f    128 → 81 00    16384 → 81 80 00

// AppendBSUInt appends the shortest form of v to b. (INT-2)
func AppendBSUInt(b []byte, v uint64) []byte {
	if v >= 1<<7 { // which is rare
		for shift := 7 * (bsuintLen(v) - 1); shift > 0; shift -= 7 {
			b = append(b, 0x80|byte(v>>shift))
		}
	}
	return append(b, byte(v)&0x7f)
}

// bsuintLen returns the number of octets in the shortest form of v.
func bsuintLen(v uint64) int { return int(9*uint(bits.Len64(v))+64) / 64 }

// DecodeBSUInt reads one integer from the start of b and returns its value and the
// number of octets it took. It accepts overlong forms, which begin with 80 (INT-3).
// The error is [ErrIncomplete] or, above 2^64−1, [ErrRange].
func DecodeBSUInt(b []byte) (v uint64, n int, err error) {
	if v, n = bsuint(b); n <= 0 {
		return 0, 0, bsuintError(n)
	}
	return v, n, nil
}

// bsuint does the work of DecodeBSUInt. n is 0 if b ends inside the integer, and negative
// above 2^64-1. The compiler inlines it, which halves the time of a decode.
func bsuint(b []byte) (v uint64, n int) {
	for i, octet := range b {
		if v>>57 != 0 {
			return 0, -1
		}
		if v = v<<7 | uint64(octet&0x7f); octet < 0x80 {
			return v, i + 1
		}
	}
	return 0, 0
}

func bsuintError(n int) error {
	if n < 0 {
		return errOverflow
	}
	return ErrIncomplete
}

var errOverflow = fmt.Errorf("%w: more than 64 bits", ErrRange)

// MaxInteger is the largest channel, tag, flags and type of a packet, 2^61−1: as much
// as INT-4 requires. Flags that the wire shifts left by two bits still fit into 64. For
// a larger integer the codec returns [ErrRange] instead of wrong octets. (INT-5)
const MaxInteger = 1<<61 - 1

// The two low bits of the flags field on the wire, below the packet's own flags. (ENC-2)
const (
	hasChannelBit = 1 << 0
	isRequestBit  = 1 << 1
	flagsShift    = 2
)

// A Packet is one unit of the stream. On the wire (ENC-1):
//
//	length   BSUInt  octets in the body, which is all that follows
//	tag      BSUInt
//	flags    BSUInt  Flags<<2 | IsRequest<<1 | has_channel
//	channel  BSUInt  if has_channel
//	type     BSUInt  if IsRequest
//	payload  the rest of the body
type Packet struct {
	IsRequest bool
	Channel   uint64
	Tag       uint64
	Flags     uint64
	Type      uint64 // the type on the wire; requests only
	Payload   []byte
}

// IsEOF reports whether p is the packet that ends a stream: a request whose other
// fields are all zero or empty. (EOS-1)
func (p Packet) IsEOF() bool { return p.Equal(Packet{IsRequest: true}) }

// Equal reports whether p and q are the same packet. It compares the type only if
// both are requests: a response has none on the wire. (EQ-1, EQ-2)
func (p Packet) Equal(q Packet) bool {
	return p.IsRequest == q.IsRequest && p.Channel == q.Channel && p.Tag == q.Tag &&
		p.Flags == q.Flags && (!p.IsRequest || p.Type == q.Type) && bytes.Equal(p.Payload, q.Payload)
}

// AppendBinary appends p to b in its shortest form and returns the result. It ignores
// the type of a response. If an integer is above [MaxInteger], it returns b unchanged
// and [ErrRange].
func (p Packet) AppendBinary(b []byte) ([]byte, error) {
	if err := p.checkRange(); err != nil {
		return b, err
	}
	return append(p.appendHeader(b), p.Payload...), nil
}

// appendHeader appends the octets before the payload. The integers must be in range.
func (p *Packet) appendHeader(b []byte) []byte {
	flags, size := p.sizes()
	b = AppendBSUInt(b, uint64(size))
	b = AppendBSUInt(b, p.Tag)
	b = AppendBSUInt(b, flags)
	if p.Channel != 0 {
		b = AppendBSUInt(b, p.Channel)
	}
	if p.IsRequest {
		b = AppendBSUInt(b, p.Type)
	}
	return b
}

// sizes returns the flags field as it stands on the wire, and the number of octets in the
// body.
func (p *Packet) sizes() (flags uint64, size int) {
	flags = p.Flags << flagsShift
	if p.Channel != 0 {
		flags |= hasChannelBit
		size += bsuintLen(p.Channel)
	}
	if p.IsRequest {
		flags |= isRequestBit
		size += bsuintLen(p.Type)
	}
	return flags, size + bsuintLen(p.Tag) + bsuintLen(flags) + len(p.Payload)
}

// Decode reads one packet from the start of b and returns it with the number of octets
// it took. It ignores the octets after the packet. The payload is a copy.
// The error is [ErrIncomplete], a [*MalformedError], or [ErrRange]. (DEC-1)
func Decode(b []byte) (p Packet, n int, err error) {
	p, n, err = DecodeAlias(b)
	p.Payload = slices.Clip(bytes.Clone(p.Payload))
	return p, n, err
}

// DecodeAlias does the same as [Decode], but the payload shares memory with b.
func DecodeAlias(b []byte) (p Packet, n int, err error) {
	length, n := bsuint(b)
	switch {
	case n <= 0:
		return Packet{}, 0, bsuintError(n)
	case length > uint64(len(b)-n):
		return Packet{}, 0, ErrIncomplete
	}
	end := n + int(length)
	if err := p.decodeBody(b[n:end:end]); err != nil {
		return Packet{}, 0, err
	}
	return p, end, nil
}

// decodeBody sets p, which is zero, to the packet whose body is exactly b. Its payload
// shares memory with b.
func (p *Packet) decodeBody(b []byte) error {
	rest, worst := b, 1
	next := func() uint64 {
		v, n := bsuint(rest)
		rest, worst = rest[max(0, n):], min(worst, n)
		return v
	}
	p.Tag = next()
	flags := next()
	p.Flags, p.IsRequest = flags>>flagsShift, flags&isRequestBit != 0
	if flags&hasChannelBit != 0 {
		p.Channel = next()
	}
	if p.IsRequest {
		p.Type = next()
	}
	p.Payload = rest
	switch {
	case worst < 0:
		return errOverflow
	case worst == 0:
		field := 0 // the first that is not whole
		for _, octet := range b {
			if octet < 0x80 {
				field++
			}
		}
		if field == 2 && flags&hasChannelBit == 0 {
			field++
		}
		return &MalformedError{Reason: "the body ends before its " + [...]string{"tag", "flags", "channel", "type"}[field]}
	}
	return p.checkRange()
}

// checkRange returns [ErrRange], wrapped with the field's name, if an integer that
// the wire carries is above [MaxInteger].
func (p *Packet) checkRange() error {
	if p.Channel|p.Tag|p.Flags|p.Type <= MaxInteger { // it has all its bits set
		return nil
	}
	return p.rangeError()
}

func (p *Packet) rangeError() error {
	for i, v := range [...]uint64{p.Channel, p.Tag, p.Flags, p.Type} {
		if v > MaxInteger && (i < 3 || p.IsRequest) { // a response has no type on the wire
			return fmt.Errorf("%w: %s %d is above 2^61-1", ErrRange, [...]string{"channel", "tag", "flags", "type"}[i], v)
		}
	}
	return nil
}

// textPayload is the number of payload octets that the text form shows. (TXT-1)
const textPayload = 16

// String returns the diagnostic text of the original implementation, which writes
// truth values and octets as Python does (TXT-1):
//
//	Packet(is_request=True,channel=5,tag=300,flags=0x07,payload=b'hello')
func (p Packet) String() string {
	isRequest, more := "False", ""
	if p.IsRequest {
		isRequest = "True"
	}
	payload := p.Payload
	if len(payload) > textPayload {
		payload, more = payload[:textPayload], "..."
	}
	return fmt.Sprintf("Packet(is_request=%s,channel=%d,tag=%d,flags=0x%02x,payload=%s%s)",
		isRequest, p.Channel, p.Tag, p.Flags, pythonBytes(payload), more)
}

// pythonBytes returns b as a Python bytes literal.
func pythonBytes(b []byte) string {
	quote := byte('\'')
	if bytes.IndexByte(b, '\'') >= 0 && bytes.IndexByte(b, '"') < 0 {
		quote = '"'
	}
	var s strings.Builder
	s.WriteByte('b')
	s.WriteByte(quote)
	for _, c := range b {
		i := strings.IndexByte("\t\n\r", c)
		switch {
		case i >= 0:
			s.WriteString(`\` + "tnr"[i:i+1])
		case c == '\\' || c == quote:
			s.WriteByte('\\')
			s.WriteByte(c)
		case c < ' ' || c > '~':
			fmt.Fprintf(&s, `\x%02x`, c)
		default:
			s.WriteByte(c)
		}
	}
	s.WriteByte(quote)
	return s.String()
}

package reference

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

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
	flags := p.Flags << flagsShift
	length := bsuintLen(p.Tag) + len(p.Payload)
	if p.Channel != 0 {
		flags |= hasChannelBit
		length += bsuintLen(p.Channel)
	}
	if p.IsRequest {
		flags |= isRequestBit
		length += bsuintLen(p.Type)
	}
	b = AppendBSUInt(b, uint64(length+bsuintLen(flags)))
	b = AppendBSUInt(b, p.Tag)
	b = AppendBSUInt(b, flags)
	if p.Channel != 0 {
		b = AppendBSUInt(b, p.Channel)
	}
	if p.IsRequest {
		b = AppendBSUInt(b, p.Type)
	}
	return append(b, p.Payload...), nil
}

// Decode reads one packet from the start of b and returns it with the number of octets
// it took. It ignores the octets after the packet. The payload shares memory with b.
// The error is [ErrIncomplete], a [*MalformedError], or [ErrRange]. (DEC-1)
func Decode(b []byte) (p Packet, n int, err error) {
	length, n, err := DecodeBSUInt(b)
	if err != nil {
		return Packet{}, 0, err
	}
	if length > uint64(len(b)-n) {
		return Packet{}, 0, ErrIncomplete
	}
	end := n + int(length)
	p, err = decodeBody(b[n:end:end])
	if err != nil {
		return Packet{}, 0, err
	}
	return p, end, nil
}

// decodeBody returns the packet whose body is exactly b; its payload shares memory
// with b.
func decodeBody(b []byte) (p Packet, err error) {
	next := func(field string) (v uint64) {
		if err != nil {
			return 0
		}
		v, n, e := DecodeBSUInt(b)
		if errors.Is(e, ErrIncomplete) {
			e = &MalformedError{Reason: "the body ends before its " + field}
		}
		b, err = b[n:], e
		return v
	}
	p.Tag = next("tag")
	flags := next("flags")
	p.Flags = flags >> flagsShift
	p.IsRequest = flags&isRequestBit != 0
	if flags&hasChannelBit != 0 {
		p.Channel = next("channel")
	}
	if p.IsRequest {
		p.Type = next("type")
	}
	p.Payload = b
	if err == nil {
		err = p.checkRange()
	}
	if err != nil {
		return Packet{}, err
	}
	return p, nil
}

// checkRange returns [ErrRange], wrapped with the field's name, if an integer that
// the wire carries is above [MaxInteger].
func (p Packet) checkRange() error {
	if !p.IsRequest {
		p.Type = 0 // not on the wire
	}
	for _, f := range [...]struct {
		name  string
		value uint64
	}{{"channel", p.Channel}, {"tag", p.Tag}, {"flags", p.Flags}, {"type", p.Type}} {
		if f.value > MaxInteger {
			return fmt.Errorf("%w: %s %d is above 2^61-1", ErrRange, f.name, f.value)
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
		switch {
		case c == '\t':
			s.WriteString(`\t`)
		case c == '\n':
			s.WriteString(`\n`)
		case c == '\r':
			s.WriteString(`\r`)
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

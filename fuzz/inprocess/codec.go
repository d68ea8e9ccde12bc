package inprocess

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/packetspec/packetspec/reference"
)

// A codec is what the laws of the codec are held against. Errors are the reference's.
type codec struct {
	appendInteger func([]byte, uint64) []byte
	decodeInteger func([]byte) (v uint64, n int, err error)
	encode        func(reference.Packet, []byte) ([]byte, error)
	decode        func([]byte) (p reference.Packet, n int, err error)
	equal         func(p, q reference.Packet) bool
	reader        func(r io.Reader, maxPacket int) packetReader
}

// A packetReader reads packets from a stream.
type packetReader interface {
	Next() (reference.Packet, error)
	Offset() int64 // where the next packet begins
}

// referenceCodec is the reference's own.
func referenceCodec() codec {
	return codec{
		appendInteger: reference.AppendBSUInt,
		decodeInteger: reference.DecodeBSUInt,
		encode:        reference.Packet.AppendBinary,
		decode:        reference.Decode,
		equal:         reference.Packet.Equal,
		reader: func(r io.Reader, maxPacket int) packetReader {
			return reference.NewReader(r, maxPacket)
		},
	}
}

// Decode takes data as octets off the wire: as a packet, and as an integer, which
// is what a packet begins with. Reading never panics, allocates no more than
// the octets are worth, and gives what the oracle reads; what was read is written in
// the shortest form, which is read as the same packet and written the same again.
func Decode(data []byte) error { return referenceCodec().runDecode(data, maxDuration) }

func (c codec) runDecode(data []byte, limit time.Duration) error {
	data = truncate(data)
	return guard(limit, func(context.Context) error {
		return limitMemory(memoryFor(len(data)), func() error {
			if err := c.checkReadInteger(data); err != nil {
				return err
			}
			return c.checkRead(data)
		})
	})
}

// RoundTrip takes data as the fields of a packet: any, those included that cannot be
// on the wire, which Decode never meets. What is written is what the oracle writes, and
// reads as the same packet; what is out of range is refused.
func RoundTrip(data []byte) error { return referenceCodec().runRoundTrip(data, maxDuration) }

func (c codec) runRoundTrip(data []byte, limit time.Duration) error {
	return guard(limit, func(context.Context) error {
		p := unpackFields(truncate(data))
		if err := c.checkRoundTrip(p); err != nil {
			return err
		}
		return c.checkEqual(p, p)
	})
}

// unpackFields makes a packet of any input, and any packet of some input: an octet
// whose lowest bit is IsRequest; channel, tag, flags and type, each an octet that says
// how many follow (modulo 9) and then those, big-endian; the payload. What is missing
// is zero.
func unpackFields(b []byte) (p reference.Packet) {
	take := func(n int) (octets []byte) {
		n = min(n, len(b))
		octets, b = b[:n], b[n:]
		return octets
	}
	integer := func() (v uint64) {
		for _, width := range take(1) {
			for _, octet := range take(int(width % 9)) {
				v = v<<8 | uint64(octet)
			}
		}
		return v
	}
	for _, kind := range take(1) {
		p.IsRequest = kind&1 == 1
	}
	p.Channel, p.Tag, p.Flags, p.Type = integer(), integer(), integer(), integer()
	p.Payload = b
	return p
}

// packFields is an input of which unpackFields makes p.
func packFields(p reference.Packet) (b []byte) {
	if b = []byte{0}; p.IsRequest {
		b[0] = 1
	}
	for _, v := range []uint64{p.Channel, p.Tag, p.Flags, p.Type} {
		b = append(b, 8)
		b = binary.BigEndian.AppendUint64(b, v)
	}
	return append(b, p.Payload...)
}

// Each law holds for all its arguments. Fields are compared one by one: Packet.Equal is
// itself under test.

// checkInteger: any integer is encoded as the oracle encodes it, and decoded from
// that and from every longer form.
func (c codec) checkInteger(v uint64, padding int) error {
	want := appendInteger([]byte{0xaa}, nat(v), 0)
	if got := c.appendInteger([]byte{0xaa}, v); !bytes.Equal(got, want) {
		return violates("INT-2", "encoding %#x behind aa", v).expected("% x", want).got("% x", got)
	}
	return c.checkReadInteger(appendInteger(nil, nat(v), padding))
}

// checkReadInteger: for any octets, the integer that they begin with.
func (c codec) checkReadInteger(b []byte) error {
	got, n, err := c.decodeInteger(b)
	v, rest, ended := decodeInteger(b)
	switch {
	case v.over(maxUint64) && errors.Is(err, reference.ErrRange):
	case !ended && errors.Is(err, reference.ErrIncomplete):
	case ended && v.is(got) && err == nil && n == len(b)-len(rest):
	default:
		return violates("INT-1", "decoding an integer from % x", b).
			expected("%v, ended: %t, %d octets consumed", v, ended, len(b)-len(rest)).
			got("%d, %d consumed, error %v", got, n, err)
	}
	return nil
}

// roundTrip: what is encoded is what the oracle writes, and decodes to the same
// packet, all of it; a packet that cannot be represented is refused and writes nothing.
func (c codec) checkRoundTrip(p reference.Packet) error {
	before := []byte{0xaa}
	octets, err := c.encode(p, before)
	if oracleOf(p).beyond() {
		if !errors.Is(err, reference.ErrRange) || !bytes.Equal(octets, before) {
			return violates("INT-5", "encoding %s", show(p)).
				expected("%v, and % x as it was", reference.ErrRange, before).got("%v, and % x", err, octets)
		}
		return nil
	}
	if err != nil {
		return violates("INT-4", "encoding %s", show(p)).expected("no error").got("%v", err)
	}
	if want := slices.Concat(before, oracleOf(p).encode(wireForm{})); !bytes.Equal(octets, want) {
		return violates("ENC-1", "encoding %s behind aa", show(p)).expected("% x", want).got("% x", octets)
	}
	return c.checkDecodesTo(p, octets[1:])
}

// checkForm: each form of p decodes to p and is written again in the shortest.
func (c codec) checkForm(p reference.Packet, form wireForm) error {
	octets := oracleOf(p).encode(form)
	if err := c.checkDecodesTo(p, octets); err != nil {
		return err
	}
	return c.checkShortest(p, octets)
}

// checkRead: for any octets, the verdict, the fields and the number of octets
// consumed are the oracle's, and a packet that was read is written canonically.
func (c codec) checkRead(b []byte) error {
	p, n, err := c.decode(b)
	want := oracleRead(b)
	switch {
	case want.beyond && errors.Is(err, reference.ErrRange):
	case want.verdict == incomplete && errors.Is(err, reference.ErrIncomplete):
	case want.verdict == malformed && errors.As(err, new(*reference.MalformedError)):
	case want.verdict == whole && !want.beyond && err == nil:
		if n != want.consumed || cap(p.Payload) != len(p.Payload) {
			return violates("DEC-1", "decoding % x", b).
				expected("%d octets consumed, none reachable behind the payload", want.consumed).
				got("%d consumed, %d reachable", n, cap(p.Payload)-len(p.Payload))
		}
		if err := checkFields(b, p, want.packet.reference()); err != nil {
			return err
		}
		return c.checkShortest(p, b[:n])
	default:
		return violates(readingRequirement(want), "decoding % x", b).
			expected("%s (beyond 61 bits: %t)", want.verdict, want.beyond).got("%s, error %v", show(p), err)
	}
	if n != 0 || !sameAs(p, reference.Packet{}) {
		return violates("DEC-3", "decoding % x, which is %s", b, want.verdict).
			expected("no octets consumed, and no packet").got("%d, %s", n, show(p))
	}
	return nil
}

// readingRequirement is the requirement that another verdict than r's breaks.
func readingRequirement(r reading) string {
	switch {
	case r.beyond:
		return "INT-5"
	case r.verdict == incomplete:
		return "DEC-3"
	case r.verdict == malformed:
		return "DEC-4"
	}
	return "DEC-1"
}

// checkPrefixes: no strict prefix of one packet's octets is a packet, or wrong.
func (c codec) checkPrefixes(octets []byte) error {
	for n := range octets {
		p, consumed, err := c.decode(octets[:n])
		if !errors.Is(err, reference.ErrIncomplete) || consumed != 0 {
			return violates("DEC-3", "decoding the first %d octets of % x", n, octets).
				expected("%v", reference.ErrIncomplete).got("%s, %d octets consumed, error %v", show(p), consumed, err)
		}
	}
	return nil
}

// checkEqual: Equal is symmetric, and holds between two packets exactly if
// they are the same on the wire. The type of a response is not there.
func (c codec) checkEqual(p, q reference.Packet) error {
	want := bytes.Equal(oracleOf(p).encode(wireForm{}), oracleOf(q).encode(wireForm{}))
	if got, back := c.equal(p, q), c.equal(q, p); got != want || back != want {
		return violates("EQ-1", "comparing p = %s with q = %s", show(p), show(q)).
			expected("p.Equal(q) and q.Equal(p) to be %t", want).got("%t and %t", got, back)
	}
	return nil
}

func (c codec) checkDecodesTo(p reference.Packet, octets []byte) error {
	got, n, err := c.decode(octets)
	if err != nil || n != len(octets) {
		return violates("DEC-1", "decoding % x", octets).
			expected("%s, %d octets consumed", show(p), len(octets)).got("%s, %d consumed, error %v", show(got), n, err)
	}
	return checkFields(octets, got, p)
}

// checkShortest: p, which was read from octets, is written as the oracle writes it: in
// these octets or in fewer, which read again to p.
func (c codec) checkShortest(p reference.Packet, octets []byte) error {
	canonical, err := c.encode(p, nil)
	want := oracleOf(p).encode(wireForm{})
	if err != nil || !bytes.Equal(canonical, want) {
		return violates("ENC-1", "decoding and encoding % x", octets).expected("% x", want).got("% x, error %v", canonical, err)
	}
	if bytes.Equal(canonical, octets) {
		return nil // which have been read
	}
	if len(canonical) >= len(octets) {
		return violates("INT-2", "decoding and encoding % x", octets).expected("these octets or fewer").got("% x", canonical)
	}
	return c.checkDecodesTo(p, canonical)
}

// sameFields compares what was read from octets with what it should be.
func checkFields(octets []byte, got, want reference.Packet) error {
	if !sameAs(got, want) {
		return violates("DEC-1", "decoding % x", octets).expected("%s", show(want)).got("%s", show(got))
	}
	return nil
}

// sameAs compares all fields; a response that was read has no type.
func sameAs(got, want reference.Packet) bool {
	if !want.IsRequest {
		want.Type = 0
	}
	return got.IsRequest == want.IsRequest && got.Channel == want.Channel && got.Tag == want.Tag &&
		got.Flags == want.Flags && got.Type == want.Type && bytes.Equal(got.Payload, want.Payload)
}

// show is all of p, which its own text form is not; a long payload is cut.
func show(p reference.Packet) string {
	const enough = 64
	kind, payload, more := "response", p.Payload, ""
	if p.IsRequest {
		kind = "request"
	}
	if len(payload) > enough {
		payload, more = payload[:enough], " ..."
	}
	return fmt.Sprintf("{%s channel=%#x tag=%#x flags=%#x type=%#x payload(%d)=[% x%s]}",
		kind, p.Channel, p.Tag, p.Flags, p.Type, len(p.Payload), payload, more)
}

// A variant changes at most one field of a packet. Two packets that are generated
// independently hardly ever differ in one field alone.
type variant struct {
	named
	change func(*reference.Packet)
}

// of returns a changed copy of p, which shares no memory with p.
func (v variant) of(p reference.Packet) reference.Packet {
	p.Payload = append([]byte{}, p.Payload...)
	v.change(&p)
	return p
}

// variants returns a variant for each field, and one that changes nothing.
func variants() []variant {
	return []variant{
		{"none", func(*reference.Packet) {}},
		{"kind", func(p *reference.Packet) { p.IsRequest = !p.IsRequest }},
		{"channel", func(p *reference.Packet) { p.Channel ^= 1 }},
		{"tag", func(p *reference.Packet) { p.Tag ^= 1 }},
		{"flags", func(p *reference.Packet) { p.Flags ^= 1 }},
		{"type", func(p *reference.Packet) { p.Type ^= 1 }},
		{"longer payload", func(p *reference.Packet) { p.Payload = append(p.Payload, 0) }},
		{"changed payload", func(p *reference.Packet) {
			if len(p.Payload) > 0 {
				p.Payload[len(p.Payload)-1] ^= 0x80
			}
		}},
	}
}

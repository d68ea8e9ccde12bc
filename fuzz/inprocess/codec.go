package inprocess

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/packetspec/packetspec/fuzz/input"
	"github.com/packetspec/packetspec/reference"
)

// A codec holds the functions that the codec laws test: those of package reference, or
// one of them with a planted fault. Their errors are those of package reference.
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

// referenceCodec returns the codec of package reference.
func referenceCodec() codec {
	return codec{
		appendInteger: reference.AppendBSUInt,
		decodeInteger: reference.DecodeBSUInt,
		encode:        reference.Packet.AppendBinary,
		decode:        reference.DecodeAlias,
		equal:         reference.Packet.Equal,
		reader:        func(r io.Reader, maxPacket int) packetReader { return reference.NewReader(r, maxPacket) },
	}
}

// Decode reads data as octets from the wire, once as an integer and once as a packet. It
// reports a [Violation] if the reference panics, allocates more than the octets can need,
// or reads anything else than [input.Read]. Whatever was read must be written in its
// shortest form, and that form must be read as the same packet.
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

// RoundTrip reads data as the fields of a packet, including fields that cannot be on the
// wire and that Decode therefore never produces. It reports a [Violation] if the reference
// writes other octets than [input.Packet.Append], reads them as another packet, or writes
// a field that is out of range.
func RoundTrip(data []byte) error { return referenceCodec().runRoundTrip(data, maxDuration) }

func (c codec) runRoundTrip(data []byte, limit time.Duration) error {
	return guard(limit, func(context.Context) error {
		p := unpackFields(truncate(data))
		if err := c.checkRoundTrip(p); err != nil {
			return err
		}
		for _, v := range variants() {
			if err := c.checkEqual(p, v.of(p)); err != nil {
				return err
			}
		}
		return nil
	})
}

// unpackFields returns the packet that b describes. Every input describes a packet, and
// every packet has an input: one byte, whose lowest bit is IsRequest; then channel, tag,
// flags and type, each as one byte with its width (modulo 9) and its bytes, big-endian;
// then the payload. Missing bytes read as zero.
func unpackFields(b []byte) (p reference.Packet) {
	take := func(n int) (taken []byte) {
		n = min(n, len(b))
		taken, b = b[:n], b[n:]
		return taken
	}
	integer := func() (v uint64) {
		for _, width := range take(1) {
			for _, digit := range take(int(width % 9)) {
				v = v<<8 | uint64(digit)
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

// The laws. Each holds for all its arguments. None asks the reference for the expected
// value: that comes from the codec of package input, which shares no code with it. Fields
// are compared one by one, because Packet.Equal is itself under test.

// checkReadInteger requires that the integer at the start of b is read, or refused.
func (c codec) checkReadInteger(b []byte) error {
	got, n, err := c.decodeInteger(b)
	v, want, over := input.CutInteger(b)
	switch {
	case over && errors.Is(err, reference.ErrRange):
	case want == 0 && errors.Is(err, reference.ErrIncomplete):
	case want > 0 && !over && v == got && err == nil && n == want:
	default:
		return violates("INT-1", "decoding an integer from % x", b).
			expected("%d (more than 64 bits: %t), %d octets consumed", v, over, want).
			got("%d, %d consumed, error %v", got, n, err)
	}
	return nil
}

// checkRoundTrip requires that p is written in its shortest form and is read from it. If a
// field is out of range, p must be refused and nothing written.
func (c codec) checkRoundTrip(p reference.Packet) error {
	before := []byte{0xaa}
	octets, err := c.encode(p, before)
	if outOfRange(p) {
		if !errors.Is(err, reference.ErrRange) || !bytes.Equal(octets, before) {
			return violates("INT-5", "encoding %s", show(p)).
				expected("%v, and the buffer unchanged: % x", reference.ErrRange, before).got("%v, and % x", err, octets)
		}
		return nil
	}
	if err != nil {
		return violates("INT-4", "encoding %s", show(p)).expected("no error").got("%v", err)
	}
	if want := slices.Concat(before, encoded(p, input.Encoding{})); !bytes.Equal(octets, want) {
		return violates("ENC-1", "encoding %s behind aa", show(p)).expected("% x", want).got("% x", octets)
	}
	return c.checkDecodesTo(p, octets[1:])
}

// checkRead requires that b is read as [input.Read] reads it: the same error, or the same
// fields from the same number of octets. A packet that was read must be written in its
// shortest form.
func (c codec) checkRead(b []byte) error {
	p, n, err := c.decode(b)
	want := input.Read(b)
	switch {
	case refusable(want, b) && errors.Is(err, reference.ErrRange):
	case want.Shape == input.Cut && errors.Is(err, reference.ErrIncomplete):
	case want.Shape == input.Short && errors.As(err, new(*reference.MalformedError)):
	case want.Shape == input.Whole && !want.Beyond && err == nil:
		if n != len(want.Octets) || cap(p.Payload) != len(p.Payload) {
			return violates("DEC-1", "decoding % x", b).
				expected("%d octets consumed, and no spare capacity behind the payload", len(want.Octets)).
				got("%d consumed, and room for %d more", n, cap(p.Payload)-len(p.Payload))
		}
		if err := checkFields(b, p, reference.Packet(want.Packet)); err != nil {
			return err
		}
		return c.checkShortest(p, b[:n])
	default:
		requirement := shapes[want.Shape].requirement
		if want.Beyond {
			requirement = "INT-5"
		}
		return violates(requirement, "decoding % x", b).
			expected("%s (an integer beyond 61 bits: %t)", shapes[want.Shape].text, want.Beyond).got("%s, error %v", show(p), err)
	}
	if n != 0 || !sameFields(p, reference.Packet{}) {
		return violates("DEC-3", "decoding % x, which is %s", b, shapes[want.Shape].text).
			expected("no octets consumed, and no packet").got("%d, %s", n, show(p))
	}
	return nil
}

// refusable reports whether a reader of b, which begins with f, may refuse it as out of
// range. A length has 64 bits, the other integers have 61.
func refusable(f input.Frame, b []byte) bool {
	_, _, over := input.CutInteger(b)
	return over || f.Beyond && f.Shape != input.Cut
}

// shapes maps the shape of a frame to words for it, and to the requirement that is broken if such a
// frame is read differently.
var shapes = map[input.Shape]struct{ text, requirement string }{
	input.Whole: {"a whole packet", "DEC-1"},
	input.Short: {"a body too short for its fields", "DEC-4"},
	input.Cut:   {"an incomplete packet", "DEC-3"},
}

// checkEqual requires that Equal holds, in both directions, if and only if p and q have
// the same fields. The type of a response is not a field.
func (c codec) checkEqual(p, q reference.Packet) error {
	want := input.Packet(p).Same(input.Packet(q))
	if got, back := c.equal(p, q), c.equal(q, p); got != want || back != want {
		return violates("EQ-1", "comparing p = %s with q = %s", show(p), show(q)).
			expected("p.Equal(q) and q.Equal(p) to be %t", want).got("%t and %t", got, back)
	}
	return nil
}

// checkDecodesTo requires that octets are read as p, all of them.
func (c codec) checkDecodesTo(p reference.Packet, octets []byte) error {
	got, n, err := c.decode(octets)
	if err != nil || n != len(octets) {
		return violates("DEC-1", "decoding % x", octets).
			expected("%s, %d octets consumed", show(p), len(octets)).got("%s, %d consumed, error %v", show(got), n, err)
	}
	return checkFields(octets, got, p)
}

// checkShortest requires that p, which was read from octets, is written in its shortest
// form, and that p is read from that form again.
func (c codec) checkShortest(p reference.Packet, octets []byte) error {
	shortest, err := c.encode(p, nil)
	want := encoded(p, input.Encoding{})
	if err != nil || !bytes.Equal(shortest, want) {
		return violates("ENC-1", "decoding and encoding % x", octets).expected("% x", want).got("% x, error %v", shortest, err)
	}
	if bytes.Equal(shortest, octets) {
		return nil // p was read from these octets
	}
	if len(shortest) >= len(octets) {
		return violates("INT-2", "decoding and encoding % x", octets).expected("these octets or fewer").got("% x", shortest)
	}
	return c.checkDecodesTo(p, shortest)
}

// checkFields requires that got, which was read from octets, is want.
func checkFields(octets []byte, got, want reference.Packet) error {
	if !sameFields(got, want) {
		return violates("DEC-1", "decoding % x", octets).expected("%s", show(want)).got("%s", show(got))
	}
	return nil
}

// sameFields reports whether got, which was read, has the fields of want. A response that
// was read has no type.
func sameFields(got, want reference.Packet) bool {
	return input.Packet(got).Same(input.Packet(want)) && (got.IsRequest || got.Type == 0)
}

// encoded returns the octets of p in a form, written by the codec of package input.
func encoded(p reference.Packet, form input.Encoding) []byte {
	return input.Packet(p).Append(nil, form)
}

// outOfRange reports whether a field that p would have on the wire has more than 61 bits.
func outOfRange(p reference.Packet) bool {
	most := max(p.Channel, p.Tag, p.Flags)
	if p.IsRequest {
		most = max(most, p.Type)
	}
	return most > reference.MaxInteger
}

// show returns p in words, with the type that a response must not have.
func show(p reference.Packet) string {
	s := input.Packet(p).String()
	if !p.IsRequest && p.Type != 0 {
		s += fmt.Sprintf(", type %d", p.Type)
	}
	return s
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

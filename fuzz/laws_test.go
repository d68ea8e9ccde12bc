package fuzz_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"testing/iotest"

	"github.com/packetspec/packetspec/reference"
)

// Each law holds for all its arguments. Fields are compared one by one: Packet.Equal is
// itself under test.

// A breach of a law says what was expected and what came.
type breach string

func (b breach) Error() string { return string(b) }

func breachf(format string, args ...any) error { return breach(fmt.Sprintf(format, args...)) }

// integerRoundTrip: any integer is encoded as the oracle encodes it, and decoded from
// that and from every longer form.
func integerRoundTrip(v uint64, padding int) error {
	want := encodeInteger(new(big.Int).SetUint64(v), 0)
	if got := reference.AppendBSUInt([]byte{0xaa}, v); !bytes.Equal(got, append([]byte{0xaa}, want...)) {
		return breachf("encoding %#x behind aa\nexpected aa % x\ngot      % x", v, want, got)
	}
	return integerReadAsByTheOracle(encodeInteger(new(big.Int).SetUint64(v), padding))
}

// integerReadAsByTheOracle: for any octets, the integer that they begin with.
func integerReadAsByTheOracle(b []byte) error {
	got, n, err := reference.DecodeBSUInt(b)
	v, rest, ended := decodeInteger(b)
	switch {
	case v.Cmp(two64) >= 0 && errors.Is(err, reference.ErrRange):
	case !ended && errors.Is(err, reference.ErrIncomplete):
	case ended && v.IsUint64() && err == nil && v.Uint64() == got && n == len(b)-len(rest):
	default:
		return breachf("decoding an integer from % x\nexpected %#x, ended: %t, %d octets consumed\ngot      %#x, %d consumed, error %v",
			b, v, ended, len(b)-len(rest), got, n, err)
	}
	return nil
}

// roundTrip: what is encoded is what the oracle writes, and decodes to the same
// packet, all of it; a packet that cannot be represented is refused and writes nothing.
func roundTrip(p reference.Packet) error {
	before := []byte{0xaa}
	octets, err := p.AppendBinary(before)
	if oracleOf(p).beyond() {
		if !errors.Is(err, reference.ErrRange) || !bytes.Equal(octets, before) {
			return breachf("encoding %s\nexpected %v, and % x as it was\ngot      %v, and % x",
				show(p), reference.ErrRange, before, err, octets)
		}
		return nil
	}
	if err != nil {
		return breachf("encoding %s\nexpected no error\ngot      %v", show(p), err)
	}
	if octets[0] != 0xaa {
		return breachf("encoding %s\nexpected the octet before to stay aa\ngot      %02x", show(p), octets[0])
	}
	octets = octets[1:]
	if want := oracleOf(p).encode(wireForm{}); !bytes.Equal(octets, want) {
		return breachf("encoding %s\nexpected % x\ngot      % x", show(p), want, octets)
	}
	return decodesTo(p, octets)
}

// everyFormIsRead: each form of p decodes to p and is written again in the shortest.
func everyFormIsRead(p reference.Packet, form wireForm) error {
	octets := oracleOf(p).encode(form)
	if err := decodesTo(p, octets); err != nil {
		return err
	}
	return isCanonical(p, octets)
}

// readAsByTheOracle: for any octets, the verdict, the fields and the number of octets
// consumed are the oracle's, and a packet that was read is written canonically.
func readAsByTheOracle(b []byte) error {
	p, n, err := reference.Decode(b)
	want := oracleRead(b)
	switch {
	case want.beyond && errors.Is(err, reference.ErrRange):
	case want.verdict == incomplete && errors.Is(err, reference.ErrIncomplete):
	case want.verdict == malformed && errors.As(err, new(*reference.MalformedError)):
	case want.verdict == whole && !want.beyond && err == nil:
		if n != want.consumed || cap(p.Payload) != len(p.Payload) {
			return breachf("decoding % x\nexpected %d octets consumed, none reachable behind the payload\ngot      %d consumed, %d reachable",
				b, want.consumed, n, cap(p.Payload)-len(p.Payload))
		}
		if err := sameFields(p, want.packet.reference()); err != nil {
			return breachf("decoding % x: %v", b, err)
		}
		return isCanonical(p, b[:n])
	default:
		return breachf("decoding % x\nexpected %s (beyond 61 bits: %t)\ngot      %s, error %v",
			b, want.verdict, want.beyond, show(p), err)
	}
	if n != 0 {
		return breachf("decoding % x: %v\nexpected no octets consumed\ngot      %d", b, err, n)
	}
	return sameFields(p, reference.Packet{})
}

// streamReadAsOctets: a stream of any octets begins with the packet that they begin
// with, or ends for the same reason. More than the reader's limit may be refused early.
func streamReadAsOctets(b []byte) error {
	want, n, reason := reference.Decode(b)
	r := reference.NewReader(iotest.OneByteReader(bytes.NewReader(b)), math.MaxInt)
	got, err := r.Next()
	var same bool
	switch {
	case reason == nil:
		same = err == nil && r.Offset() == int64(n) && sameFields(got, want) == nil
	case len(b) == 0:
		same = errors.Is(err, io.EOF)
	case errors.Is(reason, reference.ErrIncomplete):
		same = errors.Is(err, reference.ErrCut) || errors.Is(err, reference.ErrTooLarge)
	case errors.Is(reason, reference.ErrRange):
		same = errors.Is(err, reference.ErrRange)
	default:
		same = errors.As(err, new(*reference.MalformedError))
	}
	if !same {
		return breachf("reading the stream % x\nexpected as from octets: %s, %d octets, error %v\ngot                      %s, %d octets, error %v",
			b, show(want), n, reason, show(got), r.Offset(), err)
	}
	return nil
}

// everyPrefixIsIncomplete: no strict prefix of one packet's octets is a packet, or wrong.
func everyPrefixIsIncomplete(octets []byte) error {
	for n := range octets {
		p, consumed, err := reference.Decode(octets[:n])
		if !errors.Is(err, reference.ErrIncomplete) || consumed != 0 {
			return breachf("decoding the first %d octets of % x\nexpected %v\ngot      %s, %d octets consumed, error %v",
				n, octets, reference.ErrIncomplete, show(p), consumed, err)
		}
	}
	return nil
}

// equalMeansSameOctets: Equal is symmetric, and holds between two packets exactly if
// they are the same on the wire. The type of a response is not there.
func equalMeansSameOctets(p, q reference.Packet) error {
	want := bytes.Equal(oracleOf(p).encode(wireForm{}), oracleOf(q).encode(wireForm{}))
	if got, back := p.Equal(q), q.Equal(p); got != want || back != want {
		return breachf("p = %s\nq = %s\nexpected p.Equal(q) and q.Equal(p) to be %t\ngot      %t and %t",
			show(p), show(q), want, got, back)
	}
	return nil
}

func decodesTo(p reference.Packet, octets []byte) error {
	got, n, err := reference.Decode(octets)
	if err != nil || n != len(octets) {
		return breachf("decoding % x\nexpected %s, %d octets consumed\ngot      %s, %d consumed, error %v",
			octets, show(p), len(octets), show(got), n, err)
	}
	if err := sameFields(got, p); err != nil {
		return breachf("decoding % x: %v", octets, err)
	}
	return nil
}

// isCanonical: p, which was read from octets, is written as the oracle writes it: in
// these octets or in fewer, which read again to p.
func isCanonical(p reference.Packet, octets []byte) error {
	canonical, err := p.AppendBinary(nil)
	want := oracleOf(p).encode(wireForm{})
	if err != nil || !bytes.Equal(canonical, want) {
		return breachf("decoding and encoding % x\nexpected % x\ngot      % x, error %v", octets, want, canonical, err)
	}
	if !bytes.Equal(canonical, octets) && len(canonical) >= len(octets) {
		return breachf("decoding and encoding % x\nexpected these octets or fewer\ngot      % x", octets, canonical)
	}
	return decodesTo(p, canonical)
}

// sameFields compares what was read with what it should be; a response has no type.
func sameFields(got, want reference.Packet) error {
	if !want.IsRequest {
		want.Type = 0
	}
	if got.IsRequest != want.IsRequest || got.Channel != want.Channel || got.Tag != want.Tag ||
		got.Flags != want.Flags || got.Type != want.Type || !bytes.Equal(got.Payload, want.Payload) {
		return breachf("other fields\nexpected %s\ngot      %s", show(want), show(got))
	}
	return nil
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

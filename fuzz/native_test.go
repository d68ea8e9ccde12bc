package fuzz_test

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/packetspec/packetspec/reference"
)

// FuzzDecode reads the input as octets off the wire: as a packet, and as an integer,
// which is what a packet begins with.
func FuzzDecode(f *testing.F) {
	for _, file := range []string{"packets.jsonl", "packets-beyond-61-bits.jsonl", "decode.jsonl", "bsuint.jsonl"} {
		for _, v := range readVectors(f, file) {
			f.Add([]byte(v.Hex))
		}
	}
	f.Fuzz(func(t *testing.T, octets []byte) {
		if err := errors.Join(readAsByTheOracle(octets), integerReadAsByTheOracle(octets)); err != nil {
			t.Fatal(err)
		}
	})
}

// FuzzRoundTrip reads the input as the fields of a packet.
func FuzzRoundTrip(f *testing.F) {
	for _, file := range []string{"packets.jsonl", "decode.jsonl"} {
		for _, v := range readVectors(f, file) {
			if v.Packet != nil && !v.Packet.oracle().beyond() {
				f.Add(packFields(v.Packet.oracle().reference()))
			}
		}
	}
	f.Fuzz(func(t *testing.T, fields []byte) {
		p := unpackFields(fields)
		if err := errors.Join(roundTrip(p), equalMeansSameOctets(p, p)); err != nil {
			t.Fatal(err)
		}
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

func TestPackedFieldsUnpack(t *testing.T) {
	for i, v := range readVectors(t, "packets.jsonl") {
		p := v.Packet.oracle().reference()
		if err := sameFields(unpackFields(packFields(p)), p); err != nil {
			t.Errorf("packets.jsonl, line %d: %v", i+1, err)
		}
	}
}

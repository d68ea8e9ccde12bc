package inprocess

import (
	"bytes"
	"math/big"
	"testing"

	"github.com/packetspec/packetspec/fuzz/input"
	"github.com/packetspec/packetspec/reference"
)

// The codec of package input gives the expected values in this package, so it is itself
// tested against what the original was observed to do.

func TestInputWritesAsTheOriginal(t *testing.T) {
	for i, v := range readVectors(t, "packets.jsonl") {
		p, beyond := v.Packet.fields()
		if got := p.Octets(); beyond || !bytes.Equal(got, v.Hex) {
			t.Errorf("line %d: %+v\nexpected % x\ngot      % x", i+1, *v.Packet, v.Hex, got)
		}
	}
}

func TestInputReadsIntegersAsTheOriginal(t *testing.T) {
	for i, v := range readVectors(t, "bsuint.jsonl") {
		want, _ := new(big.Int).SetString(v.Value, 10)
		got, n, over := input.CutInteger(v.Hex)
		if over == want.IsUint64() || n != len(v.Hex) || !over && got != want.Uint64() {
			t.Errorf("line %d: % x\nexpected %s\ngot      %d (more than 64 bits: %t) from %d octets", i+1, v.Hex, v.Value, got, over, n)
		}
		if octets := input.AppendInteger(nil, got, 0); !over && !bytes.Equal(octets, v.Hex) {
			t.Errorf("line %d: %s\nexpected % x\ngot      % x", i+1, v.Value, v.Hex, octets)
		}
	}
}

func TestInputReadsAsTheOriginal(t *testing.T) {
	for _, file := range []string{"decode.jsonl", "packets-beyond-61-bits.jsonl"} {
		for i, v := range readVectors(t, file) {
			got := input.Read(v.Hex)
			if v.Packet == nil {
				if got.Shape == input.Whole {
					t.Errorf("%s, line %d: % x: expected %s, got a whole packet", file, i+1, v.Hex, v.Error)
				}
				continue
			}
			if v.Consumed == 0 { // the line is exactly one packet
				v.Consumed, v.Reencoded = len(v.Hex), v.Hex
			}
			want, beyond := v.Packet.fields()
			if got.Shape != input.Whole || got.Beyond != beyond || len(got.Octets) != v.Consumed {
				t.Errorf("%s, line %d: % x: expected a packet of %d octets, beyond 61 bits: %t\ngot      %s of %d, %t",
					file, i+1, v.Hex, v.Consumed, beyond, shapes[got.Shape].text, len(got.Octets), got.Beyond)
				continue
			}
			if octets := got.Packet.Octets(); !beyond && (!got.Packet.Same(want) || !bytes.Equal(octets, v.Reencoded)) {
				t.Errorf("%s, line %d: % x\nexpected %s, written again as % x\ngot      %s, % x", file, i+1, v.Hex, want, v.Reencoded, got.Packet, octets)
			}
		}
	}
}

func TestInputComparesAsTheOriginal(t *testing.T) {
	for i, v := range readVectors(t, "equal.jsonl") {
		a, _ := v.A.fields()
		b, _ := v.B.fields()
		if got := a.Same(b); got != v.Equal {
			t.Errorf("line %d: %s, %s\nexpected the same: %t\ngot      %t", i+1, a, b, v.Equal, got)
		}
	}
}

func TestPackedFieldsUnpack(t *testing.T) {
	for i, v := range readVectors(t, "packets.jsonl") {
		fields, _ := v.Packet.fields()
		p := reference.Packet(fields)
		if err := checkFields(v.Hex, unpackFields(packFields(p)), p); err != nil {
			t.Errorf("packets.jsonl, line %d: %v", i+1, err)
		}
	}
}

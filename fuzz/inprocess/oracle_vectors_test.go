package inprocess

import (
	"bytes"
	"testing"
)

// The oracle decides who is right in this package, so it answers to the original.
func TestOracleEncodesLikeTheOriginal(t *testing.T) {
	for _, file := range []string{"packets.jsonl", "packets-beyond-61-bits.jsonl"} {
		for i, v := range readVectors(t, file) {
			if got := v.Packet.oracle().encode(wireForm{}); !bytes.Equal(got, v.Hex) {
				t.Errorf("%s, line %d: %+v\nexpected % x\ngot      % x", file, i+1, *v.Packet, v.Hex, got)
			}
		}
	}
}

func TestOracleReadsIntegersLikeTheOriginal(t *testing.T) {
	for i, v := range readVectors(t, "bsuint.jsonl") {
		got, rest, ended := decodeInteger(v.Hex)
		if got.String() != v.Value || len(rest) > 0 || !ended {
			t.Errorf("line %d: % x\nexpected %s\ngot      %v, %d octets left, ended: %t", i+1, v.Hex, v.Value, got, len(rest), ended)
		}
		if octets := appendInteger(nil, got, 0); !bytes.Equal(octets, v.Hex) {
			t.Errorf("line %d: %s\nexpected % x\ngot      % x", i+1, v.Value, v.Hex, octets)
		}
	}
}

func TestOracleDecodesLikeTheOriginal(t *testing.T) {
	for i, v := range readVectors(t, "decode.jsonl") {
		got := oracleRead(v.Hex)
		if v.Packet == nil {
			if got.verdict == whole {
				t.Errorf("line %d: % x: expected %s, got a whole packet", i+1, v.Hex, v.Error)
			}
			continue
		}
		if got.verdict != whole || got.consumed != v.Consumed {
			t.Errorf("line %d: % x: expected a whole packet of %d octets, got %s of %d",
				i+1, v.Hex, v.Consumed, got.verdict, got.consumed)
			continue
		}
		if octets := got.packet.encode(wireForm{}); !bytes.Equal(octets, v.Reencoded) {
			t.Errorf("line %d: % x: re-encoded\nexpected % x\ngot      % x", i+1, v.Hex, v.Reencoded, octets)
		}
	}
}

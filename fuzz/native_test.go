package fuzz

import (
	"testing"
	"time"
)

func FuzzDecode(f *testing.F) {
	fuzzTarget(f, Decode, vectorOctets(f, "packets.jsonl", "packets-beyond-61-bits.jsonl", "decode.jsonl", "bsuint.jsonl"))
}

func FuzzRoundTrip(f *testing.F) {
	var seeds [][]byte
	for _, file := range []string{"packets.jsonl", "decode.jsonl"} {
		for _, v := range readVectors(f, file) {
			if v.Packet != nil && !v.Packet.oracle().beyond() {
				seeds = append(seeds, packFields(v.Packet.oracle().reference()))
			}
		}
	}
	fuzzTarget(f, RoundTrip, seeds)
}

func TestPackedFieldsUnpack(t *testing.T) {
	for i, v := range readVectors(t, "packets.jsonl") {
		p := v.Packet.oracle().reference()
		if err := sameFields(v.Hex, unpackFields(packFields(p)), p); err != nil {
			t.Errorf("packets.jsonl, line %d: %v", i+1, err)
		}
	}
}

func FuzzStreams(f *testing.F) {
	fuzzTarget(f, Streams, streamSeeds(f))
}

func FuzzConnection(f *testing.F) {
	fuzzTarget(f, Connection, streamSeeds(f))
}

func FuzzDifferential(f *testing.F) {
	fuzzTarget(f, Differential, streamSeeds(f))
}

func FuzzSession(f *testing.F) {
	fuzzTarget(f, Session, nil)
}

// fuzzTarget has Go's fuzzer run a target, and plain go test its seeds and its corpus.
func fuzzTarget(f *testing.F, run func([]byte) error, seeds [][]byte) {
	for _, seed := range seeds {
		f.Add(seed)
	}
	hung := false // what hangs once may do so for a thousand seeds
	f.Fuzz(func(t *testing.T, data []byte) {
		if hung {
			t.Skip("an input before this one took too long")
		}
		start := time.Now()
		if err := run(data); err != nil {
			hung = time.Since(start) > patience/4
			tellHowToReproduce(t)
			t.Fatal(err)
		}
	})
}

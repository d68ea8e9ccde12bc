package fuzz

import (
	"bytes"
	"testing"
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

// streamSeeds are the vectors one by one, and some of them one behind the other.
func streamSeeds(tb testing.TB) [][]byte {
	seeds := vectorOctets(tb, "packets.jsonl", "packets-beyond-61-bits.jsonl", "decode.jsonl")
	all := vectorOctets(tb, "packets.jsonl")
	for size := 2; size <= 128; size *= 2 {
		seeds = append(seeds, bytes.Join(all[size:2*size], nil))
	}
	return seeds
}

// fuzzTarget has Go's fuzzer run a target, and plain go test its seeds and its corpus.
func fuzzTarget(f *testing.F, run func([]byte) error, seeds [][]byte) {
	for _, seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := run(data); err != nil {
			tellHowToReproduce(t)
			t.Fatal(err)
		}
	})
}

// vectorOctets are the octets of every line of some files of vectors.
func vectorOctets(tb testing.TB, files ...string) (all [][]byte) {
	tb.Helper()
	for _, file := range files {
		for _, v := range readVectors(tb, file) {
			all = append(all, v.Hex)
		}
	}
	return all
}

func FuzzSession(f *testing.F) {
	fuzzTarget(f, Session, [][]byte{
		nil,
		{5, 0x10, 0, 0x11, 0x35, 0x06, 0x16, 0x0c}, // A and B ask each other
	})
}

package inprocess

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// seeds are what a native target begins with, beside its corpus.
func seeds(tb testing.TB, target string) [][]byte {
	switch target {
	case "Decode":
		return vectorOctets(tb, "packets.jsonl", "packets-beyond-61-bits.jsonl", "decode.jsonl", "bsuint.jsonl")
	case "RoundTrip":
		return fieldSeeds(tb)
	case "Streams", "Connection", "Differential":
		return streamSeeds(tb)
	}
	return nil
}

// fieldSeeds are the fields of the vectors that are packets.
func fieldSeeds(tb testing.TB) (seeds [][]byte) {
	for _, file := range []string{"packets.jsonl", "decode.jsonl"} {
		for _, v := range readVectors(tb, file) {
			if v.Packet != nil && !v.Packet.oracle().beyond() {
				seeds = append(seeds, packFields(v.Packet.oracle().reference()))
			}
		}
	}
	return seeds
}

// streamSeeds are the vectors one by one, some of them one behind the other, and the
// conversations in the corpus of FuzzConnection.
func streamSeeds(tb testing.TB) [][]byte {
	seeds := vectorOctets(tb, "packets.jsonl", "packets-beyond-61-bits.jsonl", "decode.jsonl")
	all := vectorOctets(tb, "packets.jsonl")
	for size := 2; size <= 128; size *= 2 {
		seeds = append(seeds, bytes.Join(all[size:2*size], nil))
	}
	return append(seeds, corpus(tb, "FuzzConnection")...)
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

// corpus is the inputs that are kept for a native target.
func corpus(tb testing.TB, target string) (all [][]byte) {
	tb.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "fuzz", target, "*"))
	if err != nil || len(files) == 0 {
		tb.Fatalf("the corpus of %s: got %d files, error %v; expected some", target, len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		_, literal, _ := strings.Cut(string(text), "\n[]byte(")
		octets, err := strconv.Unquote(strings.TrimSuffix(strings.TrimSpace(literal), ")"))
		if err != nil {
			tb.Fatalf("%s: %v", file, err)
		}
		all = append(all, []byte(octets))
	}
	return all
}

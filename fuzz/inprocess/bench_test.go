package inprocess

import "testing"

// Each benchmark is the executions of one target, over its seeds: 1e9 divided by ns/op
// is executions a second on one core, without the cost of an engine.

func BenchmarkDecode(b *testing.B) {
	benchmark(b, Decode, vectorOctets(b, "packets.jsonl", "packets-beyond-61-bits.jsonl", "decode.jsonl", "bsuint.jsonl"))
}

func BenchmarkStreams(b *testing.B)      { benchmark(b, Streams, streamSeeds(b)) }
func BenchmarkConnection(b *testing.B)   { benchmark(b, Connection, streamSeeds(b)) }
func BenchmarkDifferential(b *testing.B) { benchmark(b, Differential, streamSeeds(b)) }

func BenchmarkSession(b *testing.B) { benchmark(b, Session, corpus(b, "FuzzSession")) }

func benchmark(b *testing.B, run func([]byte) error, seeds [][]byte) {
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if err := run(seeds[i%len(seeds)]); err != nil {
			b.Fatal(err)
		}
		i++
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "executions/s")
}

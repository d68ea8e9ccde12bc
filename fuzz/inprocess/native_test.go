package inprocess

import (
	"flag"
	"os"
	"testing"
	"time"
)

// inputFile is for inputs as other engines keep them: the octets, and nothing else.
var inputFile = flag.String("input", "", "run the native targets on the contents of this `file` too")

func FuzzDecode(f *testing.F)       { fuzzTarget(f, "Decode") }
func FuzzRoundTrip(f *testing.F)    { fuzzTarget(f, "RoundTrip") }
func FuzzStreams(f *testing.F)      { fuzzTarget(f, "Streams") }
func FuzzConnection(f *testing.F)   { fuzzTarget(f, "Connection") }
func FuzzSession(f *testing.F)      { fuzzTarget(f, "Session") }
func FuzzDifferential(f *testing.F) { fuzzTarget(f, "Differential") }

func TestPackedFieldsUnpack(t *testing.T) {
	for i, v := range readVectors(t, "packets.jsonl") {
		p := v.Packet.oracle().reference()
		if err := sameFields(v.Hex, unpackFields(packFields(p)), p); err != nil {
			t.Errorf("packets.jsonl, line %d: %v", i+1, err)
		}
	}
}

// fuzzTarget has Go's fuzzer run a target, and plain go test its seeds and its corpus.
func fuzzTarget(f *testing.F, name string) {
	for _, seed := range seeds(f, name) {
		f.Add(seed)
	}
	if *inputFile != "" {
		octets, err := os.ReadFile(*inputFile)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(octets)
	}
	run := targetNamed(f, name).Run
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

func targetNamed(tb testing.TB, name string) Target {
	for _, t := range Targets() {
		if t.Name == name {
			return t
		}
	}
	tb.Fatalf("no target %s", name)
	return Target{}
}

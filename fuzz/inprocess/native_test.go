package inprocess

import (
	"bytes"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/packetspec/packetspec/fuzz/input"
	"github.com/packetspec/packetspec/reference"
)

// inputFile names an input as other engines store it: its bytes and nothing else.
var inputFile = flag.String("input", "", "run the native targets on the contents of this `file` too")

func FuzzDecode(f *testing.F)    { fuzzTarget(f, "Decode") }
func FuzzRoundTrip(f *testing.F) { fuzzTarget(f, "RoundTrip") }
func FuzzStreams(f *testing.F)   { fuzzTarget(f, "Streams") }
func FuzzSession(f *testing.F)   { fuzzTarget(f, "Session") }
func FuzzJudged(f *testing.F)    { fuzzTarget(f, "Judged") }

// fuzzTarget lets Go's fuzzer run a target. Plain go test runs it on its seeds and corpus.
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
	hung := false // one hang is enough: a thousand seeds may hang
	f.Fuzz(func(t *testing.T, data []byte) {
		if hung {
			t.Skip("an input before this one took too long")
		}
		start := time.Now()
		if err := run(data); err != nil {
			hung = time.Since(start) > maxDuration/4
			logReproduction(t)
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

// Each benchmark measures how many times a second one target runs on its seeds, on one
// core, without the cost of a fuzzing engine.

func BenchmarkDecode(b *testing.B) {
	benchmark(b, Decode, vectorOctets(b, "packets.jsonl", "packets-beyond-61-bits.jsonl", "decode.jsonl", "bsuint.jsonl"))
}

func BenchmarkStreams(b *testing.B) { benchmark(b, Streams, streamSeeds(b)) }
func BenchmarkJudged(b *testing.B)  { benchmark(b, Judged, judgedSeeds(b)) }

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

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// announceSeed chooses rapid's seed for t, unless the command line did, and prints it at
// once. A panic in a goroutine of a connection ends the process before rapid can print it.
func announceSeed(t *testing.T) {
	replaceDefault(t, "rapid.seed", "0", strconv.FormatUint(rand.Uint64(), 10))
	fmt.Fprintf(os.Stderr, "%s: -rapid.seed=%v\n", t.Name(), flag.Lookup("rapid.seed").Value)
}

// replaceDefault sets a flag while t runs, if it has its default value.
func replaceDefault(t *testing.T, name, old, value string) {
	f := flag.Lookup(name).Value
	if f.String() != old {
		return
	}
	if err := f.Set(value); err != nil {
		t.Fatalf("-%s=%s: %v", name, value, err)
	}
	t.Cleanup(func() { _ = f.Set(old) })
}

// logReproduction makes a failure of t end with the command that reproduces it, with the
// given environment variables.
func logReproduction(t *testing.T, environment ...string) {
	t.Cleanup(func() {
		if !t.Failed() {
			return
		}
		run := "^" + strings.ReplaceAll(t.Name(), "/", "$/^") + "$"
		command := slices.Concat(environment, []string{"go test ./fuzz/inprocess -count=1 -run '" + run + "'"})
		if *inputFile != "" {
			command = append(command, "-input", *inputFile)
		}
		t.Logf("reproduce: %s", strings.Join(command, " "))
	})
}

// TestLargestInputs runs every target on the inputs that cost most: as many of the shortest
// packets as an input can hold.
func TestLargestInputs(t *testing.T) {
	var requests []byte
	for tag := uint64(1); len(requests) < maxInput; tag++ {
		requests = append(requests, encoded(reference.Packet{IsRequest: true, Tag: tag, Type: 12}, input.Encoding{})...)
	}
	for name, data := range map[string][]byte{
		"requests that are held": requests,
		"one duplicate":          bytes.Repeat([]byte{3, 1, 2, 3}, maxInput/4),
		"responses":              bytes.Repeat([]byte{2, 1, 4}, maxInput/3),
		"one integer":            bytes.Repeat([]byte{0xff}, maxInput),
		"operations":             bytes.Repeat([]byte{0x0b}, maxInput),
	} {
		for _, target := range Targets() {
			if err := target.Run(data); err != nil {
				t.Errorf("%s of %s: expected no error\ngot %.500v", target.Name, name, err)
			}
		}
	}
}

// TestLimitMemory requires an error from a function that allocates too much every time, and
// none from one that did so once, because something else may have allocated then.
func TestLimitMemory(t *testing.T) {
	var kept []byte
	allocates := func(times int) func() error {
		return func() error {
			if times > 0 {
				kept = make([]byte, 2<<20)
			}
			times--
			return nil
		}
	}
	if err := limitMemory(memoryFor(10), allocates(1)); err != nil {
		t.Errorf("once: expected no error, got %v", err)
	}
	if err := limitMemory(memoryFor(10), allocates(math.MaxInt)); err == nil {
		t.Error("each time: expected an error")
	}
	_ = kept
}

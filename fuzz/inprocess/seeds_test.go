package inprocess

import (
	"archive/zip"
	"bytes"
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/packetspec/packetspec/fuzz/input"
	"github.com/packetspec/packetspec/reference"
)

// seeds returns the seeds of a native target, without its corpus in testdata/fuzz.
func seeds(tb testing.TB, target string) [][]byte {
	switch target {
	case "Decode":
		return vectorOctets(tb, "packets.jsonl", "packets-beyond-61-bits.jsonl", "decode.jsonl", "bsuint.jsonl")
	case "RoundTrip":
		return fieldSeeds(tb)
	case "Streams":
		return streamSeeds(tb)
	case "Judged":
		return judgedSeeds(tb)
	}
	return nil
}

// fieldSeeds returns the fields of every packet in the vectors, for RoundTrip.
func fieldSeeds(tb testing.TB) (seeds [][]byte) {
	for _, file := range []string{"packets.jsonl", "decode.jsonl"} {
		for _, v := range readVectors(tb, file) {
			if v.Packet == nil {
				continue
			}
			if p, beyond := v.Packet.fields(); !beyond {
				seeds = append(seeds, packFields(reference.Packet(p)))
			}
		}
	}
	return seeds
}

// packFields returns an input that unpackFields turns into p.
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

// streamSeeds returns the vectors one by one, several of them one behind the other, and
// the corpus of FuzzJudged.
func streamSeeds(tb testing.TB) [][]byte {
	seeds := vectorOctets(tb, "packets.jsonl", "packets-beyond-61-bits.jsonl", "decode.jsonl")
	all := vectorOctets(tb, "packets.jsonl")
	for size := 2; size <= 128; size *= 2 {
		seeds = append(seeds, bytes.Join(all[size:2*size], nil))
	}
	return append(seeds, corpus(tb, "FuzzJudged")...)
}

// judgedSeeds returns the conversations and the streams.
func judgedSeeds(tb testing.TB) [][]byte { return append(conversations(), streamSeeds(tb)...) }

// vectorOctets returns the octets of every line of some files of vectors.
func vectorOctets(tb testing.TB, files ...string) (all [][]byte) {
	tb.Helper()
	for _, file := range files {
		for _, v := range readVectors(tb, file) {
			all = append(all, v.Hex)
		}
	}
	return all
}

// corpus returns the inputs in testdata/fuzz of a native target.
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

// vectors is the folder that records what the original was observed to do.
const vectors = "../../features/vectors"

// A vector is one line of a file of vectors; each file has some of the fields.
type vector struct {
	Hex       hexOctets     `json:"hex"`
	Value     string        `json:"value"`
	Packet    *vectorPacket `json:"packet"`
	Consumed  int           `json:"consumed"`
	Reencoded hexOctets     `json:"reencoded"`
	Error     string        `json:"error"`
	A         *vectorPacket `json:"a"`
	B         *vectorPacket `json:"b"`
	Equal     bool          `json:"equal"`
}

// A vectorPacket has its integers in decimal; a response has no rq_type.
type vectorPacket struct {
	IsRequest bool      `json:"is_request"`
	Channel   string    `json:"channel"`
	Tag       string    `json:"tag"`
	Flags     string    `json:"flags"`
	Type      string    `json:"rq_type"`
	Payload   hexOctets `json:"payload"`
}

type hexOctets []byte

func (h *hexOctets) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

// fields returns the packet, and whether one of its integers has more than 61 bits.
func (p vectorPacket) fields() (q input.Packet, beyond bool) {
	integer := func(decimal string) uint64 {
		v, err := strconv.ParseUint("0"+decimal, 10, 64)
		beyond = beyond || err != nil || v > input.MaxInteger
		return v
	}
	return input.Packet{
		IsRequest: p.IsRequest, Channel: integer(p.Channel), Tag: integer(p.Tag),
		Flags: integer(p.Flags), Type: integer(p.Type), Payload: p.Payload,
	}, beyond
}

// readVectors returns the lines of one file. It fails if there are none, so that no test
// passes for lack of vectors.
func readVectors(tb testing.TB, file string) (lines []vector) {
	tb.Helper()
	octets, err := os.ReadFile(filepath.Join(vectors, file))
	if err != nil {
		tb.Fatal(err)
	}
	for line := range bytes.Lines(octets) {
		var v vector
		if err := json.Unmarshal(line, &v); err != nil {
			tb.Fatalf("%s, line %d: %v", file, len(lines)+1, err)
		}
		lines = append(lines, v)
	}
	if len(lines) == 0 {
		tb.Fatalf("%s: got no vectors, expected some", file)
	}
	return lines
}

// corpora names a directory for the seeds, for engines that read files only.
var corpora = flag.String("corpora", "", "make TestSeedCorpora write the seed corpora to this `directory`")

// TestSeedCorpora writes the seeds and the corpus of each target into an archive, one file
// for each input, in the layout that OSS-Fuzz expects.
func TestSeedCorpora(t *testing.T) {
	dir := *corpora
	if dir == "" {
		dir = t.TempDir()
	}
	for _, target := range Targets() {
		name := "Fuzz" + target.Name
		want := seeds(t, target.Name)
		if kept, err := filepath.Glob(filepath.Join("testdata", "fuzz", name, "*")); err != nil {
			t.Fatal(err)
		} else if len(kept) > 0 {
			want = append(want, corpus(t, name)...)
		}
		file := filepath.Join(dir, name+"_seed_corpus.zip")
		if err := archive(file, want); err != nil {
			t.Fatal(err)
		}
		got, err := archived(file)
		if err != nil {
			t.Fatal(err)
		}
		if len(want) == 0 {
			t.Errorf("%s: expected some seeds, got none", name)
		}
		seen := make(map[string]bool)
		for _, seed := range want {
			seen[string(seed)] = true
		}
		if !maps.Equal(got, seen) {
			t.Errorf("%s: expected %d inputs, got %d, or others", name, len(seen), len(got))
		}
	}
}

// archive writes each input once, under the name that libFuzzer would give it.
func archive(file string, inputs [][]byte) (err error) {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer func() {
		if e := f.Close(); err == nil {
			err = e
		}
	}()
	w := zip.NewWriter(f)
	written := make(map[string]bool)
	for _, octets := range inputs {
		name := fmt.Sprintf("%x", sha1.Sum(octets))
		if written[name] {
			continue
		}
		written[name] = true
		entry, err := w.Create(name)
		if err != nil {
			return err
		}
		if _, err := entry.Write(octets); err != nil {
			return err
		}
	}
	return w.Close()
}

// archived returns the inputs in an archive.
func archived(file string) (map[string]bool, error) {
	r, err := zip.OpenReader(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	inputs := make(map[string]bool)
	for _, entry := range r.File {
		f, err := entry.Open()
		if err != nil {
			return nil, err
		}
		octets, err := io.ReadAll(f)
		if err != nil {
			return nil, err
		}
		inputs[string(octets)] = true
	}
	return inputs, nil
}

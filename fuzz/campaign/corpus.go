package campaign

import (
	"bytes"
	"cmp"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/packetspec/packetspec/fuzz/plan"
)

// everything is a subject that can do all that bears on a plan.
var everything = plan.Abilities{Channels: true, Decode: true, DecodeFlags: true, InvalidReply: true}

// Merge is as few of some inputs as show every trace that all of them show, short ones
// preferred, and how many traces that are.
func Merge(corpus [][]byte) (kept [][]byte, traces int, err error) {
	corpus = slices.Clone(corpus)
	slices.SortStableFunc(corpus, func(a, b []byte) int {
		return cmp.Or(cmp.Compare(len(a), len(b)), bytes.Compare(a, b))
	})
	seen := map[uint64]bool{}
	for _, raw := range corpus {
		shown, err := explore(&Case{Raw: raw}, everything)
		if err != nil {
			return nil, 0, err
		}
		before := len(seen)
		for _, v := range shown {
			seen[v] = true
		}
		if len(seen) > before {
			kept = append(kept, raw)
		}
	}
	return kept, len(seen), nil
}

// A Format is a way in which another tool keeps its inputs, one a file.
type Format struct {
	Name   string
	Text   string
	File   func(raw []byte) string
	Encode func(raw []byte) []byte
	Decode func(file []byte) ([]byte, error)
}

// Formats are all there are.
var Formats = []Format{
	{
		Name: "go", Text: "Go's native fuzzing: go test fuzz v1, one []byte",
		File:   func(raw []byte) string { return Name(goFile(raw)) },
		Encode: goFile, Decode: parseGoFile,
	},
	{
		Name: "libfuzzer", Text: "libFuzzer's and AFL's: the octets, under the name of their SHA-1",
		File: func(raw []byte) string {
			sum := sha1.Sum(raw)
			return hex.EncodeToString(sum[:])
		},
		Encode: bytes.Clone, Decode: func(file []byte) ([]byte, error) { return file, nil },
	},
	{
		Name: "raw", Text: "packetspec's: the octets",
		File: Name, Encode: bytes.Clone, Decode: func(file []byte) ([]byte, error) { return file, nil },
	},
}

const goHeader = "go test fuzz v1\n"

func goFile(raw []byte) []byte {
	return []byte(goHeader + "[]byte(" + strconv.Quote(string(raw)) + ")\n")
}

func parseGoFile(file []byte) ([]byte, error) {
	rest, ok := bytes.CutPrefix(file, []byte(goHeader))
	rest = bytes.TrimSpace(rest)
	if ok {
		rest, ok = bytes.CutPrefix(rest, []byte("[]byte("))
	}
	if ok {
		rest, ok = bytes.CutSuffix(rest, []byte(")"))
	}
	if !ok {
		return nil, fmt.Errorf("not a file of Go's fuzzing with one []byte")
	}
	s, err := strconv.Unquote(string(rest))
	return []byte(s), err
}

// Convert copies the inputs of a folder into another, from one format into another.
func Convert(from, into string, read, write Format) (n int, err error) {
	files, err := ReadCorpus(from)
	if err != nil {
		return 0, err
	}
	if err := os.MkdirAll(into, 0o777); err != nil {
		return 0, err
	}
	for _, file := range files {
		raw, err := read.Decode(file)
		if err != nil {
			return n, fmt.Errorf("%s: %w", from, err)
		}
		if err := os.WriteFile(filepath.Join(into, write.File(raw)), write.Encode(raw), 0o666); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

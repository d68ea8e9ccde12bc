package campaign

import (
	"bytes"
	"cmp"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

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

// A Format is how a tool stores an input in a file of its own.
type Format struct {
	Name   string                  // as --from and --to give it
	Text   string                  // for help
	File   func(raw []byte) string // the name of an input's file
	Encode func(raw []byte) []byte
	Decode func(file []byte) ([]byte, error)
}

// Raw is packetspec's own format.
var Raw = Format{Name: "raw", Text: "packetspec: the bytes", File: Name, Encode: bytes.Clone, Decode: verbatim}

// Formats lists all formats.
var Formats = []Format{
	{
		Name: "go", Text: "Go's native fuzzing: go test fuzz v1, one []byte",
		File:   func(raw []byte) string { return Name(goFile(raw)) },
		Encode: goFile, Decode: parseGoFile,
	},
	{
		Name: "libfuzzer", Text: "libFuzzer and AFL: the bytes, in a file named by their SHA-1",
		File: func(raw []byte) string {
			sum := sha1.Sum(raw)
			return hex.EncodeToString(sum[:])
		},
		Encode: bytes.Clone, Decode: verbatim,
	},
	Raw,
}

func verbatim(file []byte) ([]byte, error) { return file, nil }

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
		return nil, fmt.Errorf("not a file of Go's fuzzing with one []byte: expected the line %q, then []byte(\"…\")", strings.TrimSpace(goHeader))
	}
	s, err := strconv.Unquote(string(rest))
	return []byte(s), err
}

package campaign

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/packetspec/packetspec/fuzz/plan"
	"github.com/packetspec/packetspec/internal/readfile"
)

// A Corpus holds what a folder has of inputs.
type Corpus struct {
	Inputs  [][]byte
	Skipped []string // entries of the folder that are no inputs, each with the reason
}

// ReadCorpus reads every file of a folder as an input, in the order of their names. It follows links
// to files. It skips other entries, and inputs that have more than a number of bytes.
func ReadCorpus(ctx context.Context, dir string, format Format, limit int) (c Corpus, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return c, err
	}
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return c, err
		}
		skip := func(why string) { c.Skipped = append(c.Skipped, fmt.Sprintf("%s (%s)", e.Name(), why)) }
		name := filepath.Join(dir, e.Name())
		info, err := os.Stat(name)
		switch {
		case err != nil && e.Type() == fs.ModeSymlink:
			skip("a link to nothing")
			continue
		case err != nil:
			return c, err
		case info.IsDir():
			skip("a folder")
			continue
		case !info.Mode().IsRegular():
			skip("not a regular file")
			continue
		}
		file, err := readfile.All(ctx, name, format.maxFile(limit))
		long := errors.Is(err, readfile.ErrTooLong)
		if err != nil && !long {
			return c, err
		}
		var raw []byte
		if !long {
			if raw, err = format.Decode(file); err != nil {
				return c, fmt.Errorf("%s: %w", name, err)
			}
		}
		if long || len(raw) > limit {
			skip(fmt.Sprintf("more than %d bytes", limit))
			continue
		}
		c.Inputs = append(c.Inputs, raw)
	}
	return c, nil
}

// WriteCorpus writes inputs into a folder, each to a file named after its content. It makes
// the folder if need be, and leaves other files there.
func WriteCorpus(dir string, corpus [][]byte, format Format) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	for _, raw := range corpus {
		file := format.Encode(raw)
		if err := os.WriteFile(filepath.Join(dir, format.File(file)), file, 0o666); err != nil {
			return err
		}
	}
	return nil
}

// Name returns the name of the file that holds an input: the first quarter of its SHA-256.
func Name(raw []byte) string { return fmt.Sprintf("%.8x", sha256.Sum256(raw)) }

// Prune removes from a folder the files of inputs that are not in the corpus. Only files that
// [WriteCorpus] has named count as such: the name of each is that of its content. Prune keeps
// everything else, and returns the names of the other files.
func Prune(dir string, corpus [][]byte) (others []string, err error) {
	keep := map[string]bool{}
	for _, raw := range corpus {
		keep[Name(raw)] = true
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if !e.Type().IsRegular() || keep[e.Name()] {
			continue
		}
		name := filepath.Join(dir, e.Name())
		named, err := isNamed(name)
		switch {
		case err != nil:
			return others, err
		case !named:
			others = append(others, e.Name())
			continue
		}
		if err := os.Remove(name); err != nil {
			return others, err
		}
	}
	return others, nil
}

// aName matches what Name returns.
var aName = regexp.MustCompile(`^[0-9a-f]{16}$`)

// isNamed reports whether the name of a regular file is that of its content.
func isNamed(name string) (bool, error) {
	if !aName.MatchString(filepath.Base(name)) {
		return false, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return false, err
	}
	defer func() { _ = file.Close() }()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return false, err
	}
	return fmt.Sprintf("%.8x", hash.Sum(nil)) == filepath.Base(name), nil
}

// everything holds all abilities that a plan may need.
var everything = plan.Abilities{Channels: true, Decode: true, DecodeFlags: true, InvalidReply: true}

// Merge returns few of the inputs, the shortest first, that together show every trace that all of them
// show, and the number of traces. The error is a [ReferenceError], or that ctx has ended.
func Merge(ctx context.Context, corpus [][]byte) (kept [][]byte, traces int, err error) {
	corpus = slices.Clone(corpus)
	slices.SortStableFunc(corpus, func(a, b []byte) int {
		return cmp.Or(cmp.Compare(len(a), len(b)), bytes.Compare(a, b))
	})
	seen := map[uint64]bool{}
	for _, raw := range corpus {
		if err := ctx.Err(); err != nil {
			return nil, 0, err
		}
		shown, err := explore(&Case{Raw: raw}, everything)
		if err != nil {
			return nil, 0, err
		}
		if note(seen, shown) {
			kept = append(kept, raw)
		}
	}
	return kept, len(seen), nil
}

// A Format is how a tool stores an input in a file of its own.
type Format struct {
	Name   string                   // as --from and --to give it
	Text   string                   // for help
	File   func(file []byte) string // the name of a file, by its content
	Encode func(raw []byte) []byte
	Decode func(file []byte) ([]byte, error)
}

// Raw is packetspec's own format.
var Raw = Format{Name: "raw", Text: "packetspec: the bytes", File: Name, Encode: bytes.Clone, Decode: verbatim}

// Formats lists all formats.
var Formats = []Format{
	{Name: "go", Text: "Go's native fuzzing: go test fuzz v1, one []byte", File: Name, Encode: goFile, Decode: parseGoFile},
	{Name: "libfuzzer", Text: "libFuzzer and AFL: the bytes, in a file named by their SHA-1", File: sha1Name, Encode: bytes.Clone, Decode: verbatim},
	Raw,
}

// maxFile returns how many bytes a file has at most that holds an input of at most a number of bytes.
func (f Format) maxFile(limit int) int {
	const widest = len(`\x00`) // how Go may write a byte
	return widest*limit + len(goFile(nil))
}

func verbatim(file []byte) ([]byte, error) { return file, nil }

func sha1Name(file []byte) string { return fmt.Sprintf("%x", sha1.Sum(file)) }

const goHeader = "go test fuzz v1\n"

func goFile(raw []byte) []byte { return fmt.Appendf(nil, "%s[]byte(%q)\n", goHeader, raw) }

var goLiteral = regexp.MustCompile(`(?s)^` + goHeader + `\s*\[\]byte\((.*)\)\s*$`)

func parseGoFile(file []byte) ([]byte, error) {
	found := goLiteral.FindSubmatch(file)
	if found == nil {
		return nil, fmt.Errorf("not a file of Go's fuzzing with one []byte: expected the line %q, then []byte(\"…\")", strings.TrimSpace(goHeader))
	}
	s, err := strconv.Unquote(string(found[1]))
	return []byte(s), err
}

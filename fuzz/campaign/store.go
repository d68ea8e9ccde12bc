package campaign

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/fuzz/input"
	"github.com/packetspec/packetspec/fuzz/judge"
	"github.com/packetspec/packetspec/internal/output"
	"github.com/packetspec/packetspec/internal/readfile"
)

// A Store is the folder of a campaign. It holds a folder for the corpus, one for suspects, each with
// one raw file for an input, and one for findings, each a folder. Its methods make what is missing.
type Store struct{ Dir string }

// The names of what the folder of a finding holds beside finding.json and replay.sh.
const (
	InputFile = "input" // its smallest input
	facesDir  = "faces" // a folder with the smallest input of each of its faces
)

// Try makes the folder, and writes and renames a file in it and in each of its folders that exist. An
// error shows before a campaign that its results could not be kept. The function undo removes the
// folders that Try made, except those that are no longer empty.
func (s Store) Try() (undo func(), err error) {
	var made []string // the innermost first
	for dir := filepath.Clean(s.Dir); ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		made = append(made, dir)
	}
	undo = func() {
		for _, dir := range made {
			_ = os.Remove(dir)
		}
	}
	if err := s.try(); err != nil {
		undo()
		return nil, err
	}
	return undo, nil
}

func (s Store) try() error {
	if err := os.MkdirAll(s.Dir, 0o777); err != nil {
		return err
	}
	for _, dir := range []string{s.Dir, s.corpus(), s.findings(), s.suspects()} {
		info, err := os.Stat(dir)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return err
		case !info.IsDir():
			return fmt.Errorf("%s is not a folder", dir)
		}
		if err := writeFile(filepath.Join(dir, ".try"), []byte("try"), 0o666); err != nil {
			return err
		}
		if err := os.Remove(filepath.Join(dir, ".try")); err != nil {
			return err
		}
	}
	return nil
}

// writeFile makes or replaces a file, so that nobody ever finds half of one.
func writeFile(name string, content []byte, mode fs.FileMode) error {
	file, err := output.Open(context.Background(), name)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if err := file.Write(func(w io.Writer) error { _, err := w.Write(content); return err }); err != nil {
		return err
	}
	if mode&0o100 == 0 {
		return nil
	}
	return os.Chmod(name, mode)
}

// Corpus reads the corpus, as [ReadCorpus] does. A store that does not exist yet has no inputs.
func (s Store) Corpus(ctx context.Context, limit int) (Corpus, error) {
	corpus, err := ReadCorpus(ctx, s.corpus(), Raw, limit)
	if _, missing := os.Stat(s.corpus()); errors.Is(missing, fs.ErrNotExist) {
		return Corpus{}, nil
	}
	return corpus, err
}

func (s Store) corpus() string   { return filepath.Join(s.Dir, "corpus") }
func (s Store) findings() string { return filepath.Join(s.Dir, "findings") }
func (s Store) suspects() string { return filepath.Join(s.Dir, "suspects") }

// SaveCorpus adds inputs to the corpus.
func (s Store) SaveCorpus(corpus [][]byte) error { return WriteCorpus(s.corpus(), corpus, Raw) }

// SaveSuspects writes the inputs of suspects that were not tried again, and returns their folder.
func (s Store) SaveSuspects(suspects []*Finding) (dir string, err error) {
	dir = s.suspects()
	if len(suspects) == 0 {
		return dir, nil
	}
	var all [][]byte
	for _, f := range suspects {
		all = append(all, f.Input)
	}
	return dir, WriteCorpus(dir, all, Raw)
}

// A FindingError reports that the file of a finding does not hold one.
type FindingError struct {
	File string
	Err  error
}

func (e *FindingError) Error() string { return e.File + ": " + e.Err.Error() }

// Unwrap returns what is wrong with the file.
func (e *FindingError) Unwrap() error { return e.Err }

// maxFinding bounds finding.json, in bytes. It has each input twice, in hex and in words.
const maxFinding = 64 << 20

// Findings reads what earlier campaigns found, in the order of the folders' names. Folders without
// the files of a finding are not read. The error of a file with something else is a [FindingError].
func (s Store) Findings(ctx context.Context) (all []*Finding, err error) {
	files, err := filepath.Glob(filepath.Join(escapeGlob(s.findings()), "*", findingFile))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		text, err := readfile.All(ctx, file, maxFinding)
		if err != nil {
			return nil, err
		}
		var was Saved
		if err := json.Unmarshal(text, &was); err != nil {
			return nil, &FindingError{file, errors.New("it is not the file of a finding: it is cut short, or not JSON")}
		}
		f, err := was.finding()
		if err != nil {
			return nil, &FindingError{file, err}
		}
		f.dir = filepath.Dir(file)
		all = append(all, f)
	}
	return all, nil
}

// findingFile is the name of the file in the folder of a finding that describes it.
const findingFile = "finding.json"

// escapeGlob returns a path as a pattern that matches it alone.
func escapeGlob(path string) string {
	return regexp.MustCompile(`[\\*?\[]`).ReplaceAllString(path, `\$0`)
}

// SaveFinding writes the folder of a finding and returns its path.
func (s Store) SaveFinding(f *Finding, broken Requirements, replay Replay) (dir string, err error) {
	dir = f.dir
	if dir == "" {
		dir = filepath.Join(s.findings(), slug(f.Signature))
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return dir, err
	}
	text, err := json.MarshalIndent(Save(f, dir, broken, replay), "", "  ")
	if err != nil {
		return dir, err
	}
	type file struct {
		name    string
		content []byte
		mode    fs.FileMode
	}
	files := []file{
		{InputFile, f.Input, 0o666},
		{"first", f.First, 0o666},
		{findingFile, append(text, '\n'), 0o666},
		{"replay.sh", []byte(replay.script(f, dir)), 0o777},
	}
	if f.Plan != nil {
		files = append(files, file{"scenario.feature", []byte(f.Scenario(broken(f).Level)), 0o666})
	}
	if len(f.Faces) > 0 {
		if err := os.MkdirAll(filepath.Join(dir, facesDir), 0o777); err != nil {
			return dir, err
		}
	}
	for _, face := range f.Faces {
		files = append(files, file{face.fileAsFace(), face.Input, 0o666})
	}
	for _, file := range files {
		if err := writeFile(filepath.Join(dir, file.name), file.content, file.mode); err != nil {
			return dir, err
		}
	}
	return dir, nil
}

// Lacks reports whether the folder of a finding, as SaveFinding wrote it, lacks an input now.
func (s Store) Lacks(f *Finding, dir string) bool {
	names := []string{filepath.Join(dir, InputFile), filepath.Join(dir, findingFile)}
	for _, face := range f.Faces {
		names = append(names, f.FaceFile(dir, face))
	}
	return slices.ContainsFunc(names, func(name string) bool { _, err := os.Stat(name); return err != nil })
}

// fileAsFace returns the name of the file in the folder of a finding that holds the smallest input of
// a face.
func (f *Finding) fileAsFace() string { return filepath.Join(facesDir, slug(f.Signature)) }

// FaceFile returns the path of the file in the folder of the finding that holds the smallest input of
// a face.
func (f *Finding) FaceFile(dir string, face *Finding) string {
	return filepath.Join(dir, face.fileAsFace())
}

// Requirements returns the requirement that a finding or a face breaks.
type Requirements func(f *Finding) spec.Requirement

// Saved is a finding or a face as finding.json and the JSON report hold it. Programs read it: fields
// may be added, but not renamed.
type Saved struct {
	Signature string `json:"signature"`
	judge.Difference
	Level     spec.Level  `json:"level"`
	Text      string      `json:"text,omitempty"` // of the requirement
	Status    Status      `json:"status,omitempty"`
	Confirmed string      `json:"confirmed"`
	Flaky     bool        `json:"flaky,omitempty"`
	Company   bool        `json:"company,omitempty"`
	Many      bool        `json:"many,omitempty"`
	Known     string      `json:"known,omitempty"`
	Seen      int64       `json:"seen"`
	Number    int64       `json:"first_input"`
	Input     string      `json:"input"`
	Script    []string    `json:"script"`
	Requires  []string    `json:"requires"`
	Came      []string    `json:"came"`
	Actual    string      `json:"actual"` // what came in the place of what was expected
	Crash     *SavedCrash `json:"crash,omitempty"`
	Replay    string      `json:"replay"`
	Faces     []Saved     `json:"faces,omitempty"` // other differences of the same suspected cause
}

// A SavedCrash is a [Crash] in JSON.
type SavedCrash struct {
	Status int    `json:"exit_status"`
	Signal string `json:"signal,omitempty"`
	Stderr string `json:"stderr"`
}

// Save returns a finding, whose folder is dir, with its faces.
func Save(f *Finding, dir string, broken Requirements, replay Replay) Saved {
	s := saveOne(f, filepath.Join(dir, InputFile), broken, replay)
	for _, face := range f.Faces {
		s.Faces = append(s.Faces, saveOne(face, filepath.Join(dir, face.fileAsFace()), broken, replay))
	}
	return s
}

func saveOne(f *Finding, file string, broken Requirements, replay Replay) Saved {
	q := broken(f)
	s := Saved{
		Signature: f.Signature, Difference: f.Difference, Level: q.Level, Text: q.Text, Status: f.Status,
		Confirmed: fmt.Sprintf("%d of %d", f.Confirmed, f.Tries), Flaky: f.Flaky(), Company: f.Company, Many: f.Many, Known: f.Known,
		Seen: f.Seen, Number: f.Number, Input: hex.EncodeToString(f.Input), Script: input.Describe(f.Input), Actual: f.Difference.Came, Replay: replay.Command(f, file),
	}
	s.Requires, s.Came = f.Outcome()
	if f.Crash != nil {
		s.Crash = &SavedCrash{Status: f.Crash.Status, Signal: f.Crash.Signal, Stderr: f.Crash.Shown()}
	}
	if f.before != nil && f.Confirmed == 0 { // what an earlier campaign saw says more
		s.Confirmed, s.Flaky, s.Requires, s.Came, s.Crash = f.before.Confirmed, f.before.Flaky, f.before.Requires, f.before.Came, f.before.Crash
	}
	return s
}

// finding returns what is saved as a finding that was not tried again.
func (s Saved) finding() (*Finding, error) {
	raw, err := hex.DecodeString(s.Input)
	if err != nil || s.Signature == "" {
		return nil, errors.New("it is not the file of a finding: it must have a signature, and an input in hex")
	}
	f := &Finding{
		Signature: s.Signature, Difference: s.Difference, Input: raw, First: raw, Number: s.Number, Seen: s.Seen,
		Company: s.Company, Many: s.Many, Status: NotTried, before: &s,
	}
	f.Difference.Came = s.Actual
	for _, face := range s.Faces {
		g, err := face.finding()
		if err != nil {
			return nil, err
		}
		f.Faces = append(f.Faces, g)
	}
	return f, nil
}

var notWord = regexp.MustCompile(`[^A-Za-z0-9]+`)

// maxSlug bounds the name of a folder, in bytes.
const maxSlug = 80

// slug returns a signature as the name of a file or folder. One that is long, as that of a crash, ends
// with a hash of the signature, since it does not hold all of it.
func slug(signature string) string {
	name := strings.ToLower(strings.Trim(notWord.ReplaceAllString(signature, "-"), "-"))
	if len(name) > maxSlug {
		name = fmt.Sprintf("%s-%.8s", name[:maxSlug], Name([]byte(signature)))
	}
	return name
}

package campaign

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/fuzz/input"
	"github.com/packetspec/packetspec/fuzz/judge"
)

// A Store is the folder of a campaign: corpus, with one raw file an input, and findings,
// with a folder each.
type Store struct{ Dir string }

// The parts of a store, and of a finding.
const (
	corpusDir   = "corpus"
	findingsDir = "findings"
	InputFile   = "input"
	jsonFile    = "finding.json"
	replayFile  = "replay.sh"
	featureFile = "scenario.feature"
)

// Corpus reads the inputs of the store, in the order of their names. A store that does not
// exist yet has none.
func (s Store) Corpus() ([][]byte, error) {
	corpus, err := ReadCorpus(filepath.Join(s.Dir, corpusDir), Raw)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return corpus, err
}

// ReadCorpus reads every regular file of a folder as an input, in the order of their names.
func ReadCorpus(dir string, format Format) (corpus [][]byte, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if !e.Type().IsRegular() {
			continue
		}
		name := filepath.Join(dir, e.Name())
		file, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		raw, err := format.Decode(file)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		corpus = append(corpus, raw)
	}
	return corpus, nil
}

// WriteCorpus writes inputs into a folder, each to a file named after its content. It makes
// the folder if need be, and leaves other files there.
func WriteCorpus(dir string, corpus [][]byte, format Format) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	for _, raw := range corpus {
		if err := os.WriteFile(filepath.Join(dir, format.File(raw)), format.Encode(raw), 0o666); err != nil {
			return err
		}
	}
	return nil
}

// Name is the name of an input's file.
func Name(raw []byte) string {
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:8])
}

// SaveCorpus writes the corpus of a campaign.
func (s Store) SaveCorpus(corpus [][]byte) error {
	return WriteCorpus(filepath.Join(s.Dir, corpusDir), corpus, Raw)
}

// SaveSuspects writes the inputs that there was no time to try again.
func (s Store) SaveSuspects(suspects []*Finding) (dir string, err error) {
	dir = filepath.Join(s.Dir, "suspects")
	if len(suspects) == 0 {
		return dir, nil
	}
	var all [][]byte
	for _, f := range suspects {
		all = append(all, f.Input)
	}
	return dir, WriteCorpus(dir, all, Raw)
}

var notWord = regexp.MustCompile(`[^A-Za-z0-9]+`)

// Slug is a signature as the name of a folder.
func Slug(signature string) string {
	return strings.ToLower(strings.Trim(notWord.ReplaceAllString(signature, "-"), "-"))
}

// saved is a finding in JSON.
type saved struct {
	Signature string `json:"signature"`
	judge.Difference
	Level     spec.Level `json:"level"`
	Text      string     `json:"text,omitempty"` // of the requirement
	Confirmed string     `json:"confirmed"`
	Flaky     bool       `json:"flaky,omitempty"`
	Company   bool       `json:"company,omitempty"`
	Many      bool       `json:"many,omitempty"`
	Known     string     `json:"known,omitempty"`
	Seen      int64      `json:"seen"`
	Number    int64      `json:"first_input"`
	Input     string     `json:"input"`
	Script    []string   `json:"script"`
	Requires  []string   `json:"requires"`
	Came      []string   `json:"came"`
	Replay    string     `json:"replay"`
}

// SaveFinding writes a finding, which breaks a requirement; replay makes the command that
// replays the input in a file.
func (s Store) SaveFinding(f *Finding, broken spec.Requirement, replay func(file string) string) (dir string, err error) {
	dir = filepath.Join(s.Dir, findingsDir, Slug(f.Signature))
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return dir, err
	}
	command := replay(filepath.Join(dir, InputFile))
	required, came := f.Tell()
	form, err := json.MarshalIndent(saved{
		Signature: f.Signature, Difference: f.Difference, Level: broken.Level, Text: broken.Text, Confirmed: fmt.Sprintf("%d of %d", f.Confirmed, f.Tries),
		Flaky: f.Flaky(), Company: f.Company, Many: f.Many, Known: f.Known, Seen: f.Seen, Number: f.Number,
		Input: hex.EncodeToString(f.Input), Script: input.Tell(f.Input), Requires: required, Came: came, Replay: command,
	}, "", "  ")
	if err != nil {
		return dir, err
	}
	for name, octets := range map[string][]byte{
		InputFile:   f.Input,
		"first":     f.First,
		jsonFile:    append(form, '\n'),
		replayFile:  []byte("#!/bin/sh\nexec " + command + "\n"),
		featureFile: []byte(f.Scenario(broken.Level)),
	} {
		mode := os.FileMode(0o666)
		if name == replayFile {
			mode = 0o777
		}
		if err := os.WriteFile(filepath.Join(dir, name), octets, mode); err != nil {
			return dir, err
		}
	}
	return dir, nil
}

// Prune removes from a folder of inputs those that are not among corpus. It keeps folders.
func Prune(dir string, corpus [][]byte) error {
	keep := map[string]bool{}
	for _, raw := range corpus {
		keep[Name(raw)] = true
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !e.Type().IsRegular() || keep[e.Name()] {
			continue
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

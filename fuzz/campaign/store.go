package campaign

import (
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

// A Store is the folder of a campaign. It holds a folder for the corpus, one for suspects, each with
// one raw file for an input, and one for findings, each a folder. Its methods make what is missing.
type Store struct{ Dir string }

// InputFile is the name of the file in the folder of a finding that holds its smallest input.
const InputFile = "input"

// Corpus reads the inputs of the corpus, in the order of their names. A store that does not exist
// yet has none.
func (s Store) Corpus() ([][]byte, error) {
	corpus, err := ReadCorpus(s.corpus(), Raw)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return corpus, err
}

func (s Store) corpus() string { return filepath.Join(s.Dir, "corpus") }

// SaveCorpus adds inputs to the corpus.
func (s Store) SaveCorpus(corpus [][]byte) error { return WriteCorpus(s.corpus(), corpus, Raw) }

// SaveSuspects writes the inputs of suspects that were not tried again, and returns their folder.
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

// SaveFinding writes the folder of a finding and returns its path. It takes the requirement that the
// finding breaks, and makes the command that replays the input in a file.
func (s Store) SaveFinding(f *Finding, broken spec.Requirement, replay func(file string) string) (dir string, err error) {
	dir = filepath.Join(s.Dir, "findings", slug(f.Signature))
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return dir, err
	}
	command := replay(filepath.Join(dir, InputFile))
	required, came := f.Outcome()
	finding, err := json.MarshalIndent(saved{
		Signature: f.Signature, Difference: f.Difference, Level: broken.Level, Text: broken.Text, Confirmed: fmt.Sprintf("%d of %d", f.Confirmed, f.Tries),
		Flaky: f.Flaky(), Company: f.Company, Many: f.Many, Known: f.Known, Seen: f.Seen, Number: f.Number,
		Input: hex.EncodeToString(f.Input), Script: input.Describe(f.Input), Requires: required, Came: came, Replay: command,
	}, "", "  ")
	if err != nil {
		return dir, err
	}
	for _, file := range []struct {
		name    string
		content []byte
		mode    os.FileMode
	}{
		{InputFile, f.Input, 0o666},
		{"first", f.First, 0o666},
		{"finding.json", append(finding, '\n'), 0o666},
		{"replay.sh", []byte("#!/bin/sh\nexec " + command + "\n"), 0o777},
		{"scenario.feature", []byte(f.Scenario(broken.Level)), 0o666},
	} {
		if err := os.WriteFile(filepath.Join(dir, file.name), file.content, file.mode); err != nil {
			return dir, err
		}
	}
	return dir, nil
}

// saved is the content of finding.json. Programs read it: fields may be added, but not renamed.
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

var notWord = regexp.MustCompile(`[^A-Za-z0-9]+`)

// slug returns a signature as the name of a folder.
func slug(signature string) string {
	return strings.ToLower(strings.Trim(notWord.ReplaceAllString(signature, "-"), "-"))
}

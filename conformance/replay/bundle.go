// Package replay keeps what happened in a scenario that failed as a folder, a bundle, and plays such a
// bundle against an adapter: the same commands, and the same octets of the peer, in the same order.
package replay

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/packetspec/packetspec/conformance/record"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/internal/hint"
)

// Limit bounds what a bundle keeps of one scenario.
var Limit = record.Limit{Events: 20000, Each: 1 << 20, Bytes: 1 << 20}

// Format is the version of the form of bundle.json.
const Format = 1

// A Bundle is what happened in one scenario. The folder of a bundle holds it as bundle.json, and its
// parts as plain files:
//
//	peer-N.octets      what the peer sent on connection N, usable with cat
//	subject-N.octets   what the subject sent there
//	commands.jsonl     what the runner sent to the adapter, one command a line
//	replies.jsonl      what the adapter printed
//	stderr.txt         its standard error
//	scenario.feature   the scenario
type Bundle struct {
	Format int `json:"format"`
	// Suite is the version of packetspec, Commit what it was built from, Specification the version of SPEC.md.
	Suite         string         `json:"suite"`
	Commit        string         `json:"commit,omitempty"`
	Specification string         `json:"specification"`
	Subject       report.Subject `json:"subject"`
	Dialect       string         `json:"dialect"`
	// Result says how the scenario ended. Its events are in Events.
	Result report.Result  `json:"result"`
	Events []record.Event `json:"events"`
	// Cut is set if the limit has left something out: then a replay may differ.
	Cut bool `json:"cut,omitempty"`

	Scenario string `json:"-"` // as a feature
}

// file is the name of the file of a bundle that holds all of it.
const file = "bundle.json"

// Save writes a bundle to a folder, which it makes.
func Save(dir string, b Bundle) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	b.Format = Format
	b.Result.Events = nil
	files := map[string][]byte{"stderr.txt": []byte(b.Result.Stderr), "scenario.feature": []byte(b.Scenario)}
	add := func(name string, content []byte) { files[name] = append(files[name], content...) }
	for _, e := range b.Events {
		b.Cut = b.Cut || e.Omitted > 0 || e.Skipped > 0
		switch e.From {
		case record.Runner:
			add("commands.jsonl", []byte(e.Text+"\n"))
		case record.Adapter:
			add("replies.jsonl", []byte(e.Text+"\n"))
		case record.Peer, record.Subject:
			add(fmt.Sprintf("%s-%d.octets", e.From, e.Conn), e.Octets)
		}
	}
	text, err := json.MarshalIndent(b, "", " ")
	if err != nil {
		return err
	}
	files[file] = append(text, '\n')
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o666); err != nil {
			return err
		}
	}
	return nil
}

// Load reads the bundle in a folder.
func Load(dir string) (*Bundle, error) {
	text, err := os.ReadFile(filepath.Join(dir, file))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, hint.Add(fmt.Errorf("%s: no bundle: the folder has no %s", dir, file), "packetspec test --replay-dir bundles keeps one of each failure in a folder of its own")
	case err != nil:
		return nil, err
	}
	var b Bundle
	err = json.Unmarshal(text, &b)
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		err = fmt.Errorf("the field %s has a value of the type %s", wrong.Field, wrong.Value)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: not a bundle of packetspec test --replay-dir: %w", filepath.Join(dir, file), err)
	}
	switch {
	case b.Format < 1 || b.Format > Format:
		return nil, fmt.Errorf("%s: it has the format %d, and this packetspec reads format %d", filepath.Join(dir, file), b.Format, Format)
	case len(b.Events) == 0:
		return nil, fmt.Errorf("%s: nothing happened in the scenario, so there is nothing to play", filepath.Join(dir, file))
	}
	return &b, nil
}

// A Keeper saves bundles of the first failures of a run, each in a folder of its own.
type Keeper struct {
	Dir  string // where the folders are made; empty: in a temporary one, which is made with the first
	Most int    // how many to save; 0: all
	// About holds what all bundles of the run have in common.
	About Bundle

	saved  int
	failed error
}

// Keep saves a result with its events, and returns the folder, or "" if it saved nothing. Its calls must not
// overlap.
func (k *Keeper) Keep(subject report.Subject, r report.Result, scenario string) string {
	if k.failed != nil || k.Most > 0 && k.saved >= k.Most || len(r.Events) == 0 {
		return ""
	}
	if k.Dir == "" {
		if k.Dir, k.failed = os.MkdirTemp("", "packetspec-replay"); k.failed != nil {
			return ""
		}
	}
	b := k.About
	b.Subject, b.Result, b.Events, b.Scenario = subject, r, r.Events, scenario
	dir := filepath.Join(k.Dir, strings.ReplaceAll(r.ID, "/", "."))
	if k.failed = Save(dir, b); k.failed != nil {
		return ""
	}
	k.saved++
	return dir
}

// Err returns why a bundle could not be saved, after which no further one was.
func (k *Keeper) Err() error {
	if k.failed == nil {
		return nil
	}
	return fmt.Errorf("keep what happened in the folder %s: %w", cmp.Or(k.Dir, os.TempDir()), k.failed)
}

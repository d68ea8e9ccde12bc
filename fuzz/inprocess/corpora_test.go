package inprocess

import (
	"archive/zip"
	"crypto/sha1"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"testing"
)

// corpora is where the seeds go for engines that know files only.
var corpora = flag.String("corpora", "", "have TestSeedCorpora leave the seed corpora in this `directory`")

// Each target's seeds and its corpus, an input a file, are in an archive as OSS-Fuzz
// takes them.
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

// archive writes each of some inputs once, under the name that libFuzzer would give it.
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

// archived is the inputs in an archive.
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

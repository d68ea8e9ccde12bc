package doctor

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
)

// TestPlantedFaults requires that every planted fault is found, by its name, and brings no other finding but
// those that come with it.
func TestPlantedFaults(t *testing.T) {
	if testing.Short() {
		t.Skip("many of them show by a time limit, and take a minute")
	}
	atOnce := make(chan struct{}, 16) // most of the time goes into waiting
	var all sync.WaitGroup
	defer all.Wait()
	only := os.Getenv("PLANT")
	for _, name := range slices.Sorted(maps.Keys(plants)) {
		if only != "" && !strings.Contains(name, only) {
			continue
		}
		sown := plants[name]
		atOnce <- struct{}{}
		all.Go(func() {
			defer func() { <-atOnce }()
			p := withFault(t, name)
			p.Env = append(p.Env, "PLANTED_LOCK="+filepath.Join(t.TempDir(), "lock"))
			o := Options{Adapter: p, StartTime: startTime, Timeout: time.Second, Dir: t.TempDir(), longPayload: 100 << 10}
			if sown.kind == "no-hello" {
				o.StartTime = time.Second
			}
			r, err := Check(context.Background(), o)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				return
			}
			found := false
			for _, f := range r.Findings {
				switch {
				case f.Kind == sown.kind:
					found = true
				case !slices.Contains(sown.also, f.Kind):
					t.Errorf("%s: also found\n%s", name, f.Text())
				}
			}
			if !found && sown.kind != "" {
				t.Errorf("%s: not found; expected %s", name, sown.kind)
			}
		})
	}
}

// TestEveryKindIsPlanted requires a planted fault for every kind of finding, and sixty in all.
func TestEveryKindIsPlanted(t *testing.T) {
	missing := maps.Clone(kinds)
	for _, p := range plants {
		delete(missing, p.kind)
	}
	for kind := range missing {
		t.Errorf("no planted fault leads to %s", kind)
	}
	if len(plants) < 60 {
		t.Errorf("%d planted faults, expected 60", len(plants))
	}
	for name, p := range plants {
		if _, ok := kinds[p.kind]; !ok && name != "" {
			t.Errorf("%s: there is no kind %s", name, p.kind)
		}
	}
}

// TestSectionsExist requires that the guide has every section that findings name.
func TestSectionsExist(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", guide))
	if err != nil {
		t.Fatal(err)
	}
	headings := map[string]bool{}
	for line := range strings.Lines(string(page)) {
		if heading, ok := strings.CutPrefix(strings.TrimLeft(line, "#"), " "); ok && strings.HasPrefix(line, "#") {
			headings[strings.TrimSpace(heading)] = true
		}
	}
	for kind, about := range kinds {
		if !headings[string(about.section)] {
			t.Errorf("%s: the guide has no section %q", kind, about.section)
		}
	}
	if got, want := codec.link(), "conformance/adapter/ADAPTERS.md#encode-decode-equal-and-string"; got != want {
		t.Errorf("got the link %s, expected %s", got, want)
	}
}

// TestFilesThatDoNotRun requires a finding that says why a file cannot be started.
func TestFilesThatDoNotRun(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "missing"):                        "no such file",
		file("no-bit.py", "#!/usr/bin/env python3\n", 0o600): "the file is not executable",
		file("wrong.py", "#!/opt/no/python9\n", 0o700):       "names the interpreter \"/opt/no/python9\", which does not exist",
		file("windows.sh", "#!/bin/sh\r\nexit\r\n", 0o700):   "carriage return",
		file("no-interpreter.py", "import sys\n", 0o700):     "neither a program of this machine nor a script",
		dir: "it is a folder",
	} {
		r := checkup(t, adapter.Process{Argv: []string{path}}, time.Second)
		if r.NotStarted == "" || len(r.Findings) != 1 || r.Findings[0].Kind != "not-started" || !strings.Contains(r.Findings[0].Came, want) {
			t.Errorf("%s: got %q and %s, expected %q", path, r.NotStarted, textOf(r.Findings), want)
		}
	}
}

package skeleton_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/doctor"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/skeleton"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/features"
	"github.com/packetspec/packetspec/internal/subjecttest"
)

// TestSkeletons writes the skeleton of each language, builds it, runs its own tests, and drives it: it answers
// hello, and replies to every other command that it does not support it. The doctor finds nothing.
func TestSkeletons(t *testing.T) {
	if testing.Short() {
		t.Skip("building takes long")
	}
	for _, l := range skeleton.Languages {
		t.Run(l.Name, func(t *testing.T) {
			subjecttest.NeedTool(t, l.Tool, "install it to try the skeleton")
			if l.Build[0] == "npm install" && !subjecttest.LanguagesRequired() {
				t.Skipf("%s fetches the compiler from a registry: set PACKETSPEC_REQUIRE_LANGUAGES to allow that", l.Build[0])
			}
			dir := filepath.Join(t.TempDir(), "a", "folder")
			if _, _, err := skeleton.Write(l.Name, dir); err != nil {
				t.Fatal(err)
			}
			for _, command := range l.Build {
				build := exec.Command("sh", "-ec", command)
				build.Dir = dir
				if out, err := build.CombinedOutput(); err != nil {
					t.Fatalf("%s: %v\n%s", command, err, out)
				}
			}
			subject := process(dir, l.Run)
			drive(t, subject)
			results, err := doctor.Check(t.Context(), doctor.Options{Adapter: subject, StartTime: time.Minute, Timeout: 20 * time.Second})
			if err != nil {
				t.Fatal(err)
			}
			for _, finding := range results.Findings {
				t.Errorf("the doctor finds %s: sent %s, came %s", finding.Kind, finding.Sent, finding.Came)
			}
		})
	}
}

// process returns the adapter that a command starts in a folder.
func process(dir, command string) adapter.Process {
	return adapter.Process{Argv: []string{"sh", "-c", "cd \"$0\" && exec " + command, dir}}
}

// drive starts an adapter whose TODOs are open, and sends it every command.
func drive(t *testing.T, subject adapter.Process) {
	t.Helper()
	ctx, cancel := adapter.WithStartTime(t.Context(), time.Minute, errors.New("the adapter took a minute"))
	defer cancel()
	session, err := subject.Start(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Kill()
	if session.Hello.Name == "" || session.Hello.Language == "" || len(session.Hello.Supports) > 0 {
		t.Errorf("got the hello %+v, expected a name, a language and no abilities", session.Hello)
	}
	yes := true
	request := adapter.Packet{IsRequest: true, Channel: "0", Tag: "1", Flags: "0", RqType: "1", Payload: adapter.Hex{}}
	recv, send := filepath.Join(t.TempDir(), "recv"), filepath.Join(t.TempDir(), "send")
	for _, name := range []string{recv, send} {
		if err := syscall.Mkfifo(name, 0o600); err != nil {
			t.Fatal(err)
		}
		end, err := os.OpenFile(name, os.O_RDWR, 0) // so that no opening waits
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = end.Close() }()
	}
	for _, m := range []adapter.Message{
		{Op: adapter.OpEncode, Packet: &request},
		{Op: adapter.OpDecode, Bytes: &adapter.Hex{2, 0, 4}},
		{Op: adapter.OpEqual, A: &request, B: &request},
		{Op: adapter.OpString, Packet: &request},
		{Op: adapter.OpOpen, Conn: "c1", Recv: recv, Send: send, Handler: &yes},
		{Op: "no-such-command"},
	} {
		_, err := session.Do(context.Background(), m)
		if adapter.KindOf(err) != adapter.Unsupported {
			t.Errorf("%s: got %v, expected the error unsupported", m.Op, err)
		}
	}
	if _, err := session.Do(context.Background(), adapter.Message{Op: adapter.OpJoin, Conn: "c1"}); adapter.KindOf(err) == "" {
		t.Error("join on a connection that is not open: got no error")
	}
	if err := session.Stop(); err != nil {
		t.Error(err)
	}
}

// TestTODOsDone does the TODOs of some skeletons: for the implementation of the guide's example, and for the one
// in JavaScript. Every scenario then passes, except those of abilities that the implementation lacks.
func TestTODOsDone(t *testing.T) {
	if testing.Short() {
		t.Skip("it runs the suite in other languages")
	}
	for _, done := range []struct {
		language, file, library string
		passes                  int // how many scenarios at least
	}{
		{"python", "implementation.py", "../adapter/example/packets.py", 600},
		{"javascript", "implementation.js", "../adapters/javascript/src/index.js", 700},
	} {
		t.Run(done.language, func(t *testing.T) {
			l := skeleton.Languages[slices.Index(skeleton.Names(), done.language)]
			if _, err := exec.LookPath(l.Tool); err != nil {
				t.Skipf("%s is not installed", l.Tool)
			}
			dir := filepath.Join(t.TempDir(), "new")
			if _, _, err := skeleton.Write(done.language, dir); err != nil {
				t.Fatal(err)
			}
			library, err := filepath.Abs(done.library)
			if err != nil {
				t.Fatal(err)
			}
			content, err := os.ReadFile(filepath.Join("testdata", done.file))
			if err != nil {
				t.Fatal(err)
			}
			content = bytes.ReplaceAll(content, []byte("PACKETSTREAM"), []byte(library))
			if err := os.WriteFile(filepath.Join(dir, done.file), content, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(library, filepath.Join(dir, filepath.Base(library))); err != nil {
				t.Fatal(err)
			}
			passAll(t, process(dir, l.Run), done.passes)
		})
	}
}

// passAll runs the suite against an adapter, of which at least some scenarios pass and the others are skipped.
func passAll(t *testing.T, subject adapter.Process, least int) {
	t.Helper()
	s, err := spec.Load(features.FS)
	if err != nil {
		t.Fatal(err)
	}
	scenarios, err := conformance.Filter{}.Select(s)
	if err != nil {
		t.Fatal(err)
	}
	results, err := conformance.Run{
		Spec: s, Scenarios: scenarios, Subject: subject, Parallel: 4, Timeout: 20 * time.Second, StartTime: time.Minute,
	}.Do(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	passed := 0
	for _, r := range results.Results {
		switch {
		case r.Outcome == report.Pass:
			passed++
		case r.Outcome != report.Skip || !slices.Contains(adapter.Abilities, adapter.Ability(r.Lacks)):
			t.Error(results.Explain(r))
		}
	}
	if passed < least {
		t.Errorf("%d scenarios passed, expected at least %d", passed, least)
	}
}

// TestWritten requires the files that every skeleton has: a page, a TODO, and tests.
func TestWritten(t *testing.T) {
	for _, l := range skeleton.Languages {
		dir := filepath.Join(t.TempDir(), "new")
		_, files, err := skeleton.Write(l.Name, dir)
		if err != nil {
			t.Fatal(err)
		}
		todo := false
		for _, name := range files {
			content, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			todo = todo || name != "README.md" && strings.Contains(string(content), "TODO: ")
		}
		if !todo || !slices.Contains(files, "README.md") || !slices.ContainsFunc(files, regexp.MustCompile(`(?i)test`).MatchString) {
			t.Errorf("%s: got the files %q, expected README.md, tests and a TODO", l.Name, files)
		}
		page, _ := os.ReadFile(filepath.Join(dir, "README.md"))
		for _, command := range append(l.Build, "-- "+l.Run) {
			if !strings.Contains(string(page), command) {
				t.Errorf("%s: README.md does not name the command %q", l.Name, command)
			}
		}
	}
}

// TestRefused refuses folders that are not empty, and unknown languages, and writes nothing.
func TestRefused(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ language, dir, want string }{
		{"python", dir, "it must be an empty folder"},
		{"python", file, "which is a file"},
		{"python", filepath.Join(file, "below"), "not written"},
		{"pyhton", filepath.Join(dir, "new"), "hint: --lang python"},
		{"golang", filepath.Join(dir, "new"), "hint: --lang go"},
		{"", filepath.Join(dir, "new"), `--lang is ""`},
	} {
		_, _, err := skeleton.Write(test.language, test.dir)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s in %s: got %v, expected %q", test.language, test.dir, err, test.want)
		}
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("got %v, expected the file alone", entries)
	}
}

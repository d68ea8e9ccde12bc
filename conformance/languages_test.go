package conformance_test

import (
	"context"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/internal/subjecttest"
)

// TestLanguages runs the suite against the implementations in other languages. Each must pass
// every scenario of every level, except those of the abilities that its row lets it lack.
//
// In the folder of each, "build DIR" builds the implementation and writes the program
// "adapter" into DIR.
func TestLanguages(t *testing.T) {
	if testing.Short() {
		t.Skip("building takes long")
	}
	for _, language := range []struct {
		folder string
		tool   string   // the program without which build cannot run
		hint   string   // what to install
		lacks  []string // the abilities that the language cannot express
	}{
		{folder: "c", tool: "make", hint: "install make and a C compiler", lacks: []string{"big-integers"}},
		{folder: "rust", tool: "cargo", hint: "install Rust, version 1.85 or later", lacks: []string{"invalid-reply", "negative"}},
		{folder: "javascript", tool: "node", hint: "install Node, version 20 or later"},
		{folder: "java", tool: "javac", hint: "install a JDK, version 17 or later"},
	} {
		t.Run(language.folder, func(t *testing.T) {
			subjecttest.NeedTool(t, language.tool, language.hint)
			testLanguage(t, filepath.Join("adapters", language.folder), language.lacks)
		})
	}
}

func testLanguage(t *testing.T, dir string, lacks []string) {
	out := t.TempDir()
	if text, err := exec.Command(filepath.Join(dir, "build"), out).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", filepath.Join(dir, "build"), err, text)
	}
	s, scenarios := wholeSuite(t)
	results, err := conformance.Run{
		Spec: s, Scenarios: scenarios, Parallel: 4,
		Timeout: 5 * time.Second, StartTime: time.Minute,
		Subject: adapter.Process{Argv: []string{filepath.Join(out, "adapter")}},
	}.Do(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results.Results {
		skipped := r.Outcome == report.Skip && slices.Contains(lacks, r.Lacks)
		if r.Outcome != report.Pass && !skipped {
			t.Error(results.Explain(r))
		}
	}
	check(t, "scenarios", len(results.Results), len(scenarios))
}

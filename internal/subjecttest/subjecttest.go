// Package subjecttest runs subjects as separate processes, for tests: the mutant, where it may
// crash or a test inspects its standard error or its memory, and releases of the original.
package subjecttest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/mutant"
)

const (
	// faultVariable is the environment variable that makes the test binary run as an adapter
	// of the mutant with the fault that it names.
	faultVariable = "PACKETSPEC_TEST_FAULT"
	// requireOriginal is the environment variable that makes Original fail the test, not skip
	// it, if the release is not installed.
	requireOriginal = "PACKETSPEC_REQUIRE_ORIGINAL"
	// requireLanguages is the one that makes NeedTool fail the test, not skip it.
	requireLanguages = "PACKETSPEC_REQUIRE_LANGUAGES"
)

// Main runs the tests or, in a process that [Mutant] describes, the adapter. TestMain must
// call it and do nothing else.
func Main(m *testing.M) {
	fault, asAdapter := os.LookupEnv(faultVariable)
	if !asAdapter {
		m.Run()
		return
	}
	impl, err := mutant.New(fault)
	if err == nil {
		err = adapter.Serve(context.Background(), impl, os.Stdin, os.Stdout)
	}
	if err != nil {
		panic(err)
	}
}

// self describes this binary and its environment at the start of the process: godog sets
// variables while it runs.
var self, selfErr = adapter.Self()

// Mutant describes the process that runs the mutant with this fault, or without one if fault
// is empty: the test binary itself, started again. It fails the test if it cannot find that.
func Mutant(t *testing.T, fault string) adapter.Process {
	t.Helper()
	if selfErr != nil {
		t.Fatal(selfErr)
	}
	return adapter.Process{Argv: self.Argv, Env: append(slices.Clip(self.Env), faultVariable+"="+fault)}
}

// Original describes the process that runs the adapter on a release of the original. dir is
// the path of conformance/adapters/python-cs-packetstream. If setup has not installed the
// release there, Original skips the test.
func Original(t *testing.T, dir, release string) adapter.Process {
	t.Helper()
	if _, err := os.Stat(filepath.Join(dir, ".venv-"+release)); err != nil {
		if os.Getenv(requireOriginal) != "" {
			t.Fatal(err)
		}
		t.Skipf("cs.packetstream %s is not installed: run %s %s", release, filepath.Join(dir, "setup"), release)
	}
	return adapter.Process{Argv: []string{filepath.Join(dir, "run"), release}}
}

// LanguagesRequired reports whether tests of other languages must run, and may fetch what they need.
func LanguagesRequired() bool { return os.Getenv(requireLanguages) != "" }

// NeedTool skips the test if a tool of another language is not installed, or fails it if such tests must
// run. The hint says what to install.
func NeedTool(t *testing.T, tool, hint string) {
	t.Helper()
	if _, err := exec.LookPath(tool); err != nil {
		if LanguagesRequired() {
			t.Fatalf("%v: %s", err, hint)
		}
		t.Skipf("%s is not installed: %s", tool, hint)
	}
}

package campaign_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/fuzz/campaign"
)

// build compiles the adapter deep.c. If the compiler is missing, it skips the test, or fails it if
// PACKETSPEC_REQUIRE_AFL is set.
func build(t *testing.T, compiler string) adapter.Process {
	t.Helper()
	if _, err := exec.LookPath(compiler); err != nil {
		report := t.Skipf
		if os.Getenv("PACKETSPEC_REQUIRE_AFL") != "" {
			report = t.Fatalf
		}
		report("%s is not installed (on Debian: apt-get install afl++ gcc)", compiler)
	}
	program := filepath.Join(t.TempDir(), "deep")
	cmd := exec.Command(compiler, "-O1", "-o", program, "testdata/deep.c")
	cmd.Env = append(cmd.Environ(), "AFL_QUIET=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", compiler, err, out)
	}
	return adapter.Process{Argv: []string{program}}
}

// TestInstrumented counts the edges of a program built by AFL's compiler, and none if it is not asked
// to.
func TestInstrumented(t *testing.T) {
	program := build(t, "afl-clang-fast")
	run := func(starter adapter.Starter) *campaign.Result {
		r, err := campaign.Campaign{Starter: starter, Seed: 1, Inputs: 3000, Raw: true}.Run(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	with, without := run(campaign.Instrumented{Process: program}), run(program)
	if with.Edges == 0 || without.Edges != 0 {
		t.Errorf("got %d edges with --afl and %d without, expected some and 0", with.Edges, without.Edges)
	}
}

// TestGuidedByEdges finds a fault behind three comparisons of one byte each. Only edges show that an
// input has passed the first or the second: a random payload of three bytes passes all three once in
// sixteen million.
func TestGuidedByEdges(t *testing.T) {
	program := build(t, "afl-clang-fast")
	r, err := campaign.Campaign{
		Starter: campaign.Instrumented{Process: program}, Seed: 1, Inputs: 300_000, Enough: 1,
	}.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Findings) == 0 || r.Findings[0].Difference.Requirement != "ENC-1" {
		t.Errorf("got %v after %d inputs, expected a finding of ENC-1", r.Findings, r.Inputs)
	}
}

// TestNotInstrumented refuses a program that counts no edges, and says how to build one that does.
func TestNotInstrumented(t *testing.T) {
	program := build(t, "gcc")
	_, err := campaign.Campaign{Starter: campaign.Instrumented{Process: program}, Seed: 1, Inputs: 64}.Run(context.Background())
	if err == nil || !strings.Contains(err.Error(), "afl-clang-fast") {
		t.Errorf("got %v, expected an error that names afl-clang-fast", err)
	}
}

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

// build compiles the adapter deep.c, or skips the test if the compiler is not there, unless
// PACKETSPEC_REQUIRE_AFL is set.
func build(t *testing.T, compiler string) adapter.Process {
	t.Helper()
	if _, err := exec.LookPath(compiler); err != nil {
		tell := t.Skipf
		if os.Getenv("PACKETSPEC_REQUIRE_AFL") != "" {
			tell = t.Fatalf
		}
		tell("%s is not installed (on Debian: apt-get install afl++ gcc)", compiler)
	}
	program := filepath.Join(t.TempDir(), "deep")
	cmd := exec.Command(compiler, "-O1", "-o", program, "testdata/deep.c")
	cmd.Env = append(cmd.Environ(), "AFL_QUIET=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", compiler, err, out)
	}
	return adapter.Process{Argv: []string{program}}
}

// TestInstrumented counts the edges of a program that AFL's compiler has built, and those of no
// other.
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

// TestGuidedByEdges finds a mistake behind three comparisons of octets, one after another, of
// which only the edges tell that they are being come by: one chance in sixteen million for
// each payload of three octets otherwise.
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

// TestNotInstrumented refuses a program that counts nothing, and says how to build one that
// does.
func TestNotInstrumented(t *testing.T) {
	program := build(t, "gcc")
	_, err := campaign.Campaign{Starter: campaign.Instrumented{Process: program}, Seed: 1, Inputs: 64}.Run(context.Background())
	if err == nil || !strings.Contains(err.Error(), "afl-clang-fast") {
		t.Errorf("got %v, expected an error that tells of afl-clang-fast", err)
	}
}

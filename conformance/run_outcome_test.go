package conformance_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/report"
)

// TestOutcomes reaches every outcome of a scenario without a list of known deviations.
func TestOutcomes(t *testing.T) {
	f := newFake(t, "right", "wrong", "right", "nothing", "refuse", "stray", "die", "right")
	run := f.run()
	run.Again = func(r report.Result) string { return "run " + r.ID }
	r := results(t, run)
	check(t, "outcomes", outcomes(r), "pass fail pass timeout skip crash crash pass")
	check(t, "adapters started: one more after each outcome but pass and skip", f.started, 5)
	check(t, "adapters killed", f.killed, 4)
	check(t, "adapters stopped", f.stopped, 1)
	check(t, "conforms", r.Conforms(false), false)

	check(t, "suite", r.Suite.Version+" "+r.Suite.Requirements[0].ID, "test A-1")
	check(t, "subject", r.Subject, report.Subject{Name: "fake", Release: "5", Language: "none"})
	check(t, "summary of passes", r.Summary[report.Pass], 3)
	for i, result := range r.Results {
		check(t, "id", result.ID, f.spec.Scenarios[i].ID)
		check(t, "again", result.Again, "run "+result.ID)
		check(t, "requirement", strings.Join(result.Requirements, " "), "A-1")
	}
	for i, want := range map[int]report.Result{
		1: {Step: "response: tag 1 encodes to 02 01 00", Expected: "02 01 00 (response: tag 1, failed)",
			Actual: "02 ff 00 (no whole packet); the first difference is at octet 1: ff, not 01"},
		3: {Step: "response: tag 3 encodes to 02 03 00", Expected: "a reply to the command encode", Actual: "nothing for 0.5s (--timeout 500ms); the adapter has not replied to encode for 0.5s; a thread of the adapter may have died, or what it calls does not return"},
		4: {Reason: "the adapter does not support the command encode (unsupported: not that)"},
		6: {Step: "response: tag 6 encodes to 02 06 00", Reason: "the fake's exit before encode"},
	} {
		got := r.Results[i]
		check(t, "step", got.Step, want.Step)
		check(t, "expected", got.Expected, want.Expected)
		check(t, "actual", got.Actual, want.Actual)
		check(t, "reason", got.Reason, want.Reason)
	}
	if reason := r.Results[5].Reason; !strings.Contains(reason, `"Traceback"`) {
		t.Errorf("the reason of a crash by a stray line: got %q, expected it to show the line", reason)
	}
}

func TestTheFirstStartFails(t *testing.T) {
	f := newFake(t, "right")
	failed := errors.New("no such adapter")
	f.starts = []error{failed}
	r, err := f.run().Do(context.Background())
	if !errors.Is(err, failed) || r != nil {
		t.Errorf("got %v, %v, expected the error of the start", r, err)
	}
	check(t, "starts", f.started, 1)
}

// TestFailedRestarts crashes the scenario for which an adapter does not start again, and ends
// the run once that has happened three times in a row.
func TestFailedRestarts(t *testing.T) {
	failed := errors.New("out of memory")
	for name, c := range map[string]struct {
		starts          []error
		want            string
		started, notRun int
	}{
		"once":               {[]error{nil, failed}, "crash crash pass pass pass pass pass pass", 3, 0},
		"twice":              {[]error{nil, failed, failed}, "crash crash crash pass pass pass pass pass", 4, 0},
		"three times":        {[]error{nil, failed, failed, failed}, "crash crash crash crash", 4, 4},
		"not three in a row": {[]error{nil, failed, failed, nil, failed}, "crash crash crash pass pass pass pass pass", 4, 0},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, "die", "right", "right", "right", "right", "right", "right", "right")
			f.starts = c.starts
			r := results(t, f.run())
			check(t, "outcomes", outcomes(r), c.want)
			check(t, "starts", f.started, c.started)
			check(t, "scenarios not run", r.NotRun, c.notRun)
			why := ""
			if c.notRun > 0 {
				why = "the adapter failed to start 3 times in a row"
			}
			check(t, "why not", r.NotRunBecause, why)
			check(t, "conforms", r.Conforms(false), false)
			check(t, "the reason of the second", r.Results[1].Reason, "out of memory")
			check(t, "adapters alive", f.alive, 0)
		})
	}
}

// TestLateStarts tries a start within a run again that took too long, as on a busy machine.
func TestLateStarts(t *testing.T) {
	late := &adapter.StartError{Command: "fake", Err: adapter.ErrLate}
	for want, starts := range map[string][]error{
		"crash pass pass":  {nil, late},
		"crash crash pass": {nil, late, late},
	} {
		f := newFake(t, "die", "right", "right")
		f.starts = starts
		r := results(t, f.run())
		check(t, "outcomes", outcomes(r), want)
		check(t, "starts", f.started, len(starts)+1)
	}
}

// TestMachineFails ends a run with its results so far, and blames no scenario, if the machine does
// not let an adapter start again.
func TestMachineFails(t *testing.T) {
	f := newFake(t, "right", "die", "right", "right")
	broken := &conformance.EnvironmentError{Err: errors.New("too many open files")}
	f.starts = []error{nil, &adapter.StartError{Command: "fake", Err: broken}}
	synctest.Test(t, func(t *testing.T) {
		r, err := f.run().Do(t.Context())
		if !errors.Is(err, broken) || r == nil {
			t.Fatalf("got %v, %v, expected results and the error %v", r, err, broken)
		}
		check(t, "outcomes", outcomes(r), "pass crash")
		check(t, "scenarios not run", r.NotRun, 2)
		check(t, "given up", r.GivenUp, "too many open files")
		check(t, "conforms", r.Conforms(false), false)
		check(t, "adapters alive", f.alive, 0)
	})
}

func TestFailedStartsAreCountedInARow(t *testing.T) {
	failed := errors.New("out of memory")
	f := newFake(t, "die", "right", "die", "right", "right", "die", "right", "right")
	f.starts = []error{nil, failed, nil, failed, failed, nil, failed, failed}
	r := results(t, f.run())
	check(t, "outcomes", outcomes(r), "crash crash crash crash crash crash crash crash")
	check(t, "scenarios not run", r.NotRun, 0)
	check(t, "starts", f.started, 8)
}

// TestNotes keeps equal notes of several workers once.
func TestNotes(t *testing.T) {
	f := newFake(t, "right", "right", "right", "right")
	f.stopErr = errors.New("it did not exit")
	run := f.run()
	run.Parallel = 4
	r := results(t, run)
	check(t, "notes", strings.Join(r.Notes, "; "), "it did not exit")
	check(t, "conforms", r.Conforms(true), true)
}

// TestNoScenarios stops the adapter although it has run no scenario.
func TestNoScenarios(t *testing.T) {
	f := newFake(t, "right")
	run := f.run()
	run.Scenarios = nil
	r := results(t, run)
	check(t, "results", len(r.Results), 0)
	check(t, "conforms", r.Conforms(false), false)
	check(t, "adapters alive", f.alive, 0)
	check(t, "adapters stopped", f.stopped, 1)
}

// TestTemporaryFiles leaves no temporary file behind.
func TestTemporaryFiles(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	results(t, newFake(t, "right", "wrong", "die").run())
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("got the files %v, %v, expected none", left, err)
	}
}

// TestFeaturesWithAMistake fails scenarios that do not say what to test.
func TestFeaturesWithAMistake(t *testing.T) {
	for name, c := range map[string]struct{ feature, want string }{
		"no scenario":       {"Feature: A\n", "0 scenarios"},
		"nothing at all":    {"", "0 scenarios"},
		"two scenarios":     {"Feature: A\n  Scenario: a\n    Then response: tag 0 encodes to 02 00 00\n  Scenario: b\n    Then response: tag 0 encodes to 02 00 00\n", "2 scenarios"},
		"an undefined step": {"Feature: A\n  Scenario: a\n    Then it is so\n", "it is so"},
		"an undefined step after another": {
			"Feature: A\n  Scenario: a\n    Then response: tag 0 encodes to 02 00 00\n    And it is so\n", "it is so",
		},
		"a step about nothing": {"Feature: A\n  Scenario: a\n    Then response: tag zero encodes to 02 00 00\n", `mistake in the feature: "zero" is not an integer`},
		"octets that are not what the words say": {
			"Feature: A\n  Scenario: a\n    Then response: tag 0 encodes to 02 00 00 (response: tag 1)\n", "mistake in the feature: 02 00 00 is not",
		},
	} {
		t.Run(name, func(t *testing.T) {
			run := newFake(t, "right").run()
			run.Scenarios[0].Source = []byte(c.feature)
			r := results(t, run).Results[0]
			check(t, "outcome", r.Outcome, report.Fail)
			if got := r.Step + r.Actual; !strings.Contains(got, c.want) {
				t.Errorf("got %q, expected %q", got, c.want)
			}
		})
	}
}

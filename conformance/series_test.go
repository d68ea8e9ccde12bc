package conformance_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/known"
	"github.com/packetspec/packetspec/conformance/report"
)

// series returns the results of a series, and its error, by a clock of its own.
func series(t *testing.T, s conformance.Series) (r *report.Results, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { r, err = s.Do(t.Context()) })
	if r == nil {
		t.Fatalf("got the error %v, expected results", err)
	}
	return r, err
}

// tallies returns how often each scenario had which outcome.
func tallies(r *report.Results) string {
	var words []string
	for _, result := range r.Results {
		words = append(words, result.Runs.String())
	}
	return strings.Join(words, "; ")
}

// TestSeries makes every run, and combines their results.
func TestSeries(t *testing.T) {
	f := newFake(t, "right", "wrong", "right|wrong|right", "wrong|nothing|wrong", "refuse")
	s := conformance.Series{Run: f.run(), Times: 3}
	observed := 0
	s.Observe = func(report.Result) { observed++ }
	r, err := series(t, s)
	check(t, "error", err, nil)
	check(t, "outcomes", outcomes(r), "pass fail flaky fail skip")
	check(t, "runs", tallies(r), "passed in all 3 runs; failed in all 3 runs; passed in 2 of 3 runs, failed in 1; failed in 2 of 3 runs, timed out in 1; skipped in all 3 runs")
	check(t, "observed", observed, 15)
	check(t, "scenarios not run", r.NotRun, 0)
	check(t, "flaky ones", r.Summary[report.Flaky], 1)
	check(t, "what the flaky one shows", r.Results[2].Actual, "02 ff 00 (no whole packet); the first difference is at octet 1: ff, not 02")
	check(t, "notes", strings.Join(r.Notes, "; "), "every scenario ran 3 times")
	check(t, "adapters alive", f.alive, 0)
	if least := 500.0 / 3; r.Results[3].DurationMS < least || r.Elapsed.Milliseconds() < 500 {
		t.Errorf("got a duration of %v ms, and %v for all, expected the mean and the sum", r.Results[3].DurationMS, r.Elapsed)
	}
}

// TestOneRunOfASeries returns the same as a run by itself.
func TestOneRunOfASeries(t *testing.T) {
	r, err := series(t, conformance.Series{Run: newFake(t, "right", "wrong").run()})
	check(t, "error", err, nil)
	check(t, "outcomes", outcomes(r), "pass fail")
	check(t, "runs", tallies(r), "; ")
	check(t, "notes", len(r.Notes), 0)
}

// TestSeeds gives each run an order of its own, and names that in which a scenario deviated.
func TestSeeds(t *testing.T) {
	f := newFake(t, append(slices.Repeat([]string{"right"}, 20), "right|right|wrong")...)
	s := conformance.Series{Run: f.run(), Times: 3}
	s.Seed = 7
	s.Again = func(r report.Result) string { return r.Runs.String() }
	var order []string
	s.Observe = func(r report.Result) { order = append(order, r.ID) }
	r, _ := series(t, s)
	for i := range 3 {
		check(t, "order of a run", strings.Join(order[i*21:(i+1)*21], " "), strings.Join(observed(t, newFake(t, slices.Repeat([]string{"right"}, 21)...), uint64(7+i)), " "))
	}
	check(t, "seed", r.Results[20].Seed, 9)
	check(t, "again", r.Results[20].Again, "passed in 2 of 3 runs, failed in 1")
	check(t, "notes", strings.Join(r.Notes, "; "), "every scenario ran 3 times, in orders by the seeds 7 to 9")
}

// TestKnownInASeries judges what all runs come to, not each.
func TestKnownInASeries(t *testing.T) {
	for _, c := range []struct {
		does           string
		listed         report.Outcome
		want, observed string
	}{
		{"wrong|right", report.Flaky, "known", "known pass known pass"},
		{"right", report.Flaky, "pass", "pass pass pass pass"},
		{"wrong", report.Flaky, "fail", "known known known known"},
		{"wrong", report.Fail, "known", "known known known known"},
		{"wrong|right", report.Fail, "flaky", "known fixed known fixed"},
		{"wrong|nothing", report.Fail, "timeout", "known timeout known timeout"},
		{"right", report.Fail, "fixed", "fixed fixed fixed fixed"},
	} {
		f := newFake(t, c.does)
		s := conformance.Series{Run: f.run(), Times: 4}
		s.Known = known.List{{Scenario: s.Scenarios[0].ID, Requirement: "A-1", Outcome: c.listed, Reason: "because"}}
		var words []string
		s.Observe = func(r report.Result) { words = append(words, string(r.Outcome)) }
		r, _ := series(t, s)
		what := c.does + " listed as " + string(c.listed)
		check(t, what, outcomes(r), c.want)
		check(t, what+", run by run", strings.Join(words, " "), c.observed)
	}
}

// TestSeriesEndsEarly ends with the run that Last or ctx ends, or an adapter that does not start.
func TestSeriesEndsEarly(t *testing.T) {
	f := newFake(t, "right", "right|wrong", "right")
	s := conformance.Series{Run: f.run(), Times: 5}
	s.Last = func(r report.Result) bool { return r.Counts(false) }
	r, err := series(t, s)
	check(t, "error", err, nil)
	check(t, "runs after Last", tallies(r), "passed in all 2 runs; passed in 1 of 2 runs, failed in 1; ")
	check(t, "scenarios not run", r.NotRun, 1)
	check(t, "notes", r.Notes[len(r.Notes)-1], "--repeat ended in run 2 of 5")

	f = newFake(t, "right", "right", "right")
	s = conformance.Series{Run: f.run(), Times: 5}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	n := 0
	s.Observe = func(report.Result) {
		if n++; n == 4 {
			cancel()
		}
	}
	r, err = s.Do(ctx)
	check(t, "error", err, nil)
	check(t, "runs after an interrupt", tallies(r), "passed in all 2 runs; ; ")
	check(t, "scenarios not run", r.NotRun, 2)
	check(t, "conforms", r.Conforms(false), false)

	failed := errors.New("no such adapter")
	f = newFake(t, "right", "right", "right")
	f.starts = []error{nil, nil, failed}
	r, err = series(t, conformance.Series{Run: f.run(), Times: 5})
	check(t, "error", err, failed)
	check(t, "runs before the adapter did not start", tallies(r), "passed in all 2 runs; passed in all 2 runs; passed in all 2 runs")
	check(t, "conforms", r.Conforms(false), false)

	f.starts = []error{failed}
	f.started = 0
	if r, err := (conformance.Series{Run: f.run(), Times: 5}).Do(t.Context()); r != nil || !errors.Is(err, failed) {
		t.Errorf("got %v, %v, expected only the error of the first start", r, err)
	}
}

// TestRetry runs a scenario that deviates again on a new adapter, until it passes.
func TestRetry(t *testing.T) {
	f := newFake(t, "right", "wrong|right", "wrong|die|right", "wrong", "wrong|nothing|nothing", "refuse", "wrong", "wrong|right")
	run := f.run()
	run.Retry = 2
	run.Known = known.List{
		{Scenario: run.Scenarios[6].ID, Requirement: "A-1", Outcome: report.Fail, Reason: "because"},
		{Scenario: run.Scenarios[7].ID, Requirement: "A-1", Outcome: report.Flaky, Reason: "because"},
	}
	observed := 0
	run.Observe = func(report.Result) { observed++ }
	r := results(t, run)
	check(t, "outcomes", outcomes(r), "pass flaky flaky fail timeout skip known known")
	check(t, "runs", tallies(r), "; passed in 1 of 2 runs, failed in 1; passed in 1 of 3 runs, failed in 1, crashed in 1; failed in all 3 runs; "+
		"failed in 1 of 3 runs, timed out in 2; ; ; passed in 1 of 2 runs, failed in 1")
	check(t, "results observed", observed, 8)
	check(t, "adapters killed: each that saw a deviation", f.killed, 1+2+3+3+1+1)
	check(t, "conforms", r.Conforms(false), false)
}

// TestRetryThatIsInterrupted keeps the result of the attempt that ended.
func TestRetryThatIsInterrupted(t *testing.T) {
	f := newFake(t, "wrong", "right")
	run := f.run()
	run.Retry = 5
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	run.Subject = startHook{f, func(n int) {
		if n == 3 {
			cancel()
		}
	}}
	r, err := run.Do(ctx)
	check(t, "error", err, nil)
	check(t, "outcomes", outcomes(r), "fail")
	check(t, "runs", tallies(r), "failed in all 2 runs")
	check(t, "scenarios not run", r.NotRun, 1)
}

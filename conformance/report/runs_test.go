package report_test

import (
	"io"
	"testing"

	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
)

// TestAttempts combines the outcomes of several runs of a scenario.
func TestAttempts(t *testing.T) {
	const pass, fail, timeout, crash, skip, flaky = report.Pass, report.Fail, report.Timeout, report.Crash, report.Skip, report.Flaky
	_, ok := new(report.Attempts).Result()
	check(t, "a result without a run", ok, false)
	for _, c := range []struct {
		runs  []report.Outcome
		want  report.Outcome
		shown int // the index of the run that is explained
		words string
	}{
		{[]report.Outcome{pass}, pass, 0, ""},
		{[]report.Outcome{fail}, fail, 0, ""},
		{[]report.Outcome{pass, pass, pass}, pass, 0, "passed in all 3 runs"},
		{[]report.Outcome{crash, crash}, crash, 0, "crashed in all 2 runs"},
		{[]report.Outcome{skip, skip}, skip, 0, "skipped in all 2 runs"},
		{[]report.Outcome{pass, fail, pass, pass}, flaky, 1, "passed in 3 of 4 runs, failed in 1"},
		{[]report.Outcome{pass, fail, timeout, timeout}, flaky, 2, "passed in 1 of 4 runs, failed in 1, timed out in 2"},
		{[]report.Outcome{fail, timeout, fail}, fail, 0, "failed in 2 of 3 runs, timed out in 1"},
		{[]report.Outcome{fail, timeout, timeout, fail}, timeout, 1, "failed in 2 of 4 runs, timed out in 2"},
		{[]report.Outcome{timeout, crash}, crash, 1, "timed out in 1 of 2 runs, crashed in 1"},
		{[]report.Outcome{skip, pass}, pass, 1, "passed in 1 of 2 runs, skipped in 1"},
		{[]report.Outcome{skip, fail}, fail, 1, "failed in 1 of 2 runs, skipped in 1"},
		{[]report.Outcome{skip, fail, pass}, flaky, 1, "passed in 1 of 3 runs, failed in 1, skipped in 1"},
	} {
		var all, first, second report.Attempts
		for i, o := range c.runs {
			r := report.Result{ID: "a/b", Outcome: o, Seed: uint64(i), DurationMS: float64(i)}
			all.Add(r)
			if i < 2 {
				first.Add(r)
			} else {
				second.Add(r)
			}
		}
		got := result(t, &all)
		check(t, "outcome of "+c.words, got.Outcome, c.want)
		check(t, "run shown of "+c.words, got.Seed, uint64(c.shown))
		check(t, "runs", got.Runs.String(), c.words)
		check(t, "mean duration of "+c.words, got.DurationMS, float64(len(c.runs)-1)/2)
		if len(c.runs) == 4 { // combining combined results comes to the same
			var both report.Attempts
			both.Add(result(t, &first))
			both.Add(result(t, &second))
			check(t, "outcome of halves", result(t, &both).Outcome, c.want)
			check(t, "runs of halves", result(t, &both).Runs.String(), c.words)
			check(t, "mean duration of halves", result(t, &both).DurationMS, 1.5)
		}
	}
}

func result(t *testing.T, a *report.Attempts) report.Result {
	t.Helper()
	r, ok := a.Result()
	check(t, "any run", ok, true)
	return r
}

func TestOnly(t *testing.T) {
	check(t, "one run", report.Tally(nil).Only(report.Fail), true)
	check(t, "the same each time", report.Tally{report.Fail: 2, report.Skip: 1}.Only(report.Fail), true)
	check(t, "another once", report.Tally{report.Fail: 2, report.Timeout: 1}.Only(report.Fail), false)
}

// TestEveryReportClassifiesRuns shows in each report how often each scenario passed.
func TestEveryReportClassifiesRuns(t *testing.T) {
	r := of(spec.Must, report.Pass, report.Fail, report.Flaky, report.Skip)
	r.Suite.Requirements = []report.Requirement{{ID: "A-1", Level: spec.Must, Text: "It is so."}}
	r.Subject.Name = "subject"
	for i, runs := range []report.Tally{
		{report.Pass: 3}, {report.Fail: 2, report.Crash: 1}, {report.Pass: 2, report.Timeout: 1}, {report.Skip: 3},
	} {
		r.Results[i].Runs = runs
	}
	r.Results[2].Actual, r.Results[2].Wire = "nothing within 5s", []string{"peer     03 00 02 00"}
	golden(t, "runs.golden", func(w io.Writer) error { return r.Text(w, true) })
	golden(t, "runs.xml", func(w io.Writer) error { return r.JUnit(w, false) })
	golden(t, "runs.json", func(w io.Writer) error { return r.JSON(w) })
	golden(t, "runs-matrix.golden", func(w io.Writer) error { return report.Matrix(w, []*report.Results{r}) })
}

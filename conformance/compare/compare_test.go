package compare_test

import (
	"strings"
	"testing"

	"github.com/packetspec/packetspec/conformance/compare"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
)

func run(o report.Outcome, ms float64) *report.Results {
	r := &report.Results{Subject: report.Subject{Name: "s"}}
	if o != "" {
		r.Results = []report.Result{{ID: "a/x", Level: spec.Must, Requirements: []string{"A-1"}, Outcome: o, DurationMS: ms, Expected: "yes", Actual: "no"}}
	}
	r.Summarize()
	return r
}

// Each pair of outcomes is one kind of change, or none.
func TestKinds(t *testing.T) {
	for _, c := range []struct {
		was, now report.Outcome
		kind     compare.Kind
		worse    bool
	}{
		{report.Pass, report.Pass, "", false},
		{report.Pass, report.Fail, compare.Worse, true},
		{report.Pass, report.Timeout, compare.Worse, true},
		{report.Pass, report.Flaky, compare.Worse, true},
		{report.Pass, report.Known, compare.Worse, true},
		{report.Pass, report.Skip, compare.Lost, true},
		{report.Pass, report.Fixed, "", false},
		{report.Pass, "", compare.Vanished, false},
		{report.Fail, report.Pass, compare.Better, false},
		{report.Fail, report.Fixed, compare.Better, false},
		{report.Known, report.Fixed, compare.Better, false},
		{report.Fail, report.Known, "", false},
		{report.Known, report.Fail, "", false},
		{report.Fail, report.Crash, compare.Changed, false},
		{report.Fail, report.Skip, compare.Lost, true},
		{report.Skip, report.Pass, compare.Better, false},
		{report.Skip, report.Fail, compare.Worse, true},
		{report.Skip, report.Skip, "", false},
		{"", report.Fail, compare.New, false},
		{"", report.Pass, compare.New, false},
	} {
		got := compare.Of(run(c.was, 1), run(c.now, 1), compare.Options{})
		kind := compare.Kind("")
		if len(got.Changes) > 0 {
			kind = got.Changes[0].Kind
		}
		if kind != c.kind || got.Worse != c.worse {
			t.Errorf("%q to %q: got %q, worse %v, expected %q, %v", c.was, c.now, kind, got.Worse, c.kind, c.worse)
		}
	}
}

// A scenario is slower by a factor and by a time that no machine adds by itself.
func TestSlower(t *testing.T) {
	for _, c := range []struct {
		was, now, factor float64
		slower           bool
	}{{10, 1000, 5, true}, {10, 60, 5, false}, {300, 1000, 5, false}, {300, 1500, 5, true}, {10, 1000, 0, false}} {
		got := compare.Of(run(report.Pass, c.was), run(report.Pass, c.now), compare.Options{Slower: c.factor})
		if slower := got.Counts[compare.Slower] == 1; slower != c.slower || got.Worse {
			t.Errorf("%+v: got %+v", c, got)
		}
	}
}

// A scenario that was renamed is compared with itself, and one that the new run did not end is lost.
func TestIdentity(t *testing.T) {
	renamed := run(report.Pass, 1)
	renamed.Results[0].ID = "a/former"
	if got := compare.Of(renamed, run(report.Pass, 1), compare.Options{Spec: &spec.Spec{Scenarios: []spec.Scenario{{ID: "a/x", Was: []string{"a/former"}}}}}); got.Same != 1 {
		t.Errorf("renamed: got %+v", got)
	}
	cut := run("", 0)
	cut.Interrupted, cut.Unfinished = "SIGINT", []report.Unfinished{{ID: "a/x"}}
	got := compare.Of(run(report.Pass, 1), cut, compare.Options{})
	if !got.Worse || got.Counts[compare.Lost] != 1 {
		t.Errorf("interrupted: got %+v", got)
	}
	var out strings.Builder
	if err := got.Text(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"note: the new run was interrupted by SIGINT\n", "  must    a/x  pass → -\n          reason     the new run ended before it\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("got\n%s\nexpected %q in it", &out, want)
		}
	}
}

// Foreign text cannot break a table of Markdown, and many lines are folded.
func TestMarkdown(t *testing.T) {
	bad := run(report.Fail, 1)
	bad.Results[0].Actual = "a|b\n<script>"
	var out strings.Builder
	if err := compare.Of(run(report.Pass, 1), bad, compare.Options{}).Markdown(&out); err != nil {
		t.Fatal(err)
	}
	if want := "| must | `a/x` | A-1 | pass → fail | expected   yes<br>actual     a\\|b … |\n"; !strings.Contains(out.String(), want) {
		t.Errorf("got\n%s\nexpected %q in it", &out, want)
	}
}

package known_test

import (
	"strings"
	"testing"

	"github.com/packetspec/packetspec/conformance/known"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
)

func TestUpdate(t *testing.T) {
	result := func(id string, o report.Outcome) report.Result {
		return report.Result{ID: id, Requirements: []string{"A-1", "B-2"}, Outcome: o, Expected: "this", Actual: "that\nand  that"}
	}
	crash := result("f/crashes", report.Crash)
	crash.Reason = "the adapter ended"
	always := result("f/a", report.Fail)
	always.Runs = report.Tally{report.Fail: 3}
	lacking := func(id string) report.Result {
		r := result(id, report.Skip)
		r.Lacks, r.Reason = "open", "no open"
		return r
	}
	s := &spec.Spec{Scenarios: []spec.Scenario{{ID: "f/new", Was: []string{"f/was-new"}}}}
	for name, test := range map[string]struct {
		list, want string
		results    []report.Result
	}{
		"an empty list": {"", "f/a A-1 fail expected this, got that and that\nf/crashes A-1 crash the adapter ended # review: crash\n",
			[]report.Result{crash, result("f/a", report.Fail), result("f/passes", report.Pass)}},
		"a comment and a line that holds": {"# why\n\nf/a B-2 fail my words\n", "# why\n\nf/a B-2 fail my words\n",
			[]report.Result{result("f/a", report.Known)}},
		"a line for one that passes": {"# why\nf/a A-1 fail x\nf/b A-1 fail y\n", "# why\nf/b A-1 fail y\n",
			[]report.Result{result("f/a", report.Fixed), result("f/b", report.Known)}},
		"another outcome":                   {"f/a B-2 fail my words\n", "f/a B-2 timeout my words # review: timeout\n", []report.Result{result("f/a", report.Timeout)}},
		"lines for one not run, or skipped": {"f/a A-1 fail x\nf/b A-1 fail y\n", "f/a A-1 fail x\nf/b A-1 fail y\n", []report.Result{result("f/b", report.Skip)}},
		"a mark that is read by nobody yet": {"f/a A-1 timeout x # review: timeout\n", "f/a A-1 timeout x # review: timeout\n", []report.Result{result("f/a", report.Known)}},
		"a marked one fails now":            {"f/a A-1 timeout x # review: timeout\n", "f/a A-1 fail x\n", []report.Result{result("f/a", report.Fail)}},
		"a marked one crashes now":          {"f/a A-1 timeout x # review: timeout\n", "f/a A-1 crash x # review: crash\n", []report.Result{result("f/a", report.Crash)}},
		"no skips are listed":               {"f/a A-1 fail x\n", "f/a A-1 fail x\n", []report.Result{lacking("f/a"), lacking("f/b")}},
		"skips are listed": {"f/a A-1 fail x\nf/c A-1 skip y\nf/d A-1 skip z\n", "f/a A-1 skip x\nf/b A-1 skip no open\nf/c A-1 skip y\n",
			[]report.Result{lacking("f/a"), lacking("f/b"), result("f/c", report.Skip), result("f/d", report.Fixed), result("f/e", report.Skip)}},
		"a listed skip fails now":       {"f/a A-1 skip x\n", "f/a A-1 fail x\n", []report.Result{result("f/a", report.Fail)}},
		"former ids":                    {"f/was-new A-1 fail why  so\n", "f/new A-1 fail why  so\n", []report.Result{result("f/new", report.Known)}},
		"former ids of those not run":   {"f/was-new A-1 fail why\n", "f/new A-1 fail why\n", nil},
		"former ids of those that pass": {"f/was-new A-1 fail why\n", "", []report.Result{result("f/new", report.Fixed)}},
		"other line ends, and a byte order mark": {"\ufeff# why\r\n\r\nf/a A-1 fail x\r\n", "\ufeff# why\r\n\r\nf/a A-1 fail x\r\nf/b A-1 fail expected this, got that and that\r\n",
			[]report.Result{result("f/a", report.Known), result("f/b", report.Fail)}},
		"flaky now": {"f/a B-2 fail my words\n", "f/a B-2 flaky my words\nf/b A-1 flaky expected this, got that and that\n",
			[]report.Result{result("f/a", report.Flaky), result("f/b", report.Flaky)}},
		"flaky, and passes":                {"f/a B-2 flaky my words\n", "f/a B-2 flaky my words\n", []report.Result{result("f/a", report.Pass)}},
		"flaky, and fails in the only run": {"f/a B-2 flaky my words\n", "f/a B-2 flaky my words\n", []report.Result{result("f/a", report.Fail)}},
		"flaky, and fails in every run":    {"f/a B-2 flaky my words\n", "f/a B-2 fail my words\n", []report.Result{always}},
		"a line for campaigns": {"fuzz A-1 my words, four\n", "fuzz A-1 my words, four\nf/a A-1 fail expected this, got that and that\n",
			[]report.Result{result("f/a", report.Fail)}},
		"a new one between two": {"# why\nf/a A-1 fail x\nf/c A-1 fail y\n", "# why\nf/a A-1 fail x\nf/b A-1 timeout expected this, got that and that # review: timeout\nf/c A-1 fail y\n",
			[]report.Result{result("f/b", report.Timeout)}},
	} {
		if got := known.Update(test.list, s, &report.Results{Results: test.results}, false); got != test.want {
			t.Errorf("%s: got\n%s\nexpected\n%s", name, got, test.want)
		}
	}
	if got, want := known.Update("f/b A-1 fail x\n", s, &report.Results{Results: []report.Result{lacking("f/a")}}, true), "f/a A-1 skip no open\nf/b A-1 fail x\n"; got != want {
		t.Errorf("with skips: got\n%s\nexpected\n%s", got, want)
	}
}

// The changes are those of scenarios: a comment, a reason and a former id are none.
func TestChanges(t *testing.T) {
	s := &spec.Spec{Scenarios: []spec.Scenario{{ID: "f/new", Was: []string{"f/was-new"}}}}
	const was = "# why\nf/was-new A-1 fail x\nf/a A-1 fail y\nf/b A-1 fail z\nfuzz A-1 my words\n"
	for is, want := range map[string]string{
		was: "3 listed, 0 new, 0 removed",
		"":  "0 listed, 0 new, 3 removed",
		"f/new A-1 fail other words\nf/a A-1 crash y # review: crash\nf/c A-1 fail z\n": "3 listed, 1 new, 1 removed, 1 with another outcome",
	} {
		if got := known.Changes(was, is, s); got != want {
			t.Errorf("%q: got %q, expected %q", is, got, want)
		}
	}
}

// A list is made only of a whole run on a machine that works.
func TestCheck(t *testing.T) {
	outcomes := func(outcomes ...report.Outcome) *report.Results {
		r := &report.Results{}
		for _, o := range outcomes {
			r.Results = append(r.Results, report.Result{Outcome: o})
		}
		return r
	}
	interrupted := outcomes(report.Pass, report.Fail)
	interrupted.Interrupted, interrupted.NotRun = "SIGINT", 3
	givenUp := outcomes(report.Pass)
	givenUp.GivenUp = "no space"
	notRun := outcomes(report.Fail)
	notRun.NotRun = 2
	notStarted := outcomes(report.Pass, report.Crash)
	notStarted.Results[1].NotStarted = true
	for _, c := range []struct {
		r    *report.Results
		want string
	}{
		{outcomes(report.Pass, report.Crash, report.Timeout, report.Skip), ""},
		{outcomes(report.Fail, report.Crash), ""},
		{outcomes(report.Fixed, report.Crash, report.Crash), ""},
		{outcomes(report.Crash), ""},
		{outcomes(report.Skip, report.Skip), ""},
		{outcomes(report.Known, report.Known), ""},
		{outcomes(report.Crash, report.Timeout), "every scenario that ran timed out or crashed\nhint: "},
		{outcomes(report.Known, report.Skip, report.Crash, report.Timeout), "every scenario that ran timed out or crashed\nhint: "},
		{interrupted, "the run was interrupted, and 3 scenarios were not run"},
		{givenUp, "the run was given up"},
		{notRun, "2 scenarios were not run"},
		{notStarted, "the adapter did not start for 1 scenario"},
	} {
		got := ""
		if err := known.Check(c.r); err != nil {
			got = err.Error()
		}
		if got != c.want && (c.want == "" || !strings.HasPrefix(got, c.want)) {
			t.Errorf("%v: got %q, expected %q", c.r.Results, got, c.want)
		}
	}
}

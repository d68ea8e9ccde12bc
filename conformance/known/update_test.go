package known_test

import (
	"testing"

	"github.com/packetspec/packetspec/conformance/known"
	"github.com/packetspec/packetspec/conformance/report"
)

func TestUpdate(t *testing.T) {
	result := func(id string, o report.Outcome) report.Result {
		return report.Result{ID: id, Requirements: []string{"A-1", "B-2"}, Outcome: o, Expected: "this", Actual: "that\nand  that"}
	}
	crash := result("f/crashes", report.Crash)
	crash.Reason = "the adapter ended"
	always := result("f/a", report.Fail)
	always.Runs = report.Tally{report.Fail: 3}
	for name, test := range map[string]struct {
		list, want string
		results    []report.Result
	}{
		"an empty list": {"", "f/a A-1 fail expected this, got that and that\nf/crashes A-1 crash the adapter ended\n",
			[]report.Result{crash, result("f/a", report.Fail), result("f/passes", report.Pass)}},
		"a comment and a line that holds": {"# why\n\nf/a B-2 fail my words\n", "# why\n\nf/a B-2 fail my words\n",
			[]report.Result{result("f/a", report.Known)}},
		"a line for one that passes": {"# why\nf/a A-1 fail x\nf/b A-1 fail y\n", "# why\nf/b A-1 fail y\n",
			[]report.Result{result("f/a", report.Fixed), result("f/b", report.Known)}},
		"another outcome":                   {"f/a B-2 fail my words\n", "f/a B-2 timeout my words\n", []report.Result{result("f/a", report.Timeout)}},
		"lines for one not run, or skipped": {"f/a A-1 fail x\nf/b A-1 fail y\n", "f/a A-1 fail x\nf/b A-1 fail y\n", []report.Result{result("f/b", report.Skip)}},
		"flaky now": {"f/a B-2 fail my words\n", "f/a B-2 flaky my words\nf/b A-1 flaky expected this, got that and that\n",
			[]report.Result{result("f/a", report.Flaky), result("f/b", report.Flaky)}},
		"flaky, and passes":                {"f/a B-2 flaky my words\n", "f/a B-2 flaky my words\n", []report.Result{result("f/a", report.Pass)}},
		"flaky, and fails in the only run": {"f/a B-2 flaky my words\n", "f/a B-2 flaky my words\n", []report.Result{result("f/a", report.Fail)}},
		"flaky, and fails in every run":    {"f/a B-2 flaky my words\n", "f/a B-2 fail my words\n", []report.Result{always}},
		"a line for campaigns": {"fuzz A-1 my words, four\n", "fuzz A-1 my words, four\nf/a A-1 fail expected this, got that and that\n",
			[]report.Result{result("f/a", report.Fail)}},
		"a new one between two": {"# why\nf/a A-1 fail x\nf/c A-1 fail y\n", "# why\nf/a A-1 fail x\nf/b A-1 timeout expected this, got that and that\nf/c A-1 fail y\n",
			[]report.Result{result("f/b", report.Timeout)}},
	} {
		if got := known.Update(test.list, &report.Results{Results: test.results}); got != test.want {
			t.Errorf("%s: got\n%s\nexpected\n%s", name, got, test.want)
		}
	}
}

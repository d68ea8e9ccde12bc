package report_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
)

// part returns results of some scenarios, which stand on these lines of one feature.
func part(shard string, lines ...int) *report.Results {
	r := &report.Results{
		Subject: report.Subject{Name: "s"}, Suite: report.Suite{Scenarios: 4, Requirements: []report.Requirement{{ID: "A-1", Level: spec.Must}}},
		Run: report.Setting{Began: time.Unix(int64(100-lines[0]), 0), Shards: []string{shard}, Host: report.Host{Name: "h" + shard[:1]}}, Elapsed: time.Second,
		Lacking: []string{"tick"},
	}
	for _, line := range lines {
		r.Results = append(r.Results, report.Result{ID: strings.Repeat("x", line), File: "a.feature", Line: line, Outcome: report.Pass, Requirements: []string{"A-1"}})
	}
	r.Summarize()
	return r
}

// Shards are merged into a whole, in the order of the specification.
func TestMerge(t *testing.T) {
	whole, err := report.Merge([]*report.Results{part("2/2", 2, 4), part("1/2", 1, 3)})
	if err != nil {
		t.Fatal(err)
	}
	var lines []int
	for _, r := range whole.Results {
		lines = append(lines, r.Line)
	}
	if want := []int{1, 2, 3, 4}; !reflect.DeepEqual(lines, want) {
		t.Errorf("got the scenarios of lines %v, expected %v", lines, want)
	}
	check(t, "passed", whole.Summary[report.Pass], 4)
	check(t, "elapsed", whole.Elapsed, 2*time.Second)
	check(t, "shards", len(whole.Run.Shards), 0)
	check(t, "hosts", whole.Run.Host.Name, "h2, h1")
	check(t, "lacking", strings.Join(whole.Lacking, " "), "tick")
	check(t, "began", whole.Run.Began.Unix(), 98)
	check(t, "whole", whole.Whole(), true)

	some, err := report.Merge([]*report.Results{part("3/3", 3), part("1/3", 1)})
	if err != nil {
		t.Fatal(err)
	}
	check(t, "whole", some.Whole(), false)
	check(t, "part", some.Part(), "2 of 4 scenarios, shard 1/3 and 3/3")
}

func TestMergeOfDifferentRuns(t *testing.T) {
	other := part("2/2", 2)
	other.Subject.Name = "t"
	for want, parts := range map[string][]*report.Results{
		`the subject of one is "s", and of another "t"`: {part("1/2", 1), other},
		"two of them have the scenario x:":              {part("1/2", 1), part("2/2", 1)},
	} {
		if _, err := report.Merge(parts); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, expected %q", err, want)
		}
	}
}

// The matrix says what was not run.
func TestMatrixOfParts(t *testing.T) {
	var out strings.Builder
	if err := report.Matrix(&out, []*report.Results{part("1/2", 1), {Subject: report.Subject{Name: "empty"}, Suite: report.Suite{Scenarios: 4}}}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"s: only a part of the suite, 1 of 4 scenarios, shard 1/2; - means that no scenario of a requirement was run\n",
		"empty: no scenario was run\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("got\n%s\nexpected %q in it", &out, want)
		}
	}
}

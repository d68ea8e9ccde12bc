package known_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/packetspec/packetspec/conformance/known"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
)

var specification = &spec.Spec{
	Requirements: []spec.Requirement{{ID: "SHD-1"}, {ID: "SHD-10"}, {ID: "EQ-1"}, {ID: "EQ-2"}},
	Scenarios: []spec.Scenario{
		{ID: "shutdown/one", Requirements: []string{"SHD-1"}},
		{ID: "shutdown/ten", Requirements: []string{"SHD-10"}},
		{ID: "equality/both", Requirements: []string{"EQ-1", "EQ-2"}},
		{ID: "equality/two", Was: []string{"equality/second", "same/two"}, Requirements: []string{"EQ-2"}},
	},
}

func TestRead(t *testing.T) {
	got, err := known.Read("known.txt", strings.NewReader(`
# of the release 1.0
shutdown/one   SHD-1	fail  it never did,   and never will # said the author

  equality/both EQ-2 timeout it waits
equality/two EQ-2 crash x
shutdown/ten SHD-10 flaky now and then
fuzz SHD-10 "no answer" it is silent
fuzz EQ-1 whatever
fuzz - "crash" it ends
`), specification)
	if err != nil {
		t.Fatal(err)
	}
	want := known.List{
		{Scenario: "shutdown/one", Requirement: "SHD-1", Outcome: report.Fail, Reason: "it never did, and never will # said the author", Where: "known.txt:3"},
		{Scenario: "equality/both", Requirement: "EQ-2", Outcome: report.Timeout, Reason: "it waits", Where: "known.txt:5"},
		{Scenario: "equality/two", Requirement: "EQ-2", Outcome: report.Crash, Reason: "x", Where: "known.txt:6"},
		{Scenario: "shutdown/ten", Requirement: "SHD-10", Outcome: report.Flaky, Reason: "now and then", Where: "known.txt:7"},
		{Requirement: "SHD-10", Kind: "no answer", Reason: "it is silent", Where: "known.txt:8"},
		{Requirement: "EQ-1", Reason: "whatever", Where: "known.txt:9"},
		{Requirement: "-", Kind: "crash", Reason: "it ends", Where: "known.txt:10"},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%v\nexpected\n%v", got, want)
	}
}

func TestReadWithAMistake(t *testing.T) {
	for line, told := range map[string]string{
		"shutdown/one SHD-1 fail":                        "a known deviation reads: SCENARIO REQUIREMENT OUTCOME reason",
		"shutdown/one":                                   "a known deviation reads",
		"shutdown/none SHD-1 fail because":               "there is no scenario shutdown/none (packetspec list shows all); did you mean shutdown/one?",
		"SHD-1 SHD-1 fail because":                       "there is no scenario SHD-1",
		"equality/both SHD-1 fail because":               "the scenario equality/both does not test SHD-1, but EQ-1, EQ-2",
		"shutdown/one SHD-10 fail because":               "does not test SHD-10, but SHD-1",
		"shutdown/one SHD-1 pass because":                `the outcome is "pass": it must be fail, timeout, crash, flaky or skip`,
		"shutdown/one SHD-1 FAIL because":                `the outcome is "FAIL": it must be fail, timeout, crash, flaky or skip`,
		"shutdown/ten SHD-10 timeout once more":          "the scenario shutdown/ten is listed already, at known.txt:2",
		"equality/second EQ-1 fail because":              "the scenario equality/second does not test EQ-1, but EQ-2",
		"equality/secund EQ-1 fail because":              "there is no scenario equality/secund (packetspec list shows all); did you mean equality/",
		strings.Repeat("x", 60000) + " A-1 fail because": "(packetspec list shows all)",
		"x\x1by SHD-1 fail because":                      `there is no scenario x\x1by`,
		"fuzz EQ-1":                                      `a known deviation of campaigns reads: fuzz REQUIREMENT ["KIND"] reason`,
		`fuzz EQ-1 "no answer"`:                          "a known deviation of campaigns reads",
		`fuzz EQ-1 "no answer because`:                   "lacks its closing quote",
		"fuzz EQ-11 because":                             "there is no requirement EQ-11 (packetspec list shows all); did you mean EQ-1?",
	} {
		_, err := known.Read("known.txt", strings.NewReader("# a list\nshutdown/ten SHD-10 fail because\n"+line+"\n"), specification)
		if err == nil {
			t.Errorf("%s: got no error, expected %q", line, told)
			continue
		}
		if want := "known.txt:3: "; !strings.HasPrefix(err.Error(), want) || !strings.Contains(err.Error(), told) {
			t.Errorf("%s: got %q, expected %q and %q", line, err, want, told)
		}
	}
}

// TestReadAllMistakes reports every wrong line of a list at once.
func TestReadAllMistakes(t *testing.T) {
	_, err := known.Read("known.txt", strings.NewReader("no/such SHD-1 fail x\nfuzz EQ-1 fine\nfuzz EQ-3 x\nshutdown/one\n"), specification)
	if err == nil {
		t.Fatal("got no error")
	}
	var at []string
	for line := range strings.Lines(err.Error()) {
		where, _, _ := strings.Cut(line, " ")
		at = append(at, where)
	}
	if want := []string{"known.txt:1:", "known.txt:3:", "known.txt:4:", "hint:"}; !slices.Equal(at, want) {
		t.Errorf("got errors at %q, expected %q:\n%v", at, want, err)
	}
}

// TestJudgeRuns applies a line to the results of one run or more.
func TestJudgeRuns(t *testing.T) {
	const pass, fail, timeout, skip, flaky, isKnown, fixed = report.Pass, report.Fail, report.Timeout, report.Skip, report.Flaky, report.Known, report.Fixed
	for _, c := range []struct {
		listed report.Outcome
		runs   []report.Outcome
		want   report.Outcome
		reason string
	}{
		{flaky, []report.Outcome{pass}, pass, ""},
		{flaky, []report.Outcome{pass, pass, pass}, pass, ""},
		{flaky, []report.Outcome{fail, pass}, isKnown, "because"},
		{flaky, []report.Outcome{fail, timeout, pass}, isKnown, "because"},
		{flaky, []report.Outcome{skip, skip}, skip, ""},
		{flaky, []report.Outcome{fail}, fail,
			"it is listed as a known deviation with the outcome flaky, not fail (because): a flaky scenario must pass in some run, and --retry runs it again"},
		{flaky, []report.Outcome{timeout, timeout}, timeout,
			"it is listed as a known deviation with the outcome flaky, not timeout (because): a flaky scenario must pass in some run, and --retry runs it again"},
		{fail, []report.Outcome{fail, fail}, isKnown, "because"},
		{fail, []report.Outcome{fail, skip}, isKnown, "because"},
		{fail, []report.Outcome{fail, fail, timeout}, fail,
			"it is listed as a known deviation with the outcome fail, but failed in 2 of 3 runs, timed out in 1 (because)"},
		{fail, []report.Outcome{fail, pass}, flaky, "it is listed as a known deviation with the outcome fail, not flaky (because)"},
		{fail, []report.Outcome{pass, pass}, fixed, "it is listed as a known deviation (because), but passes: take it off the list"},
	} {
		list := known.List{{Scenario: "equality/two", Requirement: "EQ-2", Outcome: c.listed, Reason: "because"}}
		var runs report.Attempts
		for _, o := range c.runs {
			runs.Add(report.Result{ID: "equality/two", Outcome: o})
		}
		r, _ := runs.Result()
		got := list.Judge(r)
		if got.Outcome != c.want || got.Reason != c.reason {
			t.Errorf("listed as %s, ran with %v: got %s, %q, expected %s, %q", c.listed, c.runs, got.Outcome, got.Reason, c.want, c.reason)
		}
	}
}

// TestReason lets a campaign see the lines of both kinds.
func TestReason(t *testing.T) {
	list := known.List{
		{Scenario: "equality/two", Requirement: "EQ-2", Outcome: report.Fail, Reason: "the suite's"},
		{Requirement: "SHD-1", Kind: "no answer", Reason: "silent"},
	}
	for _, c := range []struct{ requirement, kind, want string }{
		{"EQ-2", "whatever", "the suite's"}, {"SHD-1", "no answer", "silent"}, {"SHD-1", "crash", ""}, {"EQ-1", "crash", ""},
	} {
		if got := list.Reason(c.requirement, c.kind); got != c.want {
			t.Errorf("%s %s: got %q, expected %q", c.requirement, c.kind, got, c.want)
		}
	}
}

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
		{ID: "equality/two", Requirements: []string{"EQ-2"}},
	},
}

func TestRead(t *testing.T) {
	got, err := known.Read("known.txt", strings.NewReader(`
# of the release 1.0
shutdown/one   SHD-1	fail  it never did,   and never will # said the author

  equality/both EQ-2 timeout it waits
equality/two EQ-2 crash x
fuzz SHD-10 "no answer" it is silent
fuzz EQ-1 whatever
`), specification)
	if err != nil {
		t.Fatal(err)
	}
	want := known.List{
		{Scenario: "shutdown/one", Requirement: "SHD-1", Outcome: report.Fail, Reason: "it never did, and never will # said the author", Where: "known.txt:3"},
		{Scenario: "equality/both", Requirement: "EQ-2", Outcome: report.Timeout, Reason: "it waits", Where: "known.txt:5"},
		{Scenario: "equality/two", Requirement: "EQ-2", Outcome: report.Crash, Reason: "x", Where: "known.txt:6"},
		{Requirement: "SHD-10", Kind: "no answer", Reason: "it is silent", Where: "known.txt:7"},
		{Requirement: "EQ-1", Reason: "whatever", Where: "known.txt:8"},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%v\nexpected\n%v", got, want)
	}
}

func TestReadWithAMistake(t *testing.T) {
	for line, told := range map[string]string{
		"shutdown/one SHD-1 fail":               "a known deviation reads: SCENARIO REQUIREMENT OUTCOME reason",
		"shutdown/one":                          "a known deviation reads",
		"shutdown/none SHD-1 fail because":      "there is no scenario shutdown/none (packetspec list shows all); did you mean shutdown/one?",
		"SHD-1 SHD-1 fail because":              "there is no scenario SHD-1",
		"equality/both SHD-1 fail because":      "the scenario equality/both does not test SHD-1, but EQ-1, EQ-2",
		"shutdown/one SHD-10 fail because":      "does not test SHD-10, but SHD-1",
		"shutdown/one SHD-1 pass because":       `the outcome is "pass": it must be fail, timeout or crash`,
		"shutdown/one SHD-1 skip because":       `the outcome is "skip": it must be fail, timeout or crash`,
		"shutdown/one SHD-1 FAIL because":       `the outcome is "FAIL": it must be fail, timeout or crash`,
		"shutdown/ten SHD-10 timeout once more": "the scenario shutdown/ten is listed already, at known.txt:2",
		"fuzz EQ-1":                             `a known deviation of campaigns reads: fuzz REQUIREMENT ["KIND"] reason`,
		`fuzz EQ-1 "no answer"`:                 "a known deviation of campaigns reads",
		`fuzz EQ-1 "no answer because`:          "lacks its closing quote",
		"fuzz EQ-11 because":                    "there is no requirement EQ-11 (packetspec list shows all); did you mean EQ-1?",
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
	if want := []string{"known.txt:1:", "known.txt:3:", "known.txt:4:"}; !slices.Equal(at, want) {
		t.Errorf("got errors at %q, expected %q:\n%v", at, want, err)
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

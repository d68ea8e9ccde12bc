package conformance_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/report"
)

func TestReadKnown(t *testing.T) {
	known, err := conformance.ReadKnown("known.txt", strings.NewReader(`
# of the release 1.0
shutdown/one   SHD-1	fail  it never did,   and never will # said the author

  equality/both EQ-2 timeout it waits
equality/two EQ-2 crash x
`), selectable)
	if err != nil {
		t.Fatal(err)
	}
	check(t, "deviations", len(known), 3)
	for scenario, want := range map[string]conformance.Deviation{
		"shutdown/one":  {"shutdown/one", "SHD-1", report.Fail, "it never did, and never will # said the author"},
		"equality/both": {"equality/both", "EQ-2", report.Timeout, "it waits"},
		"equality/two":  {"equality/two", "EQ-2", report.Crash, "x"},
	} {
		check(t, scenario, known[scenario], want)
	}
}

func TestReadKnownWithAMistake(t *testing.T) {
	for line, told := range map[string]string{
		"shutdown/one SHD-1 fail":               "a known deviation reads: SCENARIO REQUIREMENT OUTCOME reason",
		"shutdown/one":                          "a known deviation reads",
		"shutdown/none SHD-1 fail because":      "there is no scenario shutdown/none (packetspec list shows all)",
		"SHD-1 SHD-1 fail because":              "there is no scenario SHD-1",
		"equality/both SHD-1 fail because":      "the scenario equality/both does not test SHD-1, but EQ-1, EQ-2",
		"shutdown/one SHD-10 fail because":      "does not test SHD-10, but SHD-1",
		"shutdown/one SHD-1 pass because":       `the outcome "pass" is none of fail, timeout, crash`,
		"shutdown/one SHD-1 skip because":       `the outcome "skip" is none of`,
		"shutdown/one SHD-1 FAIL because":       `the outcome "FAIL" is none of`,
		"shutdown/ten SHD-10 timeout once more": "the scenario shutdown/ten is listed already",
	} {
		_, err := conformance.ReadKnown("known.txt", strings.NewReader("# a list\nshutdown/ten SHD-10 fail because\n"+line+"\n"), selectable)
		if err == nil {
			t.Errorf("%s: got no error, expected %q", line, told)
			continue
		}
		if want := "known.txt:3: "; !strings.HasPrefix(err.Error(), want) || !strings.Contains(err.Error(), told) {
			t.Errorf("%s: got %q, expected %q and %q", line, err, want, told)
		}
	}
}

// TestKnownDeviations runs scenarios of which some are listed.
func TestKnownDeviations(t *testing.T) {
	because := func(o report.Outcome) conformance.Deviation {
		return conformance.Deviation{Outcome: o, Reason: "because"}
	}
	for _, c := range []struct {
		does   string // the subject, in the scenario
		listed *conformance.Deviation
		want   report.Outcome
		reason string
	}{
		{"right", nil, report.Pass, ""},
		{"wrong", nil, report.Fail, ""},
		{"wrong", ptr(because(report.Fail)), report.Known, "because"},
		{"nothing", ptr(because(report.Timeout)), report.Known, "because"},
		{"die", ptr(because(report.Crash)), report.Known, "because"},
		{"right", ptr(because(report.Fail)), report.Fixed, "it is listed as a known deviation (because), but passes: take it off the list"},
		{"nothing", ptr(because(report.Fail)), report.Timeout, "it is listed as a known deviation with the outcome fail, not timeout (because)"},
		{"wrong", ptr(because(report.Crash)), report.Fail, "it is listed as a known deviation with the outcome crash, not fail (because)"},
		{"die", ptr(because(report.Fail)), report.Crash, "it is listed as a known deviation with the outcome fail, not crash (because); " +
			"the adapter ended its output; the fake's exit"},
		{"refuse", ptr(because(report.Fail)), report.Skip, "the adapter does not support the command encode (unsupported: not that)"},
	} {
		t.Run(fmt.Sprintf("%s, listed as %v", c.does, c.listed), func(t *testing.T) {
			f := newFake(t, c.does)
			run := f.run()
			if c.listed != nil {
				run.Known = conformance.Known{run.Scenarios[0].ID: *c.listed}
			}
			r := results(t, run).Results[0]
			check(t, "outcome", r.Outcome, c.want)
			check(t, "reason", r.Reason, c.reason)
		})
	}
}

func ptr[T any](v T) *T { return &v }

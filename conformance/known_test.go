package conformance_test

import (
	"fmt"
	"testing"

	"github.com/packetspec/packetspec/conformance/known"
	"github.com/packetspec/packetspec/conformance/report"
)

// TestKnownDeviations runs scenarios of which some are listed.
func TestKnownDeviations(t *testing.T) {
	because := func(o report.Outcome) known.Deviation {
		return known.Deviation{Outcome: o, Reason: "because"}
	}
	for _, c := range []struct {
		does   string // the subject, in the scenario
		listed *known.Deviation
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
			"the fake's exit before encode"},
		{"refuse", ptr(because(report.Fail)), report.Skip, "the adapter does not support the command encode (unsupported: not that)"},
	} {
		t.Run(fmt.Sprintf("%s, listed as %v", c.does, c.listed), func(t *testing.T) {
			f := newFake(t, c.does)
			run := f.run()
			if c.listed != nil {
				c.listed.Scenario = run.Scenarios[0].ID
				run.Known = known.List{*c.listed}
			}
			r := results(t, run).Results[0]
			check(t, "outcome", r.Outcome, c.want)
			check(t, "reason", r.Reason, c.reason)
		})
	}
}

func ptr[T any](v T) *T { return &v }

package report_test

import (
	"testing"

	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
)

func TestConforms(t *testing.T) {
	notRun := of(spec.Must, report.Pass)
	notRun.NotRun = 1
	for _, c := range []struct {
		name            string
		r               *report.Results
		plain, ifStrict bool
	}{
		{"nothing", &report.Results{}, false, false},
		{"a pass", of(spec.Must, report.Pass), true, true},
		{"a pass of may alone", of(spec.May, report.Pass), true, true},
		{"a must that fails", of(spec.Must, report.Pass, report.Fail), false, false},
		{"a must that times out", of(spec.Must, report.Pass, report.Timeout), false, false},
		{"a must that crashes", of(spec.Must, report.Pass, report.Crash), false, false},
		{"a should that fails", of(spec.Should, report.Pass, report.Fail), true, false},
		{"a should that times out", of(spec.Should, report.Pass, report.Timeout), true, false},
		{"a should that crashes", of(spec.Should, report.Pass, report.Crash), true, false},
		{"a may that fails", of(spec.May, report.Pass, report.Fail), true, false},
		{"a should that fails, alone", of(spec.Should, report.Fail), true, false},
		{"a skip beside a pass", of(spec.Must, report.Pass, report.Skip), true, true},
		{"skips alone", of(spec.Must, report.Skip, report.Skip), false, false},
		{"skips of may alone", of(spec.May, report.Skip), false, false},
		{"a known deviation", of(spec.Must, report.Pass, report.Known), true, true},
		{"known deviations alone", of(spec.Must, report.Known), true, true},
		{"a fixed deviation", of(spec.Must, report.Pass, report.Fixed), false, false},
		{"a fixed deviation of a should", of(spec.Should, report.Pass, report.Fixed), false, false},
		{"a fixed deviation of a may", of(spec.May, report.Pass, report.Fixed), false, false},
		{"a scenario that was not run", notRun, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			check(t, "conforms", c.r.Conforms(false), c.plain)
			check(t, "conforms, strictly", c.r.Conforms(true), c.ifStrict)
		})
	}
}

func TestAllSkipped(t *testing.T) {
	check(t, "nothing", (&report.Results{}).AllSkipped(), true)
	check(t, "skips", of(spec.Must, report.Skip, report.Skip).AllSkipped(), true)
	for _, o := range report.Outcomes {
		check(t, "skips and "+string(o), of(spec.Must, report.Skip, o).AllSkipped(), o == report.Skip)
	}
}

func TestCounts(t *testing.T) {
	r := every()
	for o, want := range map[report.Outcome]int{
		report.Pass: 1, report.Fail: 1, report.Timeout: 1, report.Crash: 1, report.Skip: 2, report.Known: 1, report.Fixed: 1,
	} {
		check(t, string(o), r.Summary[o], want)
	}
	check(t, "summary of nothing has every outcome", len(of(spec.Must).Summary), len(report.Outcomes))
	check(t, "skips of may", r.Count(spec.May, report.Skip), 2)
	check(t, "skips of must", r.Count(spec.Must, report.Skip), 0)
	check(t, "fixed of must", r.Count(spec.Must, report.Fixed), 1)
}

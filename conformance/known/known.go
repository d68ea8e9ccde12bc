// Package known reads and updates lists of known deviations.
//
// A list is a text file. Empty lines, and lines that begin with #, are comments. Every other
// line is a known deviation, in one of these forms, with a reason to the end of the line:
//
//	SCENARIO REQUIREMENT OUTCOME reason     a scenario of the suite does not pass: OUTCOME is fail, timeout, crash, flaky or skip
//	fuzz REQUIREMENT reason                 campaigns find that the requirement is broken
//	fuzz REQUIREMENT "KIND" reason          campaigns find this kind of difference only
//
// A scenario may be named by a former id. A list with a line whose outcome is skip lists every scenario
// that is skipped for want of something that the adapter lacks. A list without one says nothing about
// skips.
//
// The suite and campaigns read the same lists. The suite ignores lines for campaigns. To a
// campaign, which has no scenarios, a line of the suite covers its requirement, unless its outcome
// is skip.
package known

import (
	"fmt"
	"slices"

	"github.com/packetspec/packetspec/conformance/report"
)

// A Deviation is one known deviation: a line of a list.
type Deviation struct {
	Scenario    string         // its present id; empty: the line is for campaigns
	Outcome     report.Outcome // of the scenario
	Kind        string         // of a campaign's difference; empty: any, and so on lines of the suite
	Requirement string         // id of the requirement that the deviation breaks
	Reason      string
	Where       string // FILE:LINE
}

// A List is a list of known deviations, in the order of its lines.
type List []Deviation

func (l List) scenario(id string) (Deviation, bool) {
	if i := slices.IndexFunc(l, func(d Deviation) bool { return d.Scenario == id }); i >= 0 && id != "" {
		return l[i], true
	}
	return Deviation{}, false
}

// Lists reports whether the list has a line for a scenario with an outcome.
func (l List) Lists(id string, o report.Outcome) bool {
	d, listed := l.scenario(id)
	return listed && d.Outcome == o
}

// Judge returns the result of a scenario with the list applied: the outcome is [report.Known] if
// the scenario deviates as listed, in every run that deviates, and [report.Fixed] if it passes
// although it is listed.
//
// A scenario that is listed as flaky may pass too, and is not fixed by that: no number of passes
// shows that a rare deviation is gone. If it deviates in every run, also if there was only one,
// the list does not cover it.
//
// A skip for want of an ability or a command breaks no claim if it is listed. If it is not, but
// others are, it breaks the claim of the list, [report.UnmetList].
func (l List) Judge(r report.Result) report.Result {
	d, listed := l.scenario(r.ID)
	r.Listed = d.Where
	switch {
	case r.Outcome == report.Skip:
		return l.judgeSkip(r, d)
	case !listed:
	case r.Outcome == report.Pass && d.Outcome == report.Flaky:
	case r.Outcome == report.Pass:
		r.Outcome = report.Fixed
		r.Reason = fmt.Sprintf("it is listed as a known deviation (%s), but passes: take it off the list", d.Reason)
	case r.Outcome == d.Outcome && (d.Outcome == report.Flaky || r.Runs.Only(d.Outcome)):
		r.Outcome = report.Known
		r.Reason = d.Reason
	default:
		why := r.Reason // of a crash
		r.Reason = fmt.Sprintf("it is listed as a known deviation with the outcome %s, not %s (%s)", d.Outcome, r.Outcome, d.Reason)
		switch {
		case r.Outcome == d.Outcome:
			r.Reason = fmt.Sprintf("it is listed as a known deviation with the outcome %s, but %s (%s)", d.Outcome, r.Runs, d.Reason)
		case d.Outcome == report.Flaky:
			r.Reason += ": a flaky scenario must pass in some run, and --retry runs it again"
		}
		if why != "" {
			r.Reason += "; " + why
		}
	}
	return r
}

// ListsSkips reports whether the list has a line for a skip, and so lists them all.
func (l List) ListsSkips() bool {
	return slices.ContainsFunc(l, func(d Deviation) bool { return d.Outcome == report.Skip })
}

// judgeSkip does the work of Judge for a scenario that was skipped. Its line is d, if it has one.
func (l List) judgeSkip(r report.Result, d Deviation) report.Result {
	switch {
	case r.Lacks == "":
	case d.Outcome == report.Skip:
		r.Unmet = ""
	case l.ListsSkips():
		r.Unmet = report.UnmetList
	}
	return r
}

// Reason returns why a campaign's difference is known, or "" if it is not: the reason of the
// first line that covers it.
func (l List) Reason(requirement, kind string) string {
	if i := slices.IndexFunc(l, func(d Deviation) bool { return d.Covers(requirement, kind) }); i >= 0 {
		return l[i].Reason
	}
	return ""
}

// Covers reports whether the deviation covers a campaign's difference: it names the requirement
// and, if it names a kind, the kind. A skip covers none.
func (d Deviation) Covers(requirement, kind string) bool {
	return d.Outcome != report.Skip && d.Requirement == requirement && (d.Kind == "" || d.Kind == kind)
}

// ForCampaigns reports whether the line is for campaigns, not for a scenario of the suite.
func (d Deviation) ForCampaigns() bool { return d.Scenario == "" }

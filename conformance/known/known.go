// Package known reads and updates lists of known deviations.
//
// A list is a text file. Empty lines, and lines that begin with #, are comments. Every other
// line is a known deviation, in one of these forms, with a reason to the end of the line:
//
//	SCENARIO REQUIREMENT OUTCOME reason     a scenario of the suite fails: OUTCOME is fail, timeout, crash or flaky
//	fuzz REQUIREMENT reason                 campaigns find that the requirement is broken
//	fuzz REQUIREMENT "KIND" reason          campaigns find this kind of difference only
//
// The suite and campaigns read the same lists. The suite ignores lines for campaigns. To a
// campaign, which has no scenarios, a line of the suite covers its requirement.
package known

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/internal/nearest"
)

// A Deviation is one known deviation: a line of a list.
type Deviation struct {
	Scenario    string         // id; empty: the line is for campaigns
	Outcome     report.Outcome // of the scenario
	Kind        string         // of a campaign's difference; empty: any, and so on lines of the suite
	Requirement string         // id of the requirement that the deviation breaks
	Reason      string
	Where       string // FILE:LINE
}

// A List is a list of known deviations, in the order of its lines.
type List []Deviation

// campaigns is the first word of a line for campaigns.
const campaigns = "fuzz"

// Read reads a list, and checks it against the specification. Its error joins one error for
// each wrong line, in order, each with the given name of the list and the line's number.
func Read(name string, r io.Reader, s *spec.Spec) (List, error) {
	var list List
	var errs []error
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		d, err := parse(text, s)
		d.Where = fmt.Sprintf("%s:%d", name, n)
		if other, listed := list.scenario(d.Scenario); err == nil && listed {
			err = fmt.Errorf("the scenario %s is listed already, at %s", d.Scenario, other.Where)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", d.Where, err))
			continue
		}
		list = append(list, d)
	}
	if err := errors.Join(append(errs, lines.Err())...); err != nil {
		return nil, err
	}
	return list, nil
}

func parse(text string, s *spec.Spec) (Deviation, error) {
	if first, rest, _ := strings.Cut(text, " "); first == campaigns {
		return parseCampaign(strings.TrimSpace(rest), s)
	}
	return parseSuite(text, s)
}

func parseSuite(text string, s *spec.Spec) (d Deviation, err error) {
	fields := strings.Fields(text)
	if len(fields) < 4 {
		return d, errors.New("a known deviation reads: SCENARIO REQUIREMENT OUTCOME reason, or for campaigns: fuzz REQUIREMENT [\"KIND\"] reason")
	}
	d = Deviation{Scenario: fields[0], Requirement: fields[1], Outcome: report.Outcome(fields[2]), Reason: strings.Join(fields[3:], " ")}
	sc, found := s.Scenario(d.Scenario)
	switch {
	case !found:
		var ids []string
		for _, sc := range s.Scenarios {
			ids = append(ids, sc.ID)
		}
		return d, unknown("scenario", d.Scenario, ids)
	case !slices.Contains(sc.Requirements, d.Requirement):
		return d, fmt.Errorf("the scenario %s does not test %s, but %s", d.Scenario, d.Requirement, strings.Join(sc.Requirements, ", "))
	case !d.Outcome.Deviates():
		return d, fmt.Errorf("the outcome is %q: it must be fail, timeout, crash or flaky", d.Outcome)
	}
	return d, nil
}

func parseCampaign(text string, s *spec.Spec) (d Deviation, err error) {
	requirement, rest, _ := strings.Cut(text, " ")
	d.Requirement, rest = requirement, strings.TrimSpace(rest)
	if quoted, ok := strings.CutPrefix(rest, `"`); ok {
		if d.Kind, rest, ok = strings.Cut(quoted, `"`); !ok {
			return d, fmt.Errorf("the kind %q lacks its closing quote", quoted)
		}
	}
	d.Reason = strings.TrimSpace(rest)
	if d.Reason == "" {
		return d, errors.New(`a known deviation of campaigns reads: fuzz REQUIREMENT ["KIND"] reason`)
	}
	if _, found := s.Requirement(d.Requirement); !found {
		var ids []string
		for _, q := range s.Requirements {
			ids = append(ids, q.ID)
		}
		return d, unknown("requirement", d.Requirement, ids)
	}
	return d, nil
}

func unknown(what, name string, ids []string) error {
	hint := ""
	for _, id := range nearest.Names(name, ids, 1) {
		hint = "; did you mean " + id + "?"
	}
	return fmt.Errorf("there is no %s %s (packetspec list shows all)%s", what, name, hint)
}

func (l List) scenario(id string) (Deviation, bool) {
	if i := slices.IndexFunc(l, func(d Deviation) bool { return id != "" && d.Scenario == id }); i >= 0 {
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
func (l List) Judge(r report.Result) report.Result {
	d, listed := l.scenario(r.ID)
	switch {
	case !listed || r.Outcome == report.Skip:
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

// Reason returns why a campaign's difference is known, or "" if it is not: the reason of the
// first line that covers it.
func (l List) Reason(requirement, kind string) string {
	if i := slices.IndexFunc(l, func(d Deviation) bool { return d.Covers(requirement, kind) }); i >= 0 {
		return l[i].Reason
	}
	return ""
}

// Covers reports whether the deviation covers a campaign's difference: it names the requirement
// and, if it names a kind, the kind.
func (d Deviation) Covers(requirement, kind string) bool {
	return d.Requirement == requirement && (d.Kind == "" || d.Kind == kind)
}

// ForCampaigns reports whether the line is for campaigns, not for a scenario of the suite.
func (d Deviation) ForCampaigns() bool { return d.Scenario == "" }

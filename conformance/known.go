package conformance

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
)

// A Deviation is a scenario that an implementation is known not to pass.
type Deviation struct {
	Scenario    string // by its id
	Requirement string // that the deviation breaks
	Outcome     report.Outcome
	Reason      string
}

// Known is a list of known deviations, by scenario.
type Known map[string]Deviation

// ReadKnown reads a list of known deviations and holds it against the specification:
// a deviation a line, as
//
//	SCENARIO REQUIREMENT OUTCOME reason to the end of the line
//
// with outcome fail, timeout or crash. Empty lines, and lines that begin with #, say
// nothing. The name tells where an error is.
func ReadKnown(name string, r io.Reader, s *spec.Spec) (Known, error) {
	known := Known{}
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		d, err := parseDeviation(text, s)
		if err == nil && known[d.Scenario].Scenario != "" {
			err = fmt.Errorf("the scenario %s is listed already", d.Scenario)
		}
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, n, err)
		}
		known[d.Scenario] = d
	}
	return known, lines.Err()
}

func parseDeviation(text string, s *spec.Spec) (d Deviation, err error) {
	fields := strings.Fields(text)
	if len(fields) < 4 {
		return d, fmt.Errorf("a known deviation reads: SCENARIO REQUIREMENT OUTCOME reason")
	}
	d = Deviation{
		Scenario: fields[0], Requirement: fields[1], Outcome: report.Outcome(fields[2]),
		Reason: strings.Join(fields[3:], " "),
	}
	sc, found := s.Scenario(d.Scenario)
	switch {
	case !found:
		return d, fmt.Errorf("there is no scenario %s (packetspec list shows all)", d.Scenario)
	case !slices.Contains(sc.Requirements, d.Requirement):
		return d, fmt.Errorf("the scenario %s does not test %s, but %s", d.Scenario, d.Requirement, strings.Join(sc.Requirements, ", "))
	case d.Outcome != report.Fail && d.Outcome != report.Timeout && d.Outcome != report.Crash:
		return d, fmt.Errorf("the outcome %q is none of fail, timeout, crash", d.Outcome)
	}
	return d, nil
}

// judge turns a result into what it is in the light of the list.
func (k Known) judge(r report.Result) report.Result {
	d, listed := k[r.ID]
	switch {
	case !listed || r.Outcome == report.Skip:
	case r.Outcome == report.Pass:
		r.Outcome = report.Fixed
		r.Reason = fmt.Sprintf("it is listed as a known deviation (%s), but passes: take it off the list", d.Reason)
	case r.Outcome == d.Outcome:
		r.Outcome = report.Known
		r.Reason = d.Reason
	default:
		why := r.Reason // of a crash
		r.Reason = fmt.Sprintf("it is listed as a known deviation with the outcome %s, not %s (%s)", d.Outcome, r.Outcome, d.Reason)
		if why != "" {
			r.Reason += "; " + why
		}
	}
	return r
}

package conformance

import (
	"fmt"
	"slices"
	"strings"

	"github.com/packetspec/packetspec/conformance/report"
)

// UpdateKnown is a list of known deviations as it should read after a run against it:
// without the scenarios that pass, with the outcomes that came, and with a line for
// each deviation that it lacks. Comments, reasons and the lines of scenarios that were
// not run stay as they are. A new line takes the place that a sorted list gives it; its
// reason is what was expected and what came, for a person to put better.
func UpdateKnown(list string, results *report.Results) string {
	came := map[string]report.Result{}
	for _, r := range results.Results {
		came[r.ID] = r
	}
	var lines []string
	for line := range strings.Lines(list) {
		line = strings.TrimRight(line, "\n")
		id := listed(line)
		r, ran := came[id]
		delete(came, id)
		switch {
		case id == "" || !ran, r.Outcome == report.Known, r.Outcome == report.Skip:
			lines = append(lines, line)
		case deviates(r):
			fields := strings.Fields(line)
			fields[2] = string(r.Outcome)
			lines = append(lines, strings.Join(fields, " "))
		}
	}
	for _, r := range results.Results {
		if _, lacking := came[r.ID]; lacking && deviates(r) {
			lines = slices.Insert(lines, place(lines, r.ID), deviationLine(r))
		}
	}
	return strings.Join(append(lines, ""), "\n")
}

func deviates(r report.Result) bool {
	return r.Outcome == report.Fail || r.Outcome == report.Timeout || r.Outcome == report.Crash
}

// listed is the scenario that a line is about, or nothing.
func listed(line string) string {
	fields := strings.Fields(line)
	if len(fields) < 4 || strings.HasPrefix(fields[0], "#") {
		return ""
	}
	return fields[0]
}

// place is before the first line about a scenario that comes later.
func place(lines []string, id string) int {
	for i, line := range lines {
		if listed(line) > id {
			return i
		}
	}
	return len(lines)
}

func deviationLine(r report.Result) string {
	why := r.Reason
	if why == "" {
		why = fmt.Sprintf("expected %s, got %s", r.Expected, r.Actual)
	}
	return strings.Join(append([]string{r.ID, r.Requirements[0], string(r.Outcome)}, strings.Fields(why)...), " ")
}

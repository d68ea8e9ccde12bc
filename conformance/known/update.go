package known

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/internal/visible"
)

// Update returns the text of a list as it should read after a run of the suite against it. It
// removes the lines of scenarios that pass, corrects outcomes, and adds a line for each deviation
// that the list lacks. It keeps comments, reasons, lines for campaigns, the lines of scenarios that
// did not run, and those of flaky ones that passed in every run, or deviated in the only one. A new line goes where a sorted list has it. Its reason is what was expected and
// what came, for a person to improve.
func Update(text string, results *report.Results) string {
	came := map[string]report.Result{}
	for _, r := range results.Results {
		came[r.ID] = r
	}
	var lines []string
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		id := scenarioOf(line)
		r, ran := came[id]
		delete(came, id)
		switch {
		case id == "" || !ran, r.Outcome == report.Known, r.Outcome == report.Skip, mayBeFlaky(line, r):
			lines = append(lines, line)
		case r.Outcome.Deviates():
			fields := strings.Fields(line)
			fields[2] = string(r.Outcome)
			lines = append(lines, strings.Join(fields, " "))
		}
	}
	for _, r := range results.Results {
		if _, lacking := came[r.ID]; lacking && r.Outcome.Deviates() {
			lines = slices.Insert(lines, place(lines, r.ID), newLine(r))
		}
	}
	return strings.Join(append(lines, ""), "\n")
}

// mayBeFlaky reports whether a line lists a scenario as flaky, and its result does not show that it
// deviates always.
func mayBeFlaky(line string, r report.Result) bool {
	return strings.Fields(line)[2] == string(report.Flaky) && (r.Runs == nil || r.Outcome == report.Pass)
}

// scenarioOf returns the id of the scenario that a line lists, or "".
func scenarioOf(line string) string {
	fields := strings.Fields(line)
	if len(fields) < 4 || strings.HasPrefix(fields[0], "#") || fields[0] == campaigns {
		return ""
	}
	return fields[0]
}

// place returns the index of the first line that lists a later scenario.
func place(lines []string, id string) int {
	if i := slices.IndexFunc(lines, func(line string) bool { return scenarioOf(line) > id }); i >= 0 {
		return i
	}
	return len(lines)
}

func newLine(r report.Result) string {
	why := cmp.Or(r.Reason, fmt.Sprintf("expected %s, got %s", r.Expected, r.Actual))
	why = visible.Line(strings.Join(strings.Fields(why), " "))
	return strings.Join([]string{r.ID, r.Requirements[0], string(r.Outcome), why}, " ")
}

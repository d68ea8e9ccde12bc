package known

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/internal/hint"
	"github.com/packetspec/packetspec/internal/visible"
	"github.com/packetspec/packetspec/internal/words"
)

// review begins the mark at the end of a line whose outcome may be the machine's doing, rather than
// the subject's. A person should look at it, and take the mark off.
const review = "# review: "

// Check returns an error if results are not those of a whole run on a machine that works. A list
// that was made of them would hide deviations.
func Check(results *report.Results) error {
	doubtful, certain, notStarted := 0, 0, 0
	for _, r := range results.Results {
		switch {
		case needsReview(r.Outcome):
			doubtful++
		case r.Outcome != report.Skip && r.Outcome != report.Known:
			certain++
		}
		if r.NotStarted {
			notStarted++
		}
	}
	switch {
	case results.Interrupted != "":
		return fmt.Errorf("the run was interrupted, and %s not run", words.Were(results.NotRun, "scenario"))
	case results.GivenUp != "":
		return errors.New("the run was given up")
	case results.NotRun > 0:
		return fmt.Errorf("%s not run", words.Were(results.NotRun, "scenario"))
	case notStarted > 0:
		return fmt.Errorf("the adapter did not start for %s", words.Count(notStarted, "scenario"))
	case doubtful > 1 && certain == 0:
		return hint.Add(errors.New("every scenario that ran timed out or crashed"), "--run lists one scenario, if that is what the implementation does")
	}
	return nil
}

// Reviews returns how many lines of a list have the mark that asks for a review.
func Reviews(text string) int { return strings.Count(text, " "+review) }

// needsReview reports whether an outcome may be the machine's doing.
func needsReview(o report.Outcome) bool { return o == report.Timeout || o == report.Crash }

// Update returns the text of a list of deviations as it should read after a run of the suite of s
// against it. It removes the lines of scenarios that pass, corrects outcomes and former ids, and adds a
// line for each deviation that the list lacks. It does the same for scenarios that are skipped for
// want of an ability or a command, if skips is true or the list lists skips.
//
// It keeps comments, reasons, lines for campaigns, the lines of scenarios that did not run, and those
// of flaky ones that passed in every run, or deviated in the only one. A new line goes where a sorted
// list has it. Its reason is what was expected and what came, for a person to improve. The end of the
// line marks new timeouts and crashes.
func Update(text string, s *spec.Spec, results *report.Results, skips bool) string {
	text, marked := strings.CutPrefix(text, byteOrderMark)
	end := "\n"
	if strings.Contains(text, "\r\n") {
		end = "\r\n"
	}
	skips = skips || slices.ContainsFunc(slices.Collect(strings.Lines(text)), func(line string) bool {
		return scenarioOf(line) != "" && strings.Fields(line)[2] == string(report.Skip)
	})
	came := map[string]report.Result{}
	for _, r := range results.Results {
		came[r.ID] = r
	}
	var lines []string
	for line := range strings.Lines(text) {
		line = withPresentID(strings.TrimRight(line, "\r\n"), s)
		id := scenarioOf(line)
		r, ran := came[id]
		delete(came, id)
		switch {
		case id == "" || !ran, r.Outcome == report.Known, r.Outcome == report.Skip && (!skips || r.Lacks == ""), mayBeFlaky(line, r):
			lines = append(lines, line)
		case r.Outcome.Deviates() || r.Outcome == report.Skip:
			lines = append(lines, withOutcome(line, r.Outcome))
		}
	}
	for _, r := range results.Results {
		_, lacking := came[r.ID]
		if lacking && (r.Outcome.Deviates() || skips && r.Outcome == report.Skip && r.Lacks != "") {
			lines = slices.Insert(lines, place(lines, r.ID), newLine(r))
		}
	}
	text = strings.Join(append(lines, ""), end)
	if marked {
		text = byteOrderMark + text
	}
	return text
}

// Changes describes what differs between the text of a list and its text after an update, by counts of
// the scenarios that it lists: 19 listed, 3 new, 2 removed. A former id is the same scenario.
func Changes(was, is string, s *spec.Spec) string {
	before, after := outcomes(was, s), outcomes(is, s)
	added, removed, changed := 0, 0, 0
	for id, outcome := range after {
		switch old, listed := before[id]; {
		case !listed:
			added++
		case old != outcome:
			changed++
		}
	}
	for id := range before {
		if _, listed := after[id]; !listed {
			removed++
		}
	}
	text := fmt.Sprintf("%d listed, %d new, %d removed", len(after), added, removed)
	if changed > 0 {
		text += fmt.Sprintf(", %d with another outcome", changed)
	}
	return text
}

// outcomes returns the outcomes of the scenarios that the text of a list lists, by present id.
func outcomes(text string, s *spec.Spec) map[string]string {
	listed := map[string]string{}
	for line := range strings.Lines(strings.TrimPrefix(text, byteOrderMark)) {
		if line = withPresentID(line, s); scenarioOf(line) != "" {
			listed[scenarioOf(line)] = strings.Fields(line)[2]
		}
	}
	return listed
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

// withPresentID returns a line with the present id of its scenario, if it has a former one.
func withPresentID(line string, s *spec.Spec) string {
	id := scenarioOf(line)
	if sc, found := s.Scenario(id); found && sc.ID != id {
		return strings.Replace(line, id, sc.ID, 1)
	}
	return line
}

// withOutcome returns a line with another outcome of its scenario, and the mark that belongs to it.
func withOutcome(line string, o report.Outcome) string {
	fields := strings.Fields(line)
	was := report.Outcome(fields[2])
	if was == o {
		return line
	}
	fields[2] = string(o)
	return strings.TrimSuffix(strings.Join(fields, " "), mark(was)) + mark(o)
}

// mark returns what the end of a line with an outcome shows a person, or "".
func mark(o report.Outcome) string {
	if needsReview(o) {
		return " " + review + string(o)
	}
	return ""
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
	return strings.Join([]string{r.ID, r.Requirements[0], string(r.Outcome), why}, " ") + mark(r.Outcome)
}

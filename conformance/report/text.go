package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/packetspec/packetspec/conformance/spec"
)

// Text writes the results for people: an explanation of each failure, and a summary by
// level. If verbose, it lists the other scenarios too.
func (r *Results) Text(w io.Writer, verbose bool) error {
	var out strings.Builder
	for _, result := range r.Results {
		switch {
		case result.Counts(true):
			out.WriteString(r.Explain(result) + "\n")
		case verbose:
			out.WriteString(headline(result) + "\n")
		}
	}
	r.broken(&out)
	r.known(&out)
	r.skips(&out)
	for _, note := range r.Notes {
		out.WriteString("note: " + note + "\n")
	}
	r.summary(&out)
	_, err := io.WriteString(w, out.String())
	return err
}

// Explain returns all that is known about one result, as text of several lines.
func (r *Results) Explain(result Result) string {
	var out strings.Builder
	out.WriteString(headline(result) + "\n")
	row := func(name, text string) {
		if text == "" {
			return
		}
		for i, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
			if i > 0 {
				name = ""
			}
			fmt.Fprintf(&out, "  %-12s %s\n", name, line)
		}
	}
	for _, id := range result.Requirements {
		q := r.requirement(id)
		row("requirement", wrap(fmt.Sprintf("%s (%s): %s", q.ID, q.Level, q.Text)))
	}
	row("scenario", result.Feature+": "+result.Scenario)
	row("step", result.Step)
	row("expected", result.Expected)
	row("actual", result.Actual)
	row("reason", result.Reason)
	row("wire", strings.Join(result.Wire, "\n"))
	row("stderr", lastLines(result.Stderr))
	row("run again", result.Again)
	return out.String()
}

// textWidth is the width, in columns, of a requirement's text: together with the names on
// its left about 100.
const textWidth = 88

// wrap breaks text into lines of at most textWidth.
func wrap(text string) string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > textWidth {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	return strings.Join(append(lines, line), "\n")
}

// stderrLines is the number of lines of an adapter's standard error that the text shows.
const stderrLines = 8

// lastLines returns the last stderrLines lines of text, after one that counts the others.
func lastLines(text string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	if more := len(lines) - stderrLines; more > 0 {
		lines = append([]string{fmt.Sprintf("… (%d more lines: --report json has them)", more)}, lines[more:]...)
	}
	return strings.Join(lines, "\n")
}

// headline returns the line that begins an explanation.
func headline(result Result) string {
	line := fmt.Sprintf("%-7s  %-6s  %s", strings.ToUpper(string(result.Outcome)), result.Level, result.ID)
	if result.Runs != nil {
		line += "  " + result.Runs.String()
	}
	return line
}

// broken writes a line for each requirement with a failing scenario.
func (r *Results) broken(out *strings.Builder) {
	bad, all := map[string]int{}, map[string]int{}
	for _, result := range r.Results {
		for _, id := range result.Requirements {
			all[id]++
			if result.Outcome.Deviates() {
				bad[id]++
			}
		}
	}
	if len(bad) == 0 {
		return
	}
	out.WriteString("requirements that do not hold:\n")
	for _, q := range r.Suite.Requirements {
		if bad[q.ID] > 0 {
			fmt.Fprintf(out, "  %-6s  %-6s  in %d of %d scenarios\n", q.ID, q.Level, bad[q.ID], all[q.ID])
		}
	}
	out.WriteString("\n")
}

// known writes some lines for each known deviation.
func (r *Results) known(out *strings.Builder) {
	if r.Summary[Known] == 0 {
		return
	}
	fmt.Fprintf(out, "known deviations, as listed:\n")
	for _, result := range r.Results {
		if result.Outcome == Known {
			fmt.Fprintf(out, "  %-6s  %s\n          %s: %s\n", result.Level, result.ID, strings.Join(result.Requirements, ", "), result.Reason)
			if result.Runs != nil {
				fmt.Fprintf(out, "          %s\n", result.Runs)
			}
		}
	}
	out.WriteString("\n")
}

// skips writes how many scenarios were skipped for each reason.
func (r *Results) skips(out *strings.Builder) {
	var reasons []string
	count := map[string]int{}
	for _, result := range r.Results {
		if result.Outcome == Skip {
			if count[result.Reason] == 0 {
				reasons = append(reasons, result.Reason)
			}
			count[result.Reason]++
		}
	}
	for _, reason := range reasons {
		fmt.Fprintf(out, "skipped %d: %s\n", count[reason], reason)
	}
}

// summary writes the number of results of each level and outcome.
func (r *Results) summary(out *strings.Builder) {
	out.WriteString(r.classes())
	subject := strings.TrimRight(r.Subject.Name+" "+r.Subject.Release, " ")
	if r.Subject.Language != "" {
		subject += " (" + r.Subject.Language + ")"
	}
	fmt.Fprintf(out, "%s: %d scenarios in %v\n", subject, len(r.Results), r.Elapsed.Round(10*time.Millisecond))
	fmt.Fprintf(out, "%-8s", "")
	for _, o := range Outcomes {
		fmt.Fprintf(out, "%8s", o)
	}
	out.WriteString("\n")
	for _, level := range spec.Levels {
		fmt.Fprintf(out, "%-8s", level)
		for _, o := range Outcomes {
			fmt.Fprintf(out, "%8d", r.Count(level, o))
		}
		out.WriteString("\n")
	}
	if r.NotRun == 0 && r.AllSkipped() {
		out.WriteString("every scenario was skipped, which does not show that anything conforms\n")
	}
	if r.NotRun > 0 {
		fmt.Fprintf(out, "%d scenarios were not run\n", r.NotRun)
	}
}

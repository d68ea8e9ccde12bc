package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/packetspec/packetspec/conformance/spec"
)

// Text writes the results for people: what did not pass, in full, and a summary by
// level. With verbose it lists every scenario.
func (r *Results) Text(w io.Writer, verbose bool) error {
	var out strings.Builder
	for _, result := range r.Results {
		switch {
		case result.Outcome == Fail || result.Outcome == Timeout || result.Outcome == Crash || result.Outcome == Fixed:
			out.WriteString(r.Explain(result) + "\n")
		case verbose:
			out.WriteString(headline(result) + "\n")
		}
	}
	r.known(&out)
	r.skips(&out)
	for _, note := range r.Notes {
		out.WriteString("note: " + note + "\n")
	}
	r.summary(&out)
	_, err := io.WriteString(w, out.String())
	return err
}

// Explain tells of one result all that is known.
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
		row("requirement", fmt.Sprintf("%s (%s): %s", q.ID, q.Level, q.Text))
	}
	row("scenario", result.Feature+": "+result.Scenario)
	row("step", result.Step)
	row("expected", result.Expected)
	row("actual", result.Actual)
	row("reason", result.Reason)
	row("wire", strings.Join(result.Wire, "\n"))
	row("stderr", result.Stderr)
	row("run again", result.Again)
	return out.String()
}

func headline(result Result) string {
	return fmt.Sprintf("%-7s  %-6s  %s", strings.ToUpper(string(result.Outcome)), result.Level, result.ID)
}

// known tells of the known deviations in a line each.
func (r *Results) known(out *strings.Builder) {
	if r.Summary[Known] == 0 {
		return
	}
	fmt.Fprintf(out, "known deviations, as listed:\n")
	for _, result := range r.Results {
		if result.Outcome == Known {
			fmt.Fprintf(out, "  %-6s  %s\n          %s: %s\n", result.Level, result.ID, strings.Join(result.Requirements, ", "), result.Reason)
		}
	}
	out.WriteString("\n")
}

// skips tells how many scenarios were skipped, by reason.
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

func (r *Results) summary(out *strings.Builder) {
	subject := r.Subject.Name
	if r.Subject.Release != "" {
		subject += " " + r.Subject.Release
	}
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

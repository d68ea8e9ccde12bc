package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/internal/visible"
	"github.com/packetspec/packetspec/internal/words"
)

// Text writes the results for people: an explanation of each failure, and a summary by
// level. If verbose, it lists the other scenarios too.
func (r *Results) Text(w io.Writer, verbose bool) error {
	return NewStream(w, r.Suite, verbose, false).Finish(r)
}

// summarize returns the end of the text: what the results come to.
func (r *Results) summarize() string {
	var out strings.Builder
	r.broken(&out)
	r.known(&out)
	r.skips(&out)
	for _, note := range r.Notes {
		out.WriteString("note: " + visible.Line(note) + "\n")
	}
	r.claim(&out)
	r.summary(&out)
	r.unmet(&out)
	if r.deviations() > manyDeviations {
		out.WriteString("begin with the first failure: --fail-fast\n")
	}
	return out.String()
}

// manyDeviations is how many scenarios may deviate before a reader is advised to look at one alone.
const manyDeviations = 50

func (r *Results) deviations() (n int) {
	for _, result := range r.Results {
		if result.Outcome.Deviates() {
			n++
		}
	}
	return n
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
			fmt.Fprintf(out, "  %-6s  %-6s  in %d of %s\n", q.ID, q.Level, bad[q.ID], words.Count(all[q.ID], "scenario"))
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
			fmt.Fprintf(out, "  %-6s  %s\n          %s: %s\n", result.Level, result.ID, strings.Join(result.Requirements, ", "), visible.Line(result.Reason))
			if result.Runs != nil {
				fmt.Fprintf(out, "          %s\n", result.Runs)
			}
		}
	}
	out.WriteString("\n")
}

// skips writes how many scenarios were skipped for each reason. The refusal of a command is one
// reason, whatever message the adapter gave: the first is shown.
func (r *Results) skips(out *strings.Builder) {
	var causes []string
	count, reasons, refusals := map[string]int{}, map[string]string{}, r.refusals()
	for _, result := range r.Results {
		if result.Outcome == Skip {
			cause := result.Reason
			if result.Refused != "" {
				cause = result.Refused + " " + result.lack(refusals)
			}
			if count[cause] == 0 {
				causes, reasons[cause] = append(causes, cause), result.Reason
			}
			count[cause]++
		}
	}
	for _, cause := range causes {
		fmt.Fprintf(out, "skipped %d: %s\n", count[cause], visible.Line(reasons[cause]))
	}
}

// summary writes the number of results of each level and outcome.
func (r *Results) summary(out *strings.Builder) {
	out.WriteString(r.classes())
	subject := cmp.Or(r.Subject.String(), "no adapter")
	fmt.Fprintf(out, "%s: %s in %v\n", subject, words.Count(len(r.Results), "scenario"), r.Elapsed.Round(10*time.Millisecond))
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
	if r.GivenUp != "" {
		fmt.Fprintf(out, "the run was given up: %s\n", r.GivenUp)
	}
	if r.Interrupted != "" {
		fmt.Fprintf(out, "interrupted by %s\n", r.Interrupted)
	}
	if r.NotRun > 0 {
		out.WriteString(words.Were(r.NotRun, "scenario") + " not run")
		if r.NotRunBecause != "" {
			out.WriteString(": " + r.NotRunBecause)
		}
		out.WriteString("\n")
	}
	for _, u := range r.Unfinished {
		if u.Running > 0 {
			fmt.Fprintf(out, "  %s had been running for %v\n", u.ID, u.running())
		}
	}
}

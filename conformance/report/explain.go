package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/packetspec/packetspec/internal/excerpt"
	"github.com/packetspec/packetspec/internal/visible"
)

// Explain returns all that is known about one result, as text of several lines.
func (r *Results) Explain(result Result) string { return r.Suite.explain(result, headline(result)) }

// explain returns what follows from a result, below its headline.
func (s Suite) explain(result Result, headline string) string {
	var out strings.Builder
	out.WriteString(headline + "\n")
	lines := func(name, text string, first, last int) {
		if text == "" {
			return
		}
		for _, line := range ends(strings.Split(visible.Block(text), "\n"), first, last) {
			fmt.Fprintf(&out, "  %-12s %s\n", name, line)
			name = ""
		}
	}
	row := func(name, text string) { lines(name, text, excerpt.First, excerpt.Last+1) }
	for _, id := range result.Requirements {
		q := s.requirement(id)
		row("requirement", wrap(fmt.Sprintf("%s (%s): %s", q.ID, q.Level, q.Text)))
	}
	row("scenario", result.Feature+": "+result.Scenario)
	row("step", result.Step)
	row("expected", result.Expected)
	row("actual", result.Actual)
	row("reason", result.Reason)
	row("claim", result.brokenClaim())
	row("wire", strings.Join(result.Wire, "\n"))
	lines("stderr", result.Stderr, firstStderr, lastStderr)
	row("run again", result.Again)
	row("bundle", result.Bundle)
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

// The number of lines of an adapter's standard error that the text shows of its beginning and of
// its end. Some runtimes print the message of a panic before the stack, others after it.
const (
	firstStderr = 4
	lastStderr  = 8
)

// ends returns the first and last lines, with one between them that counts the others.
func ends(lines []string, first, last int) []string {
	more := len(lines) - first - last
	if more <= 0 {
		return lines
	}
	return slices.Concat(lines[:first], []string{fmt.Sprintf("… (%d more lines: --report json has them)", more)}, lines[first+more:])
}

// headline returns the line that begins an explanation.
func headline(result Result) string {
	return fmt.Sprintf("%-7s", strings.ToUpper(string(result.Outcome))) + afterOutcome(result)
}

// colors maps outcomes to how a terminal shows their words: the parameters of its control
// sequence "select graphic rendition".
var colors = map[Outcome]string{
	Pass: "32" /* green */, Fail: "1;31" /* bold red */, Timeout: "1;31", Crash: "1;31",
	Flaky: "33" /* yellow */, Fixed: "33", Known: "2" /* dim */, Skip: "2",
}

// colored returns the headline with the outcome's word in color, for a terminal.
func colored(result Result) string {
	word := strings.ToUpper(string(result.Outcome))
	return "\x1b[" + colors[result.Outcome] + "m" + word + "\x1b[0m" + strings.Repeat(" ", 7-len(word)) + afterOutcome(result)
}

// afterOutcome returns the headline after its first word.
func afterOutcome(result Result) string {
	line := fmt.Sprintf("  %-6s  %s", result.Level, result.ID)
	if result.Runs != nil {
		line += "  " + result.Runs.String()
	}
	return line
}

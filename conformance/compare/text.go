package compare

import (
	"fmt"
	"io"
	"strings"

	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/internal/visible"
	"github.com/packetspec/packetspec/internal/words"
)

// headings say what the scenarios of a kind have in common.
var headings = map[Kind]string{
	Worse:    "worse: they deviate now, and did not before",
	Lost:     "newly skipped: they ran before, and show nothing now",
	Better:   "better: they pass now, and did not before",
	Changed:  "changed: they deviate in another way",
	New:      "new: only the new run has them",
	Vanished: "vanished: only the old run has them",
	Slower:   "slower",
}

// mostListed bounds how many scenarios a text lists of a kind that does not make a run worse.
const mostListed = 20

// Text writes the comparison for people.
func (c *Comparison) Text(w io.Writer) error {
	var out strings.Builder
	fmt.Fprintf(&out, "old: %s\nnew: %s\n", c.Old, c.New)
	for _, note := range c.Notes {
		fmt.Fprintf(&out, "note: %s\n", visible.Line(note))
	}
	for _, kind := range Kinds {
		if c.Counts[kind] == 0 {
			continue
		}
		fmt.Fprintf(&out, "\n%s\n", headings[kind])
		listed := 0
		for _, change := range c.of(kind) {
			if listed++; listed > mostListed && !kind.counts() {
				continue
			}
			fmt.Fprintf(&out, "  %-6s  %s  %s\n", change.Level, change.ID, change.arrow())
			if kind.counts() || kind == New && deviates(change.Now) {
				for _, line := range change.details() {
					fmt.Fprintf(&out, "          %s\n", line)
				}
			}
		}
		if more := listed - mostListed; more > 0 && !kind.counts() {
			fmt.Fprintf(&out, "  … %d more: --format json lists them\n", more)
		}
	}
	fmt.Fprintf(&out, "\n%s\n", c.verdict())
	_, err := io.WriteString(w, out.String())
	return err
}

// JSON writes the comparison as one JSON object.
func (c *Comparison) JSON(w io.Writer) error { return report.WriteJSON(w, c) }

// Markdown writes the comparison for a comment on a change: the verdict, a table of the counts, and
// what changed, folded where it does not make the run worse.
func (c *Comparison) Markdown(w io.Writer) error {
	var out strings.Builder
	fmt.Fprintf(&out, "### packetspec: %s\n\n%s, compared with %s.\n\n", c.verdict(), markdown(c.New.String()), markdown(c.Old.String()))
	for _, note := range c.Notes {
		fmt.Fprintf(&out, "> %s\n", markdown(note))
	}
	if c.Notes != nil {
		out.WriteString("\n")
	}
	for _, kind := range Kinds {
		changes := c.of(kind)
		if len(changes) == 0 {
			continue
		}
		heading := fmt.Sprintf("%d %s", len(changes), headings[kind])
		if kind.counts() {
			fmt.Fprintf(&out, "**%s**\n\n", heading)
		} else {
			fmt.Fprintf(&out, "<details><summary>%s</summary>\n\n", heading)
		}
		out.WriteString("| level | scenario | requirement | was → now | |\n|---|---|---|---|---|\n")
		for _, change := range changes {
			fmt.Fprintf(&out, "| %s | `%s` | %s | %s | %s |\n", change.Level, change.ID, strings.Join(change.Requirements, ", "),
				markdown(change.arrow()), markdown(strings.Join(change.details(), "<br>")))
		}
		out.WriteString("\n")
		if !kind.counts() {
			out.WriteString("</details>\n\n")
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// counts reports whether a change of the kind makes the new run worse.
func (k Kind) counts() bool { return k == Worse || k == Lost }

func (c *Comparison) of(kind Kind) (changes []Change) {
	for _, change := range c.Changes {
		if change.Kind == kind {
			changes = append(changes, change)
		}
	}
	return changes
}

// verdict says what the comparison comes to.
func (c *Comparison) verdict() string {
	var parts []string
	for _, kind := range Kinds {
		if n := c.Counts[kind]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, kind))
		}
	}
	parts = append(parts, fmt.Sprintf("%d the same", c.Same))
	if c.Worse {
		return "worse: " + strings.Join(parts, ", ")
	}
	return "not worse: " + strings.Join(parts, ", ")
}

// String describes a run in one line.
func (s Side) String() string {
	var counts []string
	for _, o := range report.Outcomes {
		if n := s.Summary[o]; n > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", n, o))
		}
	}
	return fmt.Sprintf("%s: %s (%s)", visible.Line(s.Subject), words.Count(s.Scenarios, "scenario"), strings.Join(counts, ", "))
}

// arrow says what the result was and is.
func (c Change) arrow() string {
	name := func(o report.Outcome) string {
		if o == "" {
			return "-"
		}
		return string(o)
	}
	if c.Kind == Slower {
		return fmt.Sprintf("%.0f ms → %.0f ms", c.WasMS, c.NowMS)
	}
	return name(c.Was) + " → " + name(c.Now)
}

// details says why the new result is as it is, and how to see it again.
func (c Change) details() (lines []string) {
	add := func(name, text string) {
		if text == "" {
			return
		}
		first, _, more := strings.Cut(text, "\n")
		if more {
			first += " …"
		}
		lines = append(lines, name+visible.Line(first))
	}
	if c.Now == "" && c.Reason == "" {
		return nil
	}
	add("expected   ", c.Expected)
	add("actual     ", c.Actual)
	add("reason     ", c.Reason)
	if c.Now != report.Pass {
		add("run again  ", c.Again)
	}
	return lines
}

// markdown escapes a text for a cell of a table.
func markdown(s string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "<br>", "<br>", "<", "&lt;", "`", "'", "*", `\*`, "_", `\_`).Replace(s)
}

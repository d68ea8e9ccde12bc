package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/packetspec/packetspec/internal/visible"
)

// Matrix writes which requirements hold for which of several subjects, as a table with a
// column for each subject. It has a row for each requirement that does not hold for all of
// them, and then one for each outcome.
func Matrix(w io.Writer, all []*Results) error {
	var out strings.Builder
	columns := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	addRow := func(cells []string) { _, _ = fmt.Fprintln(columns, strings.Join(cells, "\t")) }
	head := []string{"", ""}
	for _, r := range all {
		head = append(head, visible.Line(r.Subject.Release))
	}
	addRow(head)
	hold := 0
	for _, q := range union(all) {
		row := []string{q.ID, string(q.Level)}
		for _, r := range all {
			row = append(row, r.cell(q.ID))
		}
		switch cells := row[2:]; {
		case !slices.ContainsFunc(cells, func(cell string) bool { return cell != holds }):
			hold++
			continue
		case !slices.ContainsFunc(cells, func(cell string) bool { return cell != notRun }):
			continue // the notes below say what was run
		}
		addRow(row)
	}
	for _, o := range Outcomes {
		row := []string{string(o), ""}
		for _, r := range all {
			row = append(row, fmt.Sprint(r.Summary[o]))
		}
		addRow(row)
	}
	_ = columns.Flush()
	fmt.Fprintf(&out, "%d requirements hold for all, and are not shown\n", hold)
	for _, r := range all {
		switch {
		case len(r.Results) == 0:
			fmt.Fprintf(&out, "%s: no scenario was run\n", r.Subject)
		case !r.Whole():
			fmt.Fprintf(&out, "%s: only a part of the suite, %s; - means that no scenario of a requirement was run\n", r.Subject, r.Part())
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// union returns the requirements of all results, each once.
func union(all []*Results) (requirements []Requirement) {
	seen := map[string]bool{}
	for _, r := range all {
		for _, q := range r.Suite.Requirements {
			if !seen[q.ID] {
				seen[q.ID] = true
				requirements = append(requirements, q)
			}
		}
	}
	return requirements
}

// The contents of a cell, unless it counts failing scenarios.
const (
	holds   = "holds"
	skipped = "skip" // all of them
	notRun  = "-"
)

// cell returns whether a requirement holds, or how many of its scenarios fail out of those that
// ran, and how many of these are flaky.
func (r *Results) cell(requirement string) string {
	broken, flaky, passed, skips := 0, 0, 0, 0
	for _, result := range r.Results {
		if !slices.Contains(result.Requirements, requirement) {
			continue
		}
		switch result.Outcome {
		case Pass, Fixed:
			passed++
		case Skip:
			skips++
		case Flaky:
			flaky++
			fallthrough
		default:
			broken++
		}
	}
	switch {
	case flaky > 0:
		return fmt.Sprintf("%d of %d, %d flaky", broken, broken+passed, flaky)
	case broken > 0:
		return fmt.Sprintf("%d of %d", broken, broken+passed)
	case passed > 0:
		return holds
	case skips > 0:
		return skipped
	}
	return notRun
}

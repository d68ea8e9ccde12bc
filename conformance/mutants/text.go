package mutants

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/packetspec/packetspec/conformance/spec"
)

// advice is what to do about a fault that is not killed.
var advice = map[Verdict]string{
	ByTimeout: "only waiting finds it: let the scenario see an octet or a reply that tells, as by an EOF that the answer is to come before",
	Elsewhere: "only scenarios of other requirements find it: write one of its own, or say which requirement it breaks",
	Survives:  "no scenario finds it: write one",
	Untried:   "the run was ended before it was tried on every scenario",
}

// Text writes the matrix for people: what it comes to, then the holes with what to do,
// then a line for each requirement or, if verbose, for each fault what finds it.
func (m *Matrix) Text(w io.Writer, verbose bool) error {
	p := &printer{w: w}
	p.line("%s of the faults are killed by a scenario of their own requirement", m.Scores.Faults)
	if m.Whole {
		p.line("%s of the requirements of level must and should kill a fault", m.Scores.Requirements)
		p.line("%s of the scenarios kill a fault", m.Scores.Scenarios)
	}
	p.line("%d runs of a scenario in %v", m.Runs-m.NotRun, m.Elapsed.Round(time.Second/10))
	if m.NotRun > 0 {
		p.line("%d more were not run: the run was ended", m.NotRun)
	}
	m.holes(p)
	p.line("")
	m.table(p, verbose)
	return p.err
}

// holes tells of all that is not as it should be.
func (m *Matrix) holes(p *printer) {
	for _, k := range m.Alarms {
		p.line("\nALARM    %s ended as a %s without a fault: nothing that it finds is proven", k.Scenario, k.Outcome)
	}
	for _, f := range m.Faults {
		if f.Verdict == Killed {
			continue
		}
		p.line("\n%-8s %s (%s): %s", strings.ToUpper(string(f.Verdict)), f.Name, f.Requirement, f.Text)
		p.line("  %s", advice[f.Verdict])
		p.kills("of its requirement", f.Own)
		p.kills("of others", f.Others)
	}
	if !m.Whole {
		return
	}
	for _, c := range m.Requirements {
		if c.Level != spec.May && c.Kills == 0 {
			p.line("\nNO KILL  %s (%s): its scenarios find none of the %d faults that break it", c.ID, c.Level, c.Faults)
			p.line("  give the mutant a fault that breaks it, in conformance/mutant")
		}
	}
	finds := scenarios(m.Faults, m.Requirements)
	for _, id := range slices.Sorted(maps.Keys(finds)) {
		if !finds[id] {
			p.line("\nNO KILL  %s: it finds none of the %d faults", id, len(m.Faults))
			p.line("  give the mutant a fault that it finds, in conformance/mutant, or leave it out")
		}
	}
}

func (m *Matrix) table(p *printer, verbose bool) {
	if verbose {
		for _, f := range m.Faults {
			p.line("%-6s %s: %s, by %d scenarios of its requirement and %d others", f.Requirement, f.Name, f.Verdict, len(f.Own), len(f.Others))
			p.kills("of its requirement", f.Own)
			p.kills("of others", f.Others)
		}
		return
	}
	columns := tabwriter.NewWriter(p, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(columns, "requirement\tlevel\tscenarios\tthat find a fault\tfaults\tfound")
	for _, c := range m.Requirements {
		if c.Faults == 0 {
			continue
		}
		finding := 0
		for _, sc := range c.Scenarios {
			if len(sc.Faults) > 0 {
				finding++
			}
		}
		_, _ = fmt.Fprintf(columns, "%s\t%s\t%d\t%d\t%d\t%d\n", c.ID, c.Level, len(c.Scenarios), finding, c.Faults, c.Kills)
	}
	_ = columns.Flush() // the printer keeps the error
}

// A printer keeps the first error of many writes.
type printer struct {
	w   io.Writer
	err error
}

// Write implements [io.Writer].
func (p *printer) Write(b []byte) (int, error) {
	if p.err == nil {
		_, p.err = p.w.Write(b)
	}
	return len(b), p.err
}

func (p *printer) line(format string, args ...any) { _, _ = fmt.Fprintf(p, format+"\n", args...) }

// shownKills is how many scenarios are told of one by one.
const shownKills = 8

func (p *printer) kills(of string, kills []Kill) {
	if len(kills) == 0 {
		return
	}
	p.line("  scenarios %s that find it:", of)
	for _, k := range kills[:min(len(kills), shownKills)] {
		p.line("    %-7s %s", k.Outcome, k.Scenario)
	}
	if more := len(kills) - shownKills; more > 0 {
		p.line("    and %d more", more)
	}
}

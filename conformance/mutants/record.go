package mutants

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
)

// A Record is the part of a [Table] that is the same in every run: it has no durations, and
// only the detections that do not depend on which goroutine is first.
type Record struct {
	Scores       Scores                `json:"scores"`
	Requirements []RecordedRequirement `json:"requirements"`
	Faults       []RecordedFault       `json:"faults"`
}

// A RecordedRequirement is a requirement in a record.
type RecordedRequirement struct {
	ID    string     `json:"id"`
	Level spec.Level `json:"level"`
}

// A RecordedFault is a fault in a record.
type RecordedFault struct {
	Name        string   `json:"name"`
	Requirement string   `json:"requirement"`
	Text        string   `json:"text"`
	Verdict     Verdict  `json:"verdict"`
	Scenarios   []string `json:"scenarios"` // of its requirement, that detect it
	Others      int      `json:"others"`    // how many scenarios of other requirements do
}

// NewRecord returns what two tables have in common.
func NewRecord(a, b *Table) *Record {
	r := &Record{}
	faults := make([]FaultResult, 0, len(a.Faults))
	for _, f := range a.Faults {
		g, _ := b.Fault(f.Name)
		f.Own, f.Others = common(f.Own, g.Own), common(f.Others, g.Others)
		f.Verdict = f.verdict()
		faults = append(faults, f)
		recorded := RecordedFault{
			Name: f.Name, Requirement: f.Requirement, Text: f.Text, Verdict: f.Verdict, Scenarios: []string{}, Others: len(f.Others),
		}
		for _, d := range f.Own {
			recorded.Scenarios = append(recorded.Scenarios, d.Scenario)
		}
		r.Faults = append(r.Faults, recorded)
	}
	requirements := slices.Clone(a.Requirements)
	for i, q := range requirements {
		requirements[i].count(faults)
		r.Requirements = append(r.Requirements, RecordedRequirement{q.ID, q.Level})
	}
	r.Scores = scores(faults, requirements)
	return r
}

// common returns the detections by scenarios that are in both lists. One that is by timeout
// in either list is so in the result.
func common(a, b []Detection) (both []Detection) {
	for _, d := range a {
		i := slices.IndexFunc(b, func(e Detection) bool { return e.Scenario == d.Scenario })
		if i < 0 {
			continue
		}
		if b[i].Outcome == report.Timeout {
			d.Outcome = report.Timeout
		}
		both = append(both, d)
	}
	return both
}

// Fault returns the fault with a name.
func (r *Record) Fault(name string) (RecordedFault, bool) {
	if i := slices.IndexFunc(r.Faults, func(f RecordedFault) bool { return f.Name == name }); i >= 0 {
		return r.Faults[i], true
	}
	return RecordedFault{}, false
}

// FaultsOf returns the faults that break a requirement.
func (r *Record) FaultsOf(requirement string) (faults []RecordedFault) {
	for _, f := range r.Faults {
		if f.Requirement == requirement {
			faults = append(faults, f)
		}
	}
	return faults
}

// Regressions returns a line for each thing in which a table is worse than the record: a
// fault that is not detected any more, or a lower score.
func (r *Record) Regressions(t *Table) (lines []string) {
	for _, f := range t.Faults {
		if was, ok := r.Fault(f.Name); ok && was.Verdict == Detected && f.Verdict != Detected {
			lines = append(lines, fmt.Sprintf("%s (%s): the record has it detected, by %s; the verdict is now %q", f.Name, was.Requirement, was.Scenarios[0], f.Verdict))
		}
	}
	if !t.Whole {
		return lines
	}
	for _, s := range []struct {
		what    string
		was, is Score
	}{
		{"faults detected", r.Scores.Faults, t.Scores.Faults},
		{"requirements that detect a fault", r.Scores.Requirements, t.Scores.Requirements},
		{"scenarios that detect a fault", r.Scores.Scenarios, t.Scores.Scenarios},
	} {
		if s.is.Hit*s.was.Total < s.was.Hit*s.is.Total {
			lines = append(lines, fmt.Sprintf("%s: the record has %s, now %s", s.what, s.was, s.is))
		}
	}
	return lines
}

//go:embed record.json
var recorded []byte

// Recorded returns the record that was made of the suite last.
func Recorded() (*Record, error) {
	r := &Record{}
	if err := json.Unmarshal(recorded, r); err != nil {
		return nil, fmt.Errorf("read the record of the suite, which is built in: %w", err)
	}
	return r, nil
}

// JSON writes the record. Equal records are written as equal bytes.
func (r *Record) JSON(w io.Writer) error { return report.WriteJSON(w, r) }

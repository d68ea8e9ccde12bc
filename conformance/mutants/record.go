package mutants

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
)

// A Record is what a matrix comes to whenever it is run: no time, and of the kills only
// those that do not hang on who is first.
type Record struct {
	Scores       Scores           `json:"scores"`
	Requirements []RecordedClause `json:"requirements"`
	Faults       []RecordedFault  `json:"faults"`
}

// A RecordedClause is a requirement, as a record has it.
type RecordedClause struct {
	ID    string     `json:"id"`
	Level spec.Level `json:"level"`
}

// A RecordedFault is a fault, as a record has it.
type RecordedFault struct {
	Name        string   `json:"name"`
	Requirement string   `json:"requirement"`
	Text        string   `json:"text"`
	Verdict     Verdict  `json:"verdict"`
	Scenarios   []string `json:"scenarios"` // of its requirement, that find it
	Others      int      `json:"others"`    // scenarios of other requirements that find it
}

// NewRecord keeps what two matrices have in common.
func NewRecord(a, b *Matrix) *Record {
	r := &Record{}
	faults := make([]Tried, 0, len(a.Faults))
	for _, f := range a.Faults {
		g, _ := b.Fault(f.Name)
		f.Own, f.Others = common(f.Own, g.Own), common(f.Others, g.Others)
		f.Verdict = f.judge()
		faults = append(faults, f)
		recorded := RecordedFault{
			Name: f.Name, Requirement: f.Requirement, Text: f.Text, Verdict: f.Verdict, Scenarios: []string{}, Others: len(f.Others),
		}
		for _, k := range f.Own {
			recorded.Scenarios = append(recorded.Scenarios, k.Scenario)
		}
		r.Faults = append(r.Faults, recorded)
	}
	clauses := slices.Clone(a.Requirements)
	for i, c := range clauses {
		clauses[i].Faults, clauses[i].Kills = count(c.ID, faults)
		r.Requirements = append(r.Requirements, RecordedClause{c.ID, c.Level})
	}
	r.Scores = score(faults, clauses)
	return r
}

// common are the kills that both have. One that only waiting shows in either does so.
func common(a, b []Kill) (both []Kill) {
	for _, k := range a {
		i := slices.IndexFunc(b, func(l Kill) bool { return l.Scenario == k.Scenario })
		if i < 0 {
			continue
		}
		if b[i].Outcome == report.Timeout {
			k.Outcome = report.Timeout
		}
		both = append(both, k)
	}
	return both
}

// Fault finds a fault by its name.
func (r *Record) Fault(name string) (RecordedFault, bool) {
	i := slices.IndexFunc(r.Faults, func(f RecordedFault) bool { return f.Name == name })
	if i < 0 {
		return RecordedFault{}, false
	}
	return r.Faults[i], true
}

// Of are the faults that break a requirement.
func (r *Record) Of(requirement string) (faults []RecordedFault) {
	for _, f := range r.Faults {
		if f.Requirement == requirement {
			faults = append(faults, f)
		}
	}
	return faults
}

// Falls tells in what a matrix falls below the record: faults that are not killed any
// more, and scores.
func (r *Record) Falls(m *Matrix) (falls []string) {
	for _, f := range m.Faults {
		if was, ok := r.Fault(f.Name); ok && was.Verdict == Killed && f.Verdict != Killed {
			falls = append(falls, fmt.Sprintf("%s (%s) was killed, by %s: now its verdict is %s", f.Name, was.Requirement, was.Scenarios[0], f.Verdict))
		}
	}
	if !m.Whole {
		return falls
	}
	for _, s := range []struct {
		what    string
		was, is Score
	}{
		{"faults that are killed", r.Scores.Faults, m.Scores.Faults},
		{"requirements that kill a fault", r.Scores.Requirements, m.Scores.Requirements},
		{"scenarios that kill a fault", r.Scores.Scenarios, m.Scores.Scenarios},
	} {
		if s.is.Is*s.was.Of < s.was.Is*s.is.Of {
			falls = append(falls, fmt.Sprintf("%s: %s were recorded, now there are %s", s.what, s.was, s.is))
		}
	}
	return falls
}

//go:embed record.json
var record []byte

// Recorded is the record of the suite as it stands.
func Recorded() (*Record, error) { return ReadRecord(bytes.NewReader(record)) }

// ReadRecord reads what [Record.JSON] wrote.
func ReadRecord(in io.Reader) (*Record, error) {
	r := &Record{}
	return r, json.NewDecoder(in).Decode(r)
}

// JSON writes the record, always in the same way.
func (r *Record) JSON(w io.Writer) error { return report.WriteJSON(w, r) }

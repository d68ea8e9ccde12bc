package mutants_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/packetspec/packetspec/conformance/mutant"
	"github.com/packetspec/packetspec/conformance/mutants"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/features"
)

// anew is how the record is written.
const anew = "write it anew: packetspec mutants --record conformance/mutants/record.json --record conformance/SCORE.md"

// TestRecordIsInStep holds the record, and the page made of it, against the mutant and
// the specification.
func TestRecordIsInStep(t *testing.T) {
	r, err := mutants.Recorded()
	if err != nil {
		t.Fatal(err)
	}
	s, err := spec.Load(features.FS)
	if err != nil {
		t.Fatal(err)
	}
	recordedFaults(t, r, s)
	var page bytes.Buffer
	if err := r.Page(&page); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join("..", "SCORE.md"))
	if err != nil || !bytes.Equal(got, page.Bytes()) {
		t.Errorf("SCORE.md is not what the record makes of it (%v): %s", err, anew)
	}
	if t.Failed() {
		t.Log(anew)
	}
}

func recordedFaults(t *testing.T, r *mutants.Record, s *spec.Spec) {
	faults := mutant.Faults()
	for _, f := range faults {
		if got, ok := r.Fault(f.Name); !ok || got.Requirement != f.Requirement || got.Text != f.Text {
			t.Errorf("%s: the mutant has %+v, the record %+v", f.Name, f, got)
		}
	}
	if len(r.Faults) != len(faults) {
		t.Errorf("the record has %d faults, the mutant %d", len(r.Faults), len(faults))
	}
	for _, f := range r.Faults {
		for _, id := range f.Scenarios {
			if sc, ok := s.Scenario(id); !ok || !slices.Contains(sc.Requirements, f.Requirement) {
				t.Errorf("%s: there is no scenario %s of %s", f.Name, id, f.Requirement)
			}
		}
	}
	for _, q := range s.Requirements {
		if !slices.Contains(r.Requirements, mutants.RecordedClause{ID: q.ID, Level: q.Level}) {
			t.Errorf("the record has no %s of level %s", q.ID, q.Level)
		}
	}
}

func matrix(faults ...mutants.Tried) *mutants.Matrix {
	return &mutants.Matrix{
		Whole: true, Faults: faults,
		Scores: mutants.Scores{Faults: mutants.Score{Is: 1, Of: 2}, Requirements: mutants.Score{Is: 1, Of: 1}, Scenarios: mutants.Score{Is: 3, Of: 3}},
	}
}

// TestFalls tells what has become worse, and nothing else.
func TestFalls(t *testing.T) {
	r := &mutants.Record{
		Scores: mutants.Scores{Faults: mutants.Score{Is: 1, Of: 2}, Requirements: mutants.Score{Is: 1, Of: 1}, Scenarios: mutants.Score{Is: 3, Of: 3}},
		Faults: []mutants.RecordedFault{
			{Name: "a", Requirement: "A-1", Verdict: mutants.Killed, Scenarios: []string{"x/y"}},
			{Name: "b", Requirement: "A-1", Verdict: mutants.Survives},
		},
	}
	same := matrix(mutants.Tried{Name: "a", Verdict: mutants.Killed}, mutants.Tried{Name: "b", Verdict: mutants.Survives}, mutants.Tried{Name: "new", Verdict: mutants.Survives})
	if falls := r.Falls(same); falls != nil {
		t.Errorf("got %q, expected nothing", falls)
	}
	worse := matrix(mutants.Tried{Name: "a", Verdict: mutants.ByTimeout}, mutants.Tried{Name: "b", Verdict: mutants.Killed})
	if falls := r.Falls(worse); len(falls) != 1 || !strings.HasPrefix(falls[0], "a (A-1) was killed, by x/y") {
		t.Errorf("got %q, expected that a fell", falls)
	}
	lower := matrix()
	lower.Scores.Faults = mutants.Score{Is: 1, Of: 3}
	lower.Scores.Requirements = mutants.Score{Is: 0, Of: 1}
	lower.Scores.Scenarios = mutants.Score{Is: 3, Of: 4}
	if falls := r.Falls(lower); len(falls) != 3 {
		t.Errorf("got %q, expected that the scores fell", falls)
	}
	lower.Whole = false
	if falls := r.Falls(lower); falls != nil {
		t.Errorf("of a part: got %q, expected nothing", falls)
	}
}

// TestNewRecord keeps what two matrices have in common.
func TestNewRecord(t *testing.T) {
	tried := func(own ...mutants.Kill) *mutants.Matrix {
		return &mutants.Matrix{
			Faults:       []mutants.Tried{{Name: "a", Requirement: "A-1", Own: own}},
			Requirements: []mutants.Clause{{ID: "A-1", Level: spec.Must}},
		}
	}
	told := mutants.Kill{Scenario: "s/told", Outcome: report.Fail}
	waited := mutants.Kill{Scenario: "s/told", Outcome: report.Timeout}
	other := mutants.Kill{Scenario: "s/other", Outcome: report.Fail}
	for name, c := range map[string]struct {
		a, b *mutants.Matrix
		want mutants.RecordedFault
	}{
		"both":            {tried(told, other), tried(told), mutants.RecordedFault{Verdict: mutants.Killed, Scenarios: []string{"s/told"}}},
		"once by waiting": {tried(told), tried(waited), mutants.RecordedFault{Verdict: mutants.ByTimeout, Scenarios: []string{"s/told"}}},
		"neither":         {tried(told), tried(other), mutants.RecordedFault{Verdict: mutants.Survives}},
	} {
		t.Run(name, func(t *testing.T) {
			got := mutants.NewRecord(c.a, c.b).Faults[0]
			if got.Verdict != c.want.Verdict || !slices.Equal(got.Scenarios, c.want.Scenarios) {
				t.Errorf("got %+v, expected %+v", got, c.want)
			}
		})
	}
}

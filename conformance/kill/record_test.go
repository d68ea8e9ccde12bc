package kill_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/packetspec/packetspec/conformance/kill"
	"github.com/packetspec/packetspec/conformance/mutant"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/features"
)

// anew is how the record is written.
const anew = "write it anew: packetspec mutants --record conformance/kill/record.json --record features/STRENGTH.md"

// TestRecordIsInStep holds the record, and the page made of it, against the mutant and
// the specification.
func TestRecordIsInStep(t *testing.T) {
	r, err := kill.Recorded()
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
	got, err := os.ReadFile(filepath.Join("..", "..", "features", "STRENGTH.md"))
	if err != nil || !bytes.Equal(got, page.Bytes()) {
		t.Errorf("STRENGTH.md is not what the record makes of it (%v): %s", err, anew)
	}
	if t.Failed() {
		t.Log(anew)
	}
}

func recordedFaults(t *testing.T, r *kill.Record, s *spec.Spec) {
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
		if !slices.Contains(r.Requirements, kill.RecordedClause{ID: q.ID, Level: q.Level}) {
			t.Errorf("the record has no %s of level %s", q.ID, q.Level)
		}
	}
}

func matrix(faults ...kill.Tried) *kill.Matrix {
	return &kill.Matrix{
		Whole: true, Faults: faults,
		Scores: kill.Scores{Faults: kill.Score{Is: 1, Of: 2}, Requirements: kill.Score{Is: 1, Of: 1}, Scenarios: kill.Score{Is: 3, Of: 3}},
	}
}

// TestFalls tells what has become worse, and nothing else.
func TestFalls(t *testing.T) {
	r := &kill.Record{
		Scores: kill.Scores{Faults: kill.Score{Is: 1, Of: 2}, Requirements: kill.Score{Is: 1, Of: 1}, Scenarios: kill.Score{Is: 3, Of: 3}},
		Faults: []kill.RecordedFault{
			{Name: "a", Requirement: "A-1", Verdict: kill.Killed, Scenarios: []string{"x/y"}},
			{Name: "b", Requirement: "A-1", Verdict: kill.Survives},
		},
	}
	same := matrix(kill.Tried{Name: "a", Verdict: kill.Killed}, kill.Tried{Name: "b", Verdict: kill.Survives}, kill.Tried{Name: "new", Verdict: kill.Survives})
	if falls := r.Falls(same); falls != nil {
		t.Errorf("got %q, expected nothing", falls)
	}
	worse := matrix(kill.Tried{Name: "a", Verdict: kill.ByTimeout}, kill.Tried{Name: "b", Verdict: kill.Killed})
	if falls := r.Falls(worse); len(falls) != 1 || !strings.HasPrefix(falls[0], "a (A-1) was killed, by x/y") {
		t.Errorf("got %q, expected that a fell", falls)
	}
	lower := matrix()
	lower.Scores.Faults = kill.Score{Is: 1, Of: 3}
	lower.Scores.Requirements = kill.Score{Is: 0, Of: 1}
	lower.Scores.Scenarios = kill.Score{Is: 3, Of: 4}
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
	tried := func(own ...kill.Kill) *kill.Matrix {
		return &kill.Matrix{
			Faults:       []kill.Tried{{Name: "a", Requirement: "A-1", Own: own}},
			Requirements: []kill.Clause{{ID: "A-1", Level: spec.Must}},
		}
	}
	told := kill.Kill{Scenario: "s/told", Outcome: report.Fail}
	waited := kill.Kill{Scenario: "s/told", Outcome: report.Timeout}
	other := kill.Kill{Scenario: "s/other", Outcome: report.Fail}
	for name, c := range map[string]struct {
		a, b *kill.Matrix
		want kill.RecordedFault
	}{
		"both":            {tried(told, other), tried(told), kill.RecordedFault{Verdict: kill.Killed, Scenarios: []string{"s/told"}}},
		"once by waiting": {tried(told), tried(waited), kill.RecordedFault{Verdict: kill.ByTimeout, Scenarios: []string{"s/told"}}},
		"neither":         {tried(told), tried(other), kill.RecordedFault{Verdict: kill.Survives}},
	} {
		t.Run(name, func(t *testing.T) {
			got := kill.NewRecord(c.a, c.b).Faults[0]
			if got.Verdict != c.want.Verdict || !slices.Equal(got.Scenarios, c.want.Scenarios) {
				t.Errorf("got %+v, expected %+v", got, c.want)
			}
		})
	}
}

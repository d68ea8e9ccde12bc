package mutants_test

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/packetspec/packetspec/conformance/mutant"
	"github.com/packetspec/packetspec/conformance/mutants"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/features"
)

// update keeps the results of the record, which take a run of the whole suite to make.
var update = flag.Bool("update", false, "write the record and its page anew, with the names and texts of the faults as they are now")

const (
	recordFile = "record.json"
	pageFile   = "../SCORE.md"
	// howToUpdate says how to repair a record that is out of step.
	howToUpdate = "if only a name or a text has changed: go test ./conformance/mutants -run TestRecordIsInStep -update\n" +
		"else: packetspec mutants --record conformance/mutants/record.json --record conformance/SCORE.md"
)

// TestRecordIsInStep compares the record, and the page made of it, with the second
// implementation and the specification.
func TestRecordIsInStep(t *testing.T) {
	r, err := mutants.Recorded()
	if err != nil {
		t.Fatal(err)
	}
	s, err := spec.Load(features.FS)
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := refresh(r, mutant.Faults(), s); err != nil {
			t.Fatal(err)
		}
		write(t, recordFile, r.JSON)
		write(t, pageFile, r.Page)
	}
	compareFaults(t, r, s)
	var page bytes.Buffer
	if err := r.Page(&page); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(pageFile)
	if err != nil || !bytes.Equal(got, page.Bytes()) {
		t.Errorf("%s is not the page of %s (error: %v)", pageFile, recordFile, err)
	}
	if t.Failed() {
		t.Log(howToUpdate)
	}
}

// refresh takes the names, texts and order of the faults, and the requirements, as they are
// now, and keeps the results. A fault is the same if its requirement is, and its name or its
// text. The error reports a fault that was added or removed: only a run of the suite shows
// what detects it.
func refresh(r *mutants.Record, faults []mutant.Fault, s *spec.Spec) error {
	left := slices.Clone(r.Faults)
	r.Faults, r.Requirements = nil, nil
	for _, f := range faults {
		i := slices.IndexFunc(left, func(was mutants.RecordedFault) bool { return was.Name == f.Name })
		if i < 0 {
			i = slices.IndexFunc(left, func(was mutants.RecordedFault) bool { return was.Text == f.Text })
		}
		if i < 0 || left[i].Requirement != f.Requirement {
			return fmt.Errorf("the fault %s of %s is new", f.Name, f.Requirement)
		}
		was := left[i]
		was.Name, was.Text = f.Name, f.Text
		r.Faults = append(r.Faults, was)
		left = slices.Delete(left, i, i+1)
	}
	if len(left) > 0 {
		return fmt.Errorf("the fault %s of %s was removed", left[0].Name, left[0].Requirement)
	}
	for _, q := range s.Requirements {
		r.Requirements = append(r.Requirements, mutants.RecordedRequirement{ID: q.ID, Level: q.Level})
	}
	return nil
}

func write(t *testing.T, file string, printTo func(io.Writer) error) {
	t.Helper()
	var out bytes.Buffer
	if err := printTo(&out); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, out.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
}

// TestRefresh keeps results for what has changed its name or its text, and refuses faults
// that were added, removed, or moved to another requirement.
func TestRefresh(t *testing.T) {
	s := &spec.Spec{Requirements: []spec.Requirement{{ID: "A-1", Level: spec.Must}}}
	for name, c := range map[string]struct {
		faults []mutant.Fault
		want   string // the names with their results; empty: an error
	}{
		"the same":            {[]mutant.Fault{{Name: "a", Requirement: "A-1", Text: "one"}, {Name: "b", Requirement: "A-1", Text: "two"}}, "a=1 b=2"},
		"another order":       {[]mutant.Fault{{Name: "b", Requirement: "A-1", Text: "two"}, {Name: "a", Requirement: "A-1", Text: "one"}}, "b=2 a=1"},
		"another text":        {[]mutant.Fault{{Name: "a", Requirement: "A-1", Text: "uno"}, {Name: "b", Requirement: "A-1", Text: "due"}}, "a=1 b=2"},
		"another name":        {[]mutant.Fault{{Name: "a", Requirement: "A-1", Text: "one"}, {Name: "c", Requirement: "A-1", Text: "two"}}, "a=1 c=2"},
		"another requirement": {[]mutant.Fault{{Name: "a", Requirement: "A-1", Text: "one"}, {Name: "b", Requirement: "A-2", Text: "two"}}, ""},
		"one added":           {[]mutant.Fault{{Name: "a", Requirement: "A-1", Text: "one"}, {Name: "b", Requirement: "A-1", Text: "two"}, {Name: "c", Requirement: "A-1", Text: "three"}}, ""},
		"one removed":         {[]mutant.Fault{{Name: "a", Requirement: "A-1", Text: "one"}}, ""},
		"one replaced":        {[]mutant.Fault{{Name: "a", Requirement: "A-1", Text: "one"}, {Name: "c", Requirement: "A-1", Text: "three"}}, ""},
	} {
		r := &mutants.Record{Faults: []mutants.RecordedFault{{Name: "a", Requirement: "A-1", Text: "one", Others: 1}, {Name: "b", Requirement: "A-1", Text: "two", Others: 2}}}
		err := refresh(r, c.faults, s)
		if (err == nil) != (c.want != "") {
			t.Errorf("%s: got the error %v", name, err)
			continue
		}
		if err != nil {
			continue
		}
		var got []string
		for i, f := range r.Faults {
			got = append(got, fmt.Sprintf("%s=%d", f.Name, f.Others))
			if f.Text != c.faults[i].Text {
				t.Errorf("%s: got the text %q, expected %q", name, f.Text, c.faults[i].Text)
			}
		}
		if strings.Join(got, " ") != c.want || len(r.Requirements) != 1 {
			t.Errorf("%s: got %s and the requirements %v, expected %s and A-1", name, got, r.Requirements, c.want)
		}
	}
}

// compareFaults compares the faults and requirements of the record.
func compareFaults(t *testing.T, r *mutants.Record, s *spec.Spec) {
	faults := mutant.Faults()
	for _, f := range faults {
		if got, ok := r.Fault(f.Name); !ok || got.Requirement != f.Requirement || got.Text != f.Text {
			t.Errorf("%s: the second implementation has %+v, the record %+v", f.Name, f, got)
		}
	}
	if len(r.Faults) != len(faults) {
		t.Errorf("the record has %d faults, the second implementation %d", len(r.Faults), len(faults))
	}
	for _, f := range r.Faults {
		for _, id := range f.Scenarios {
			if sc, ok := s.Scenario(id); !ok || !slices.Contains(sc.Requirements, f.Requirement) {
				t.Errorf("%s: there is no scenario %s of %s", f.Name, id, f.Requirement)
			}
		}
	}
	for _, q := range s.Requirements {
		if !slices.Contains(r.Requirements, mutants.RecordedRequirement{ID: q.ID, Level: q.Level}) {
			t.Errorf("the record has no %s of level %s", q.ID, q.Level)
		}
	}
}

func table(faults ...mutants.FaultResult) *mutants.Table {
	return &mutants.Table{
		Whole: true, Faults: faults,
		Scores: mutants.Scores{Faults: mutants.Score{Hit: 1, Total: 2}, Requirements: mutants.Score{Hit: 1, Total: 1}, Scenarios: mutants.Score{Hit: 3, Total: 3}},
	}
}

// TestRegressions reports what has become worse, and nothing else.
func TestRegressions(t *testing.T) {
	r := &mutants.Record{
		Scores: mutants.Scores{Faults: mutants.Score{Hit: 1, Total: 2}, Requirements: mutants.Score{Hit: 1, Total: 1}, Scenarios: mutants.Score{Hit: 3, Total: 3}},
		Faults: []mutants.RecordedFault{
			{Name: "a", Requirement: "A-1", Verdict: mutants.Detected, Scenarios: []string{"x/y"}},
			{Name: "b", Requirement: "A-1", Verdict: mutants.Survived},
		},
	}
	same := table(mutants.FaultResult{Name: "a", Verdict: mutants.Detected}, mutants.FaultResult{Name: "b", Verdict: mutants.Survived}, mutants.FaultResult{Name: "new", Verdict: mutants.Survived})
	if lines := r.Regressions(same); lines != nil {
		t.Errorf("got %q, expected nothing", lines)
	}
	worse := table(mutants.FaultResult{Name: "a", Verdict: mutants.ByTimeout}, mutants.FaultResult{Name: "b", Verdict: mutants.Detected})
	if lines := r.Regressions(worse); len(lines) != 1 || !strings.HasPrefix(lines[0], "a (A-1): the record has it detected, by x/y") {
		t.Errorf("got %q, expected a line about a", lines)
	}
	lower := table()
	lower.Scores.Faults = mutants.Score{Hit: 1, Total: 3}
	lower.Scores.Requirements = mutants.Score{Hit: 0, Total: 1}
	lower.Scores.Scenarios = mutants.Score{Hit: 3, Total: 4}
	if lines := r.Regressions(lower); len(lines) != 3 {
		t.Errorf("got %q, expected a line for each score", lines)
	}
	lower.Whole = false
	if lines := r.Regressions(lower); lines != nil {
		t.Errorf("of a part: got %q, expected nothing", lines)
	}
}

// TestNewRecord keeps what two tables have in common.
func TestNewRecord(t *testing.T) {
	result := func(own ...mutants.Detection) *mutants.Table {
		return &mutants.Table{
			Faults:       []mutants.FaultResult{{Name: "a", Requirement: "A-1", Own: own}},
			Requirements: []mutants.RequirementResult{{ID: "A-1", Level: spec.Must}},
		}
	}
	seen := mutants.Detection{Scenario: "s/seen", Outcome: report.Fail}
	waited := mutants.Detection{Scenario: "s/seen", Outcome: report.Timeout}
	other := mutants.Detection{Scenario: "s/other", Outcome: report.Fail}
	for name, c := range map[string]struct {
		a, b *mutants.Table
		want mutants.RecordedFault
	}{
		"both":            {result(seen, other), result(seen), mutants.RecordedFault{Verdict: mutants.Detected, Scenarios: []string{"s/seen"}}},
		"once by waiting": {result(seen), result(waited), mutants.RecordedFault{Verdict: mutants.ByTimeout, Scenarios: []string{"s/seen"}}},
		"neither":         {result(seen), result(other), mutants.RecordedFault{Verdict: mutants.Survived}},
	} {
		t.Run(name, func(t *testing.T) {
			got := mutants.NewRecord(c.a, c.b).Faults[0]
			if got.Verdict != c.want.Verdict || !slices.Equal(got.Scenarios, c.want.Scenarios) {
				t.Errorf("got %+v, expected %+v", got, c.want)
			}
		})
	}
}

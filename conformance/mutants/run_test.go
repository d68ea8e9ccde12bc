package mutants_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/mutant"
	"github.com/packetspec/packetspec/conformance/mutants"
)

// do does a run by a clock of its own, on which time passes only when every goroutine waits:
// no load on the machine makes a scenario time out.
func do(t *testing.T, run mutants.Run) (table *mutants.Table, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { table, err = run.Do(t.Context()) })
	return table, err
}

// TestVerdicts reaches every verdict.
func TestVerdicts(t *testing.T) {
	f := &fake{does: map[string]map[int]string{
		"seen":          {1: "wrong"},
		"dead":          {1: "die"},
		"waited":        {1: "nothing"},
		"hanging":       {1: "nothing"},
		"waited-once":   {1: "nothing", 4: "wrong"},
		"found-by-both": {4: "wrong"},
		"elsewhere":     {2: "wrong", 3: "wrong"},
		"harmless":      {1: "right"},
		"may":           {3: "wrong"},
	}}
	faults := []mutant.Fault{
		{Name: "seen", Requirement: "A-1"},
		{Name: "dead", Requirement: "A-1", Symptom: mutant.Crashes},
		{Name: "waited", Requirement: "A-1"},
		{Name: "hanging", Requirement: "A-1", Symptom: mutant.Hangs},
		{Name: "waited-once", Requirement: "A-1"},
		{Name: "found-by-both", Requirement: "A-2"},
		{Name: "elsewhere", Requirement: "A-1"},
		{Name: "harmless", Requirement: "A-1"},
		{Name: "never-reached", Requirement: "A-2"},
		{Name: "may", Requirement: "A-3"},
	}
	table, err := do(t, f.run(t, faults...))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]mutants.Verdict{
		"seen": mutants.Detected, "dead": mutants.Detected, "waited": mutants.ByTimeout, "hanging": mutants.Detected,
		"waited-once": mutants.Detected, "found-by-both": mutants.Detected, "elsewhere": mutants.Elsewhere,
		"harmless": mutants.Survived, "never-reached": mutants.Survived, "may": mutants.Detected,
	} {
		got, ok := table.Fault(name)
		if !ok || got.Verdict != want {
			t.Errorf("%s: got %v, expected the verdict %s", name, got, want)
		}
	}
	want := mutants.Scores{
		Faults: mutants.Score{Hit: 6, Total: 10}, Requirements: mutants.Score{Hit: 2, Total: 2}, Scenarios: mutants.Score{Hit: 4, Total: 4},
	}
	if table.Scores != want {
		t.Errorf("scores: got %v, expected %v", table.Scores, want)
	}
	if table.Complete() || len(table.FalsePositives) > 0 || table.NotRun > 0 {
		t.Errorf("got %+v, expected a table with gaps, and no false positives", table)
	}
	for _, c := range f.started {
		if c.Fault == "never-reached" {
			t.Error("a fault that no scenario reaches was tried")
		}
		if c.Process != (c.Fault == "dead") {
			t.Errorf("%+v: expected just the fault that dies to get a process", c)
		}
	}
}

// TestText shows the gaps, with advice.
func TestText(t *testing.T) {
	f := &fake{does: map[string]map[int]string{"elsewhere": {2: "wrong"}, "waited": {1: "nothing"}}}
	table, err := do(t, f.run(t,
		mutant.Fault{Name: "elsewhere", Requirement: "A-1", Text: "what it does"},
		mutant.Fault{Name: "waited", Requirement: "A-1"},
		mutant.Fault{Name: "planted", Requirement: "A-2"},
	))
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := table.Text(&text, false); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"0 of 3 (0.0 %) of the faults are detected",
		"1 of 2 (50.0 %) of the requirements",
		"2 of 4 (50.0 %) of the scenarios",
		"ELSEWHERE elsewhere (A-1): what it does\n  detected only by scenarios of other requirements",
		"fail    fake/two",
		"TIMEOUT   waited (A-1)",
		"SURVIVED  planted (A-2)", "detected by no scenario: write one",
		"GAP       A-2 (must)",
		"GAP       fake/three: it detects none of the 3 faults",
		"A-1          must   2          1                    2       1",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("expected %q in\n%s", want, &text)
		}
	}
}

// TestComplete finds no gap in a suite that has none, and each sort of gap in one that has.
func TestComplete(t *testing.T) {
	f := &fake{does: map[string]map[int]string{"one": {1: "wrong", 4: "wrong"}, "two": {2: "wrong"}, "three": {3: "wrong"}, "both": {2: "wrong", 4: "wrong"}}}
	one, two := mutant.Fault{Name: "one", Requirement: "A-1"}, mutant.Fault{Name: "two", Requirement: "A-2"}
	three := mutant.Fault{Name: "three", Requirement: "A-3"}
	for name, c := range map[string]struct {
		faults        []mutant.Fault
		whole         bool
		falsePositive bool
		want          bool
	}{
		"all":                           {[]mutant.Fault{one, two, three}, true, false, true},
		"a requirement detects nothing": {[]mutant.Fault{one, {Name: "both", Requirement: "A-1"}, three}, true, false, false},
		"a scenario detects nothing":    {[]mutant.Fault{one, two}, true, false, false},
		"some":                          {[]mutant.Fault{one}, false, false, true},
		"a false positive":              {[]mutant.Fault{one, two, three}, true, true, false},
		"a planted survivor":            {[]mutant.Fault{one, two, three, {Name: "planted", Requirement: "A-1"}}, true, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			f := &fake{does: f.does, falsePositive: c.falsePositive}
			run := f.run(t, c.faults...)
			run.Whole = c.whole
			table, err := do(t, run)
			if err != nil {
				t.Fatal(err)
			}
			if table.Complete() != c.want {
				t.Errorf("got %v, expected %v, of %+v", table.Complete(), c.want, table)
			}
			if (len(table.FalsePositives) > 0) != c.falsePositive {
				t.Errorf("false positives: got %v", table.FalsePositives)
			}
		})
	}
}

// TestASubjectThatIsWrongWithoutAFault ends the run at the outset: nothing could be proven.
func TestASubjectThatIsWrongWithoutAFault(t *testing.T) {
	f := &fake{does: map[string]map[int]string{}}
	run := f.run(t, mutant.Fault{Name: "one", Requirement: "A-1"})
	run.Subject = wrongWithoutAFault{f}
	table, err := do(t, run)
	if err == nil || table != nil || !strings.Contains(err.Error(), "without a fault every scenario must pass") {
		t.Errorf("got %v, %v, expected an error that says so", table, err)
	}
}

type wrongWithoutAFault struct{ *fake }

func (w wrongWithoutAFault) Faultless(bool) (s adapter.Starter, reached func() []string) {
	return serve(map[int]string{2: "wrong"}, nil), func() []string { return nil }
}

// TestOwn tries a fault on the scenarios of its requirement only.
func TestOwn(t *testing.T) {
	f := &fake{does: map[string]map[int]string{"one": {1: "wrong", 2: "wrong", 4: "wrong"}}}
	run := f.run(t, mutant.Fault{Name: "one", Requirement: "A-1"})
	run.Own = true
	table, err := do(t, run)
	if err != nil {
		t.Fatal(err)
	}
	if got := table.Faults[0]; len(got.Own) != 2 || len(got.Others) != 0 || table.Whole {
		t.Errorf("got %+v, expected two scenarios to detect it", got)
	}
}

// TestInterruptedRun returns what is known.
func TestInterruptedRun(t *testing.T) {
	f := &fake{does: map[string]map[int]string{"one": {1: "wrong"}, "two": {2: "wrong"}, "three": {3: "wrong"}}}
	run := f.run(t,
		mutant.Fault{Name: "one", Requirement: "A-1"}, mutant.Fault{Name: "two", Requirement: "A-2"},
		mutant.Fault{Name: "three", Requirement: "A-3"},
	)
	run.Baselines, run.Parallel = 0, 1
	var (
		table *mutants.Table
		err   error
	)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		run.Observe = func(mutants.Progress) { cancel() }
		table, err = run.Do(ctx)
	})
	if err != nil {
		t.Fatal(err)
	}
	untried := slices.ContainsFunc(table.Faults, func(f mutants.FaultResult) bool { return f.Verdict == mutants.NotRun })
	if table.NotRun == 0 || table.Complete() || !untried {
		t.Errorf("got %+v, expected what is known, and faults that were not tried", table)
	}
}

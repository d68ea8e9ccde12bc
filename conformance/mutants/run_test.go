package mutants_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/mutant"
	"github.com/packetspec/packetspec/conformance/mutants"
)

// TestVerdicts has each verdict that a fault can come to.
func TestVerdicts(t *testing.T) {
	f := &fake{does: map[string]map[int]string{
		"told":          {1: "wrong"},
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
		{Name: "told", Requirement: "A-1"},
		{Name: "dead", Requirement: "A-1", Symptom: mutant.Crashes},
		{Name: "waited", Requirement: "A-1"},
		{Name: "hanging", Requirement: "A-1", Symptom: mutant.Hangs},
		{Name: "waited-once", Requirement: "A-1"},
		{Name: "found-by-both", Requirement: "A-2"},
		{Name: "elsewhere", Requirement: "A-1"},
		{Name: "harmless", Requirement: "A-1"},
		{Name: "never-asked-for", Requirement: "A-2"},
		{Name: "may", Requirement: "A-3"},
	}
	m, err := f.run(t, faults...).Do(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]mutants.Verdict{
		"told": mutants.Killed, "dead": mutants.Killed, "waited": mutants.ByTimeout, "hanging": mutants.Killed,
		"waited-once": mutants.Killed, "found-by-both": mutants.Killed, "elsewhere": mutants.Elsewhere,
		"harmless": mutants.Survives, "never-asked-for": mutants.Survives, "may": mutants.Killed,
	} {
		got, ok := m.Fault(name)
		if !ok || got.Verdict != want {
			t.Errorf("%s: got %v, expected the verdict %s", name, got, want)
		}
	}
	want := mutants.Scores{
		Faults: mutants.Score{Is: 6, Of: 10}, Requirements: mutants.Score{Is: 2, Of: 2}, Scenarios: mutants.Score{Is: 4, Of: 4},
	}
	if m.Scores != want {
		t.Errorf("scores: got %v, expected %v", m.Scores, want)
	}
	if m.Proves() || len(m.Alarms) > 0 || m.NotRun > 0 {
		t.Errorf("got %+v, expected a matrix with holes, and no alarms", m)
	}
	for _, as := range f.made {
		if as.Fault == "never-asked-for" {
			t.Error("a fault that no scenario asks for was tried")
		}
		if as.Process != (as.Fault == "dead") {
			t.Errorf("%+v: expected just the fault that dies to get a process", as)
		}
	}
}

// TestText tells of the holes, and what to do.
func TestText(t *testing.T) {
	f := &fake{does: map[string]map[int]string{"elsewhere": {2: "wrong"}, "waited": {1: "nothing"}}}
	m, err := f.run(t,
		mutant.Fault{Name: "elsewhere", Requirement: "A-1", Text: "what it does"},
		mutant.Fault{Name: "waited", Requirement: "A-1"},
		mutant.Fault{Name: "planted", Requirement: "A-2"},
	).Do(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := m.Text(&text, false); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"0 of 3 (0.0 %) of the faults are killed",
		"1 of 2 (50.0 %) of the requirements",
		"2 of 4 (50.0 %) of the scenarios",
		"ELSEWHERE elsewhere (A-1): what it does\n  only scenarios of other requirements find it",
		"fail    fake/two",
		"TIMEOUT  waited (A-1)",
		"SURVIVES planted (A-2)", "no scenario finds it: write one",
		"NO KILL  A-2 (must)",
		"NO KILL  fake/three: it finds none of the 3 faults",
		"A-1          must   2          1                  2       1",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("expected %q in\n%s", want, &text)
		}
	}
}

// TestProves holds for a suite without a hole, and only so.
func TestProves(t *testing.T) {
	f := &fake{does: map[string]map[int]string{"one": {1: "wrong", 4: "wrong"}, "two": {2: "wrong"}, "three": {3: "wrong"}, "both": {2: "wrong", 4: "wrong"}}}
	one, two := mutant.Fault{Name: "one", Requirement: "A-1"}, mutant.Fault{Name: "two", Requirement: "A-2"}
	three := mutant.Fault{Name: "three", Requirement: "A-3"}
	for name, c := range map[string]struct {
		faults []mutant.Fault
		whole  bool
		alarm  bool
		want   bool
	}{
		"all":                         {[]mutant.Fault{one, two, three}, true, false, true},
		"a requirement kills nothing": {[]mutant.Fault{one, {Name: "both", Requirement: "A-1"}, three}, true, false, false},
		"a scenario kills nothing":    {[]mutant.Fault{one, two}, true, false, false},
		"some":                        {[]mutant.Fault{one}, false, false, true},
		"an alarm":                    {[]mutant.Fault{one, two, three}, true, true, false},
		"a planted survivor":          {[]mutant.Fault{one, two, three, {Name: "planted", Requirement: "A-1"}}, true, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			f := &fake{does: f.does, alarm: c.alarm}
			run := f.run(t, c.faults...)
			run.Whole = c.whole
			m, err := run.Do(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			if m.Proves() != c.want {
				t.Errorf("got %v, expected %v, of %+v", m.Proves(), c.want, m)
			}
			if (len(m.Alarms) > 0) != c.alarm {
				t.Errorf("alarms: got %v", m.Alarms)
			}
		})
	}
}

// TestASubjectThatIsWrongWithoutAFault proves nothing, which shows at the outset.
func TestASubjectThatIsWrongWithoutAFault(t *testing.T) {
	f := &fake{does: map[string]map[int]string{}}
	run := f.run(t, mutant.Fault{Name: "one", Requirement: "A-1"})
	run.Subject = wrongWhenProbed{f}
	m, err := run.Do(context.Background())
	if err == nil || m != nil || !strings.Contains(err.Error(), "without a fault nothing should be found") {
		t.Errorf("got %v, %v, expected an error that tells so", m, err)
	}
}

type wrongWhenProbed struct{ *fake }

func (w wrongWhenProbed) Probed(bool) (s adapter.Starter, asked func() []string) {
	return fakeStarter{does: map[int]string{2: "wrong"}}, func() []string { return nil }
}

// TestOwn tries each fault on the scenarios of its requirement alone.
func TestOwn(t *testing.T) {
	f := &fake{does: map[string]map[int]string{"one": {1: "wrong", 2: "wrong", 4: "wrong"}}}
	run := f.run(t, mutant.Fault{Name: "one", Requirement: "A-1"})
	run.Own = true
	m, err := run.Do(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Faults[0]; len(got.Own) != 2 || len(got.Others) != 0 || m.Whole {
		t.Errorf("got %+v, expected kills by two scenarios", got)
	}
}

// TestARunThatIsEnded keeps what is known.
func TestARunThatIsEnded(t *testing.T) {
	f := &fake{does: map[string]map[int]string{"one": {1: "wrong"}, "two": {2: "wrong"}, "three": {3: "wrong"}}}
	run := f.run(t,
		mutant.Fault{Name: "one", Requirement: "A-1"}, mutant.Fault{Name: "two", Requirement: "A-2"},
		mutant.Fault{Name: "three", Requirement: "A-3"},
	)
	run.Controls, run.Parallel = 0, 1
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	run.Observe = func(mutants.Progress) { cancel() }
	m, err := run.Do(ctx)
	if err != nil {
		t.Fatal(err)
	}
	untried := slices.ContainsFunc(m.Faults, func(f mutants.Tried) bool { return f.Verdict == mutants.Untried })
	if m.NotRun == 0 || m.Proves() || !untried {
		t.Errorf("got %+v, expected what is known, and faults that were not tried", m)
	}
}

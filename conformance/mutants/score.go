package mutants

import (
	"fmt"
	"slices"
	"time"

	"github.com/packetspec/packetspec/conformance/mutant"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
)

// A Verdict says how a fault is found.
type Verdict string

// The verdicts. Only Killed is good.
const (
	Killed    Verdict = "killed"    // a scenario of its own requirement finds it, by its sign
	ByTimeout Verdict = "timeout"   // such a scenario does, but by waiting alone, where an octet would tell
	Elsewhere Verdict = "elsewhere" // only scenarios of other requirements do
	Survives  Verdict = "survives"  // none does
	Untried   Verdict = "untried"   // the run was ended first
)

// Verdicts are all there are, the best first.
var Verdicts = []Verdict{Killed, ByTimeout, Elsewhere, Survives, Untried}

// A Kill is a scenario that finds a fault.
type Kill struct {
	Scenario string         `json:"scenario"`
	Outcome  report.Outcome `json:"outcome"`
}

// A Tried is a fault, and what finds it.
type Tried struct {
	Name        string  `json:"name"`
	Requirement string  `json:"requirement"`
	Text        string  `json:"text"`
	Verdict     Verdict `json:"verdict"`
	Own         []Kill  `json:"own"`    // by scenarios of its requirement
	Others      []Kill  `json:"others"` // by scenarios of other requirements
	Runs        int     `json:"runs"`   // scenarios that ask for it
	sign        mutant.Symptom
	notRun      int
}

// A Clause is a requirement, with the scenarios that test it and the faults they find.
type Clause struct {
	ID        string     `json:"id"`
	Level     spec.Level `json:"level"`
	Scenarios []Finds    `json:"scenarios"`
	Faults    int        `json:"faults"` // that break it
	Kills     int        `json:"kills"`  // of these, those that are found
}

// Finds is a scenario with the faults of a requirement that it finds.
type Finds struct {
	Scenario string   `json:"scenario"`
	Faults   []string `json:"faults"`
}

// A Score is how many of some there are.
type Score struct {
	Is int `json:"is"`
	Of int `json:"of"`
}

func (s Score) String() string {
	if s.Of == 0 {
		return "0 of 0"
	}
	return fmt.Sprintf("%d of %d (%.1f %%)", s.Is, s.Of, 100*float64(s.Is)/float64(s.Of))
}

// Full reports whether all are.
func (s Score) Full() bool { return s.Is == s.Of }

// Scores are what a suite is worth.
type Scores struct {
	Faults       Score `json:"faults"`       // killed, of all
	Requirements Score `json:"requirements"` // of level must and should that kill a fault, of all
	Scenarios    Score `json:"scenarios"`    // that kill a fault, of whatever requirement, of all
}

// A Matrix is which scenarios find which faults.
type Matrix struct {
	Scores       Scores   `json:"scores"`
	Faults       []Tried  `json:"faults"`
	Requirements []Clause `json:"requirements"`
	// Whole reports whether every fault was to be tried: only then do requirements and
	// scenarios count.
	Whole bool `json:"whole"`
	// Alarms are scenarios that did not pass without a fault: nothing is proven then.
	Alarms []Kill `json:"alarms"`
	NotRun int    `json:"not_run"` // because the run was ended first

	Runs    int           `json:"runs"` // of one scenario against one fault
	Elapsed time.Duration `json:"-"`
}

// Proves reports whether the suite has no hole that the run could show.
func (m *Matrix) Proves() bool {
	return len(m.Alarms) == 0 && m.NotRun == 0 && m.Scores.Faults.Full() &&
		(!m.Whole || m.Scores.Requirements.Full() && m.Scores.Scenarios.Full())
}

// Fault finds a fault by its name.
func (m *Matrix) Fault(name string) (Tried, bool) {
	for _, f := range m.Faults {
		if f.Name == name {
			return f, true
		}
	}
	return Tried{}, false
}

// judge says how the fault was found.
func (t *Tried) judge() Verdict {
	told := slices.ContainsFunc(t.Own, func(k Kill) bool { return k.Outcome != report.Timeout })
	switch {
	case told, len(t.Own) > 0 && t.sign == mutant.Hangs:
		return Killed
	case t.notRun > 0:
		return Untried
	case len(t.Own) > 0:
		return ByTimeout
	case len(t.Others) > 0:
		return Elsewhere
	}
	return Survives
}

// isFound reports whether a verdict is of a fault that its own requirement finds.
func (v Verdict) isFound() bool { return v == Killed || v == ByTimeout }

// clauses are the requirements, with what their scenarios find of their own faults.
func clauses(s *spec.Spec, faults []Tried) []Clause {
	all := make([]Clause, 0, len(s.Requirements))
	for _, q := range s.Requirements {
		c := Clause{ID: q.ID, Level: q.Level}
		for _, sc := range s.Scenarios {
			if slices.Contains(sc.Requirements, q.ID) {
				c.Scenarios = append(c.Scenarios, Finds{Scenario: sc.ID, Faults: foundBy(sc.ID, q.ID, faults)})
			}
		}
		c.Faults, c.Kills = count(q.ID, faults)
		all = append(all, c)
	}
	return all
}

// count counts the faults of a requirement, and those that it finds.
func count(requirement string, faults []Tried) (all, found int) {
	for _, f := range faults {
		if f.Requirement == requirement {
			all++
			if f.Verdict.isFound() {
				found++
			}
		}
	}
	return all, found
}

// foundBy are the faults of a requirement that a scenario finds.
func foundBy(scenario, requirement string, faults []Tried) []string {
	names := []string{}
	for _, f := range faults {
		if f.Requirement == requirement && slices.ContainsFunc(f.Own, func(k Kill) bool { return k.Scenario == scenario }) {
			names = append(names, f.Name)
		}
	}
	return names
}

// scenarios tells of each scenario whether it finds a fault. Nothing shows that one which
// does not is able to fail.
func scenarios(faults []Tried, clauses []Clause) map[string]bool {
	finds := make(map[string]bool)
	for _, c := range clauses {
		for _, sc := range c.Scenarios {
			finds[sc.Scenario] = false
		}
	}
	for _, f := range faults {
		for _, k := range slices.Concat(f.Own, f.Others) {
			finds[k.Scenario] = true
		}
	}
	return finds
}

// score counts what is as it should be.
func score(faults []Tried, clauses []Clause) (s Scores) {
	for _, finds := range scenarios(faults, clauses) {
		s.Scenarios.Of++
		if finds {
			s.Scenarios.Is++
		}
	}
	for _, f := range faults {
		s.Faults.Of++
		if f.Verdict == Killed {
			s.Faults.Is++
		}
	}
	for _, c := range clauses {
		if c.Level == spec.May {
			continue
		}
		s.Requirements.Of++
		if c.Kills > 0 {
			s.Requirements.Is++
		}
	}
	return s
}

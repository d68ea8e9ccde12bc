package mutants

import (
	"slices"

	"github.com/packetspec/packetspec/conformance/mutant"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
)

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

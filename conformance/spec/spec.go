// Package spec reads the specification, the requirements of SPEC.md and the scenarios
// of the feature files, and checks that they agree.
package spec

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
)

// A Spec is a specification whose requirements and scenarios agree. Nothing changes it
// after Load, so any goroutine may read it.
type Spec struct {
	Version      string        // of SPEC.md: it rises when a requirement changes
	Requirements []Requirement // in the order of SPEC.md
	Scenarios    []Scenario    // in the order of the feature files
}

// Load reads SPEC.md and the feature files of fsys. If all can be parsed, the error lists
// every disagreement: an unknown or repeated id, also among former ones, a scenario whose level differs from its
// requirement's level, a requirement without a scenario.
func Load(fsys fs.FS) (*Spec, error) {
	text, err := fs.ReadFile(fsys, "SPEC.md")
	if err != nil {
		return nil, err
	}
	s := &Spec{}
	if s.Version, err = parseVersion(string(text)); err != nil {
		return nil, err
	}
	if s.Requirements, err = parseRequirements(string(text)); err != nil {
		return nil, err
	}
	files, err := fs.Glob(fsys, "*.feature")
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		content, err := fs.ReadFile(fsys, file)
		if err != nil {
			return nil, err
		}
		scenarios, err := parseScenarios(file, content)
		if err != nil {
			return nil, err
		}
		s.Scenarios = append(s.Scenarios, scenarios...)
	}
	return s, s.check()
}

// Requirement returns the requirement with this id.
func (s *Spec) Requirement(id string) (Requirement, bool) {
	if i := slices.IndexFunc(s.Requirements, func(r Requirement) bool { return r.ID == id }); i >= 0 {
		return s.Requirements[i], true
	}
	return Requirement{}, false
}

// Scenario returns the scenario that has this id, or had it formerly.
func (s *Spec) Scenario(id string) (Scenario, bool) {
	if i := slices.IndexFunc(s.Scenarios, func(sc Scenario) bool { return sc.ID == id || slices.Contains(sc.Was, id) }); i >= 0 {
		return s.Scenarios[i], true
	}
	return Scenario{}, false
}

// Testing returns the scenarios that test the requirement with this id.
func (s *Spec) Testing(id string) []Scenario {
	var found []Scenario
	for _, sc := range s.Scenarios {
		if slices.Contains(sc.Requirements, id) {
			found = append(found, sc)
		}
	}
	return found
}

func (s *Spec) check() error {
	var errs []error
	requirements := map[string]Requirement{}
	for _, r := range s.Requirements {
		if _, repeated := requirements[r.ID]; repeated {
			errs = append(errs, fmt.Errorf("SPEC.md: two requirements have the id %s", r.ID))
		}
		requirements[r.ID] = r
	}
	tested := map[string]bool{}
	seen := map[string]Scenario{} // by id, also by former ones
	for _, sc := range s.Scenarios {
		where := fmt.Sprintf("%s:%d", sc.File, sc.Line)
		if first, repeated := seen[sc.ID]; repeated {
			errs = append(errs, fmt.Errorf("%s: the scenario has the same id as the one at %s:%d, %s: give it another name (in an outline, put a <placeholder> in the name)", where, first.File, first.Line, sc.ID))
		}
		seen[sc.ID] = sc
	}
	for _, sc := range s.Scenarios {
		where := fmt.Sprintf("%s:%d", sc.File, sc.Line)
		for _, id := range sc.Was {
			if other, taken := seen[id]; taken {
				errs = append(errs, fmt.Errorf("%s: the scenario is tagged %s%s, but the one at %s:%d has or had this id: a former id must be of one scenario alone", where, wasTag, id, other.File, other.Line))
			}
			seen[id] = sc
		}
		for _, id := range sc.Requirements {
			r, known := requirements[id]
			switch {
			case !known:
				errs = append(errs, fmt.Errorf("%s: SPEC.md has no requirement %s", where, id))
			case r.Level != sc.Level:
				errs = append(errs, fmt.Errorf("%s: the scenario is tagged @%s, but %s is a %s in SPEC.md", where, sc.Level, id, r.Level))
			}
			tested[id] = true
		}
	}
	for _, r := range s.Requirements {
		if !tested[r.ID] {
			errs = append(errs, fmt.Errorf("SPEC.md: no scenario tests %s", r.ID))
		}
	}
	return errors.Join(errs...)
}

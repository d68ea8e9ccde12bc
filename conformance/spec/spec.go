// Package spec reads the specification: the requirements of SPEC.md and the
// scenarios of the feature files, and sees to it that they are in step.
package spec

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
)

// A Spec is a specification whose requirements and scenarios are in step.
type Spec struct {
	Requirements []Requirement // in the order of SPEC.md
	Scenarios    []Scenario    // in the order of the feature files
}

// Load reads SPEC.md and the feature files of fsys. The error tells of all that is
// out of step: an unknown or repeated id, a level that differs, a requirement
// without a scenario.
func Load(fsys fs.FS) (*Spec, error) {
	text, err := fs.ReadFile(fsys, "SPEC.md")
	if err != nil {
		return nil, err
	}
	s := &Spec{}
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

// Requirement finds a requirement by its id.
func (s *Spec) Requirement(id string) (Requirement, bool) {
	i := slices.IndexFunc(s.Requirements, func(r Requirement) bool { return r.ID == id })
	if i < 0 {
		return Requirement{}, false
	}
	return s.Requirements[i], true
}

// Scenario finds a scenario by its id.
func (s *Spec) Scenario(id string) (Scenario, bool) {
	i := slices.IndexFunc(s.Scenarios, func(sc Scenario) bool { return sc.ID == id })
	if i < 0 {
		return Scenario{}, false
	}
	return s.Scenarios[i], true
}

// Testing is the scenarios that test the requirement.
func (s *Spec) Testing(id string) []Scenario {
	var found []Scenario
	for _, sc := range s.Scenarios {
		if slices.Contains(sc.Requirements, id) {
			found = append(found, sc)
		}
	}
	return found
}

// check tells of all that is out of step.
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
	seen := map[string]Scenario{}
	for _, sc := range s.Scenarios {
		where := fmt.Sprintf("%s:%d", sc.File, sc.Line)
		if first, repeated := seen[sc.ID]; repeated {
			errs = append(errs, fmt.Errorf("%s: the scenario has the same id as that at line %d, %s: give it a name of its own (in an outline by a <case> in the name)", where, first.Line, sc.ID))
		}
		seen[sc.ID] = sc
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

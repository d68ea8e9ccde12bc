package conformance

import (
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/packetspec/packetspec/conformance/spec"
)

// A Filter says which scenarios to run; the zero Filter says all.
type Filter struct {
	// Run is a regular expression over requirement ids, scenario ids and scenario
	// names. The id of a requirement says just that requirement: SHD-1 is not SHD-10.
	Run  string
	Tags string // a tag expression
}

// ErrNothingSelected reports a filter that leaves no scenario: a run of nothing
// would pass, and prove nothing.
var ErrNothingSelected = errors.New("no scenario is selected")

// Select is the scenarios of s that the filter says, in their order.
func (f Filter) Select(s *spec.Spec) ([]spec.Scenario, error) {
	run, err := regexp.Compile(f.Run)
	if err != nil {
		return nil, fmt.Errorf("--run: %w", err)
	}
	hasTags := tagExpr(func([]string) bool { return true })
	if f.Tags != "" {
		if hasTags, err = parseTags(f.Tags); err != nil {
			return nil, fmt.Errorf("--tags: %w", err)
		}
	}
	_, isID := s.Requirement(f.Run)
	var selected []spec.Scenario
	for _, sc := range s.Scenarios {
		named := run.MatchString(sc.ID) || run.MatchString(sc.Name) || slices.ContainsFunc(sc.Requirements, run.MatchString)
		if isID {
			named = slices.Contains(sc.Requirements, f.Run)
		}
		if named && hasTags(sc.Tags) {
			selected = append(selected, sc)
		}
	}
	if len(selected) == 0 {
		return nil, fmt.Errorf("%w by %s (packetspec list shows requirements and scenarios)", ErrNothingSelected, f)
	}
	return selected, nil
}

func (f Filter) String() string {
	s := fmt.Sprintf("--run %q", f.Run)
	if f.Tags != "" {
		s += fmt.Sprintf(" --tags %q", f.Tags)
	}
	return s
}

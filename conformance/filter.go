package conformance

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/packetspec/packetspec/conformance/spec"
)

// A Filter says which scenarios to run; the zero Filter says all of the specification's
// dialect.
type Filter struct {
	// Run is a regular expression over requirement ids, scenario ids and scenario
	// names. The id of a requirement says just that requirement: SHD-1 is not SHD-10.
	Run  string
	Tags string // a tag expression
	// Dialect is the dialect that the subject speaks; empty: the specification's; or
	// AnyDialect. A scenario with the tag of a dialect, like @dialect-2024, is for that
	// alone.
	Dialect string
}

// Dialects are the dialects there are, the specification's first.
var Dialects = []string{"2021", LaterDialect}

// LaterDialect is the dialect with ERQ; AnyDialect stands for all there are.
const (
	LaterDialect = "2024"
	AnyDialect   = "any"
)

// inDialect reports whether the scenario is for the filter's dialect.
func (f Filter) inDialect(sc spec.Scenario) bool {
	dialect := cmp.Or(f.Dialect, Dialects[0])
	tagged := slices.ContainsFunc(sc.Tags, func(tag string) bool { return strings.HasPrefix(tag, "@dialect-") })
	return !tagged || dialect == AnyDialect || slices.Contains(sc.Tags, "@dialect-"+dialect)
}

// ErrNothingSelected reports a filter that leaves no scenario: a run of nothing
// would pass, and prove nothing.
var ErrNothingSelected = errors.New("no scenario is selected")

// Select is the scenarios of s that the filter says, in their order.
func (f Filter) Select(s *spec.Spec) ([]spec.Scenario, error) {
	if f.Dialect != "" && f.Dialect != AnyDialect && !slices.Contains(Dialects, f.Dialect) {
		return nil, fmt.Errorf("--dialect %q is none of %s", f.Dialect, strings.Join(Dialects, ", "))
	}
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
	otherDialect := false
	for _, sc := range s.Scenarios {
		named := run.MatchString(sc.ID) || run.MatchString(sc.Name) || slices.ContainsFunc(sc.Requirements, run.MatchString)
		if isID {
			named = slices.Contains(sc.Requirements, f.Run)
		}
		switch {
		case !named || !hasTags(sc.Tags):
		case f.inDialect(sc):
			selected = append(selected, sc)
		default:
			otherDialect = true
		}
	}
	switch {
	case len(selected) == 0 && otherDialect:
		return nil, fmt.Errorf("%w by %s, but some are by another --dialect (%s)", ErrNothingSelected, f, strings.Join(Dialects, ", "))
	case len(selected) == 0:
		return nil, fmt.Errorf("%w by %s (packetspec list shows requirements and scenarios)", ErrNothingSelected, f)
	}
	return selected, nil
}

func (f Filter) String() string {
	s := fmt.Sprintf("--run %q", f.Run)
	if f.Tags != "" {
		s += fmt.Sprintf(" --tags %q", f.Tags)
	}
	if f.Dialect != "" && f.Dialect != Dialects[0] {
		s += " --dialect " + f.Dialect
	}
	return s
}

// A Shard is one of several parts into which scenarios are dealt out, so that each is
// in one part; the zero Shard is all of them.
type Shard struct{ part, of int }

// ParseShard reads I/N: part I, from 1 on, of N.
func ParseShard(text string) (Shard, error) {
	i, n, _ := strings.Cut(text, "/")
	part, errPart := strconv.Atoi(i)
	of, errOf := strconv.Atoi(n)
	if errPart != nil || errOf != nil || part < 1 || part > of {
		return Shard{}, fmt.Errorf("--shard %q: it reads I/N, part I of N, as in 1/4", text)
	}
	return Shard{part, of}, nil
}

// Of is the shard's part of scenarios.
func (s Shard) Of(scenarios []spec.Scenario) ([]spec.Scenario, error) {
	if s.of == 0 {
		return scenarios, nil
	}
	var part []spec.Scenario
	for i := s.part - 1; i < len(scenarios); i += s.of {
		part = append(part, scenarios[i])
	}
	if len(part) == 0 {
		return nil, fmt.Errorf("%w in part %d of %d of %d scenarios", ErrNothingSelected, s.part, s.of, len(scenarios))
	}
	return part, nil
}

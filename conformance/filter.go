package conformance

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/internal/hint"
	"github.com/packetspec/packetspec/internal/match"
	"github.com/packetspec/packetspec/internal/words"
)

// A Filter selects scenarios, as the flags --run, --skip, --tags and --dialect of packetspec do;
// its errors name them. The zero Filter selects every scenario of the main dialect.
type Filter struct {
	// Run and Skip hold regular expressions over requirement ids, scenario ids, also former
	// ones, and scenario names. The id of a requirement stands for just that requirement: SHD-1
	// does not match SHD-10. A scenario is selected if it matches one of Run, unless Run is
	// empty, and none of Skip.
	Run, Skip []string
	Tags      string // a tag expression, or empty
	// Dialect is the dialect that the subject speaks, or AnyDialect; empty means the
	// main one. A scenario with the tag of a dialect, such as @dialect-2024, is for that
	// dialect only.
	Dialect string
}

// Dialects lists the dialects, the main one first. Section 15 of the specification is about
// the later one.
var Dialects = []string{"2021", LaterDialect}

// LaterDialect is the dialect that has ERQ packets. AnyDialect stands for every dialect.
const (
	LaterDialect = "2024"
	AnyDialect   = "any"
)

// dialectTag begins the tag of a scenario that is for one dialect.
const dialectTag = "@dialect-"

func (f Filter) inDialect(sc spec.Scenario) bool {
	dialect := cmp.Or(f.Dialect, Dialects[0])
	tagged := slices.ContainsFunc(sc.Tags, func(tag string) bool { return strings.HasPrefix(tag, dialectTag) })
	return !tagged || dialect == AnyDialect || slices.Contains(sc.Tags, dialectTag+dialect)
}

// ErrNothingSelected is the error of a filter or shard that selects no scenario: a run of
// nothing would pass, and prove nothing.
var ErrNothingSelected = errors.New("no scenario is selected")

// Select returns the scenarios of s that the filter selects, in the order of s.
func (f Filter) Select(s *spec.Spec) ([]spec.Scenario, error) {
	if f.Dialect != "" && f.Dialect != AnyDialect && !slices.Contains(Dialects, f.Dialect) {
		return nil, fmt.Errorf("--dialect is %q: it must be %s", f.Dialect, words.Join(Dialects, "or"))
	}
	run, err := matching(s, "--run", f.Run)
	if err != nil {
		return nil, err
	}
	skip, err := matching(s, "--skip", f.Skip)
	if err != nil {
		return nil, err
	}
	hasTags := tagExpr(func([]string) bool { return true })
	if f.Tags != "" {
		if hasTags, err = parseTags(f.Tags); err != nil {
			return nil, hint.Add(fmt.Errorf("--tags is %q: %w", f.Tags, err), "a tag expression is like: @must and not (@EQ-1 or @EQ-2)")
		}
	}
	var selected, others []spec.Scenario // others match, but are for another dialect
	for _, sc := range s.Scenarios {
		named := (len(f.Run) == 0 || run(sc)) && !skip(sc)
		switch {
		case !named || !hasTags(sc.Tags):
		case f.inDialect(sc):
			selected = append(selected, sc)
		default:
			others = append(others, sc)
		}
	}
	if len(selected) > 0 {
		return selected, nil
	}
	for _, dialect := range Dialects {
		if len(others) > 0 && (Filter{Dialect: dialect}).inDialect(others[0]) {
			return nil, hint.Add(fmt.Errorf("%w by %s: the scenarios that match are for another dialect", ErrNothingSelected, f), "--dialect %s", dialect)
		}
	}
	return nil, hint.Add(fmt.Errorf("%w by %s", ErrNothingSelected, f), "packetspec list shows all requirements and scenarios")
}

// matching returns a function that reports whether a scenario matches one of the values of a flag.
func matching(s *spec.Spec, flag string, values []string) (func(spec.Scenario) bool, error) {
	matches, err := match.Any(flag, values, s.Scenarios, func(sc spec.Scenario) match.Names {
		return match.Names{IDs: sc.Requirements, Others: append([]string{sc.ID, sc.Name}, sc.Was...)}
	})
	var nothing *match.NothingError
	if errors.As(err, &nothing) {
		err = hint.Add(fmt.Errorf("%w by %s %q", ErrNothingSelected, flag, nothing.Value), "packetspec list shows all requirements and scenarios")
	}
	return matches, err
}

// String returns the filter as the flags of packetspec.
func (f Filter) String() string {
	var flags []string
	for _, run := range f.Run {
		flags = append(flags, fmt.Sprintf("--run %q", run))
	}
	for _, skip := range f.Skip {
		flags = append(flags, fmt.Sprintf("--skip %q", skip))
	}
	if f.Tags != "" {
		flags = append(flags, fmt.Sprintf("--tags %q", f.Tags))
	}
	if f.Dialect != "" && f.Dialect != Dialects[0] {
		flags = append(flags, "--dialect "+f.Dialect)
	}
	return strings.Join(flags, " ")
}

// A Shard is one of several parts of the scenarios, each of which is in one part. The zero
// Shard is all of them.
type Shard struct{ part, of int }

// ParseShard parses I/N: part I of N parts, counted from 1.
func ParseShard(text string) (Shard, error) {
	i, n, _ := strings.Cut(text, "/")
	part, errPart := strconv.Atoi(i)
	of, errOf := strconv.Atoi(n)
	if errPart != nil || errOf != nil || part < 1 || part > of {
		return Shard{}, hint.Add(fmt.Errorf("--shard is %q: it must be I/N, part I of N, with I from 1 to N", text), "1/4")
	}
	return Shard{part, of}, nil
}

// Of returns the scenarios of this part: every Nth one, to share out those that are slow.
func (s Shard) Of(scenarios []spec.Scenario) ([]spec.Scenario, error) {
	if s.of == 0 {
		return scenarios, nil
	}
	var part []spec.Scenario
	for i := s.part - 1; i < len(scenarios); i += s.of {
		part = append(part, scenarios[i])
	}
	if len(part) == 0 {
		err := fmt.Errorf("%w by --shard %d/%d: the other flags select only %d", ErrNothingSelected, s.part, s.of, len(scenarios))
		return nil, hint.Add(err, "--shard 1/%d", max(1, len(scenarios)))
	}
	return part, nil
}

// Package compare says what changed from one run of the suite to another, scenario by scenario.
package compare

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
)

// A Kind says how the result of a scenario changed.
type Kind string

// The kinds. Worse and Lost make the new run worse than the old one.
const (
	Worse    Kind = "worse"         // it deviates now, and did not before
	Lost     Kind = "newly skipped" // it ran before, and is skipped now, or did not run to its end
	Better   Kind = "better"        // it passes now, and did not before
	Changed  Kind = "changed"       // it deviates in another way
	New      Kind = "new"           // only the new run has it
	Vanished Kind = "vanished"      // only the old run has it
	Slower   Kind = "slower"        // it passes in both, and takes much longer
)

// Kinds lists every kind, in the order of a report.
var Kinds = []Kind{Worse, Lost, Better, Changed, New, Vanished, Slower}

// A Change is a scenario whose result changed.
type Change struct {
	Kind         Kind           `json:"kind"`
	ID           string         `json:"id"`
	Level        spec.Level     `json:"level"`
	Requirements []string       `json:"requirements"`
	Was          report.Outcome `json:"was,omitempty"` // empty: the old run does not have it
	Now          report.Outcome `json:"now,omitempty"` // empty: the new run does not have it, or did not end it
	WasMS        float64        `json:"was_ms,omitempty"`
	NowMS        float64        `json:"now_ms,omitempty"`
	Expected     string         `json:"expected,omitempty"` // in the new run
	Actual       string         `json:"actual,omitempty"`
	Reason       string         `json:"reason,omitempty"`
	Again        string         `json:"again,omitempty"` // the command that shows the new result again
}

// A Comparison holds what changed between two runs.
type Comparison struct {
	Old     Side         `json:"old"`
	New     Side         `json:"new"`
	Worse   bool         `json:"worse"` // a change is of the kind Worse or Lost
	Counts  map[Kind]int `json:"counts"`
	Same    int          `json:"same"` // scenarios whose result did not change
	Changes []Change     `json:"changes"`
	// Notes say why a difference may not be the subject's, such as another version of the suite.
	Notes []string `json:"notes,omitempty"`
}

// A Side describes one of the two runs.
type Side struct {
	Subject       string                 `json:"subject"`
	Packetspec    string                 `json:"packetspec"`
	Specification string                 `json:"specification,omitempty"`
	Profile       string                 `json:"profile,omitempty"`
	Dialect       string                 `json:"dialect,omitempty"`
	Scenarios     int                    `json:"scenarios"` // with a result
	Summary       map[report.Outcome]int `json:"summary"`
}

// Options say what counts as slower.
type Options struct {
	// Slower is by what factor a scenario must take longer to be listed; 0: never.
	Slower float64
	// Spec knows the former ids of scenarios; nil: none has one.
	Spec *spec.Spec
}

// leastSlower is by how many milliseconds a scenario must take longer to be listed. Less is the
// machine's.
const leastSlower = 100

// Of compares two runs.
func Of(before, after *report.Results, o Options) *Comparison {
	c := &Comparison{Old: side(before), New: side(after), Counts: map[Kind]int{}, Changes: []Change{}}
	was, now, unfinished := map[string]report.Result{}, map[string]bool{}, map[string]report.Unfinished{}
	for _, r := range before.Results {
		was[o.present(r.ID)] = r
	}
	for _, u := range after.Unfinished {
		unfinished[u.ID] = u
	}
	for _, r := range after.Results {
		id := o.present(r.ID)
		now[id] = true
		old, had := was[id]
		change := Change{
			Kind: o.kind(old, r, had), ID: id, Level: r.Level, Requirements: r.Requirements, Was: old.Outcome, Now: r.Outcome,
			WasMS: old.DurationMS, NowMS: r.DurationMS, Expected: r.Expected, Actual: r.Actual, Reason: r.Reason, Again: r.Again,
		}
		c.add(change)
	}
	for _, r := range before.Results {
		id := o.present(r.ID)
		if now[id] {
			continue
		}
		change := Change{Kind: Vanished, ID: id, Level: r.Level, Requirements: r.Requirements, Was: r.Outcome, WasMS: r.DurationMS}
		if _, ran := unfinished[id]; ran && r.Outcome != report.Skip {
			change.Kind, change.Reason = Lost, "the new run ended before it"
		}
		c.add(change)
	}
	slices.SortStableFunc(c.Changes, func(a, b Change) int {
		return cmp.Compare(slices.Index(Kinds, a.Kind), slices.Index(Kinds, b.Kind))
	})
	c.Worse = c.Counts[Worse]+c.Counts[Lost] > 0
	c.note(before, after)
	return c
}

func (c *Comparison) add(change Change) {
	if change.Kind == "" {
		c.Same++
		return
	}
	c.Counts[change.Kind]++
	c.Changes = append(c.Changes, change)
}

func side(r *report.Results) Side {
	return Side{
		Subject: r.Subject.String(), Packetspec: r.Suite.Version, Specification: r.Suite.Specification,
		Profile: string(r.Profile), Dialect: r.Run.Dialect, Scenarios: len(r.Results), Summary: r.Summary,
	}
}

// present returns the present id of a scenario.
func (o Options) present(id string) string {
	if o.Spec != nil {
		if sc, known := o.Spec.Scenario(id); known {
			return sc.ID
		}
	}
	return id
}

// kind returns how a result changed; "" if it did not.
func (o Options) kind(was, now report.Result, had bool) Kind {
	bad := deviates(now.Outcome)
	switch {
	case !had:
		return New
	case now.Outcome == report.Skip && was.Outcome == report.Skip:
		return ""
	case now.Outcome == report.Skip:
		return Lost
	case bad && !deviates(was.Outcome):
		return Worse
	case !bad && (deviates(was.Outcome) || was.Outcome == report.Skip):
		return Better
	case bad && !alike(was.Outcome, now.Outcome):
		return Changed
	case !bad && o.Slower > 0 && now.DurationMS >= o.Slower*was.DurationMS && now.DurationMS-was.DurationMS >= leastSlower:
		return Slower
	}
	return ""
}

// alike reports whether two outcomes that deviate differ in nothing but that a list of known deviations
// has one of them.
func alike(was, now report.Outcome) bool {
	return was == now || was == report.Known || now == report.Known
}

// deviates reports whether the subject did not do what the scenario requires, whether a list of known
// deviations says so or not.
func deviates(o report.Outcome) bool { return o.Deviates() || o == report.Known }

// note adds the reasons for which a difference may not be the subject's.
func (c *Comparison) note(before, after *report.Results) {
	add := func(format string, args ...any) { c.Notes = append(c.Notes, fmt.Sprintf(format, args...)) }
	differ := func(what, was, now string) {
		if was != now {
			add("the %s differs: %q and %q", what, was, now)
		}
	}
	differ("name of the subject", before.Subject.Name, after.Subject.Name)
	differ("version of packetspec", c.Old.Packetspec, c.New.Packetspec)
	differ("version of the specification", c.Old.Specification, c.New.Specification)
	differ("profile", c.Old.Profile, c.New.Profile)
	differ("dialect", c.Old.Dialect, c.New.Dialect)
	for _, s := range []struct {
		name string
		r    *report.Results
	}{{"old", before}, {"new", after}} {
		switch {
		case len(s.r.Results) == 0:
			add("the %s run has no results", s.name)
		case !s.r.Whole():
			add("the %s run is of a part of the suite: %s", s.name, s.r.Part())
		}
		if s.r.GivenUp != "" {
			add("the %s run was given up: %s", s.name, s.r.GivenUp)
		}
		if s.r.Interrupted != "" {
			add("the %s run was interrupted by %s", s.name, s.r.Interrupted)
		}
	}
}

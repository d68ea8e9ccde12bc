// Package report holds the results of a run, and writes them as text for people, as JSON
// and as JUnit's XML. It also writes the results of several runs as a matrix.
package report

import (
	"encoding/json"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/packetspec/packetspec/conformance/profile"
	"github.com/packetspec/packetspec/conformance/record"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/internal/visible"
)

// An Outcome says how a scenario ended.
type Outcome string

// The outcomes. Only Pass counts as passed.
const (
	Pass    Outcome = "pass"
	Fail    Outcome = "fail"    // the subject did not do what the scenario requires
	Timeout Outcome = "timeout" // what a step awaits did not come in the scenario's time
	Crash   Outcome = "crash"   // the adapter ended, or printed a line that is not a reply
	Flaky   Outcome = "flaky"   // passed in some runs, and deviated in others
	Skip    Outcome = "skip"    // the adapter lacks an ability
	Known   Outcome = "known"   // failed, and is listed as a known deviation
	Fixed   Outcome = "fixed"   // passed, but is listed as a known deviation
)

// Outcomes lists every outcome in the order of a summary.
var Outcomes = []Outcome{Pass, Fail, Timeout, Crash, Flaky, Skip, Known, Fixed}

// Deviates reports whether the subject, in at least one run, did not do what the scenario
// requires.
func (o Outcome) Deviates() bool { return o == Fail || o == Timeout || o == Crash || o == Flaky }

// A Result is the outcome of one scenario, with what explains it. Its JSON form is part of
// the published report.
type Result struct {
	ID           string     `json:"id"`
	Feature      string     `json:"feature"`
	Scenario     string     `json:"scenario"`
	File         string     `json:"file,omitempty"` // of the features
	Line         int        `json:"line,omitempty"` // there
	Requirements []string   `json:"requirements"`
	Level        spec.Level `json:"level"`
	Outcome      Outcome    `json:"outcome"`
	Runs         Tally      `json:"runs,omitempty"`     // by outcome, if there were several
	DurationMS   float64    `json:"duration_ms"`        // the mean of all runs
	Step         string     `json:"step,omitempty"`     // the text of the step that failed, and the rows of its table
	Expected     string     `json:"expected,omitempty"` // by that step
	Actual       string     `json:"actual,omitempty"`
	Wire         []string   `json:"wire,omitempty"`   // the packets of both ends, one per line
	Reason       string     `json:"reason,omitempty"` // of a skip, a crash or a known deviation
	// Events are what happened on the wire, the commands to the adapter and its replies.
	Events []record.Event `json:"events,omitempty"`
	// Lacks is the ability or the core command for want of which the scenario was skipped. Refused is
	// the command to which the adapter replied that it does not support it; empty: it was not asked.
	// Unmet is set if that skip breaks a claim: the name of the profile, or [UnmetList].
	Lacks      string `json:"lacks,omitempty"`
	Refused    string `json:"refused,omitempty"`
	Unmet      string `json:"unmet,omitempty"`
	NotStarted bool   `json:"-"`                // of a crash: there was no adapter to run the scenario on
	Stderr     string `json:"stderr,omitempty"` // of the adapter, during the scenario
	Listed     string `json:"listed,omitempty"` // FILE:LINE of the list of known deviations that names the scenario
	Seed       uint64 `json:"seed,omitempty"`   // of the order in which the scenarios ran, if it was random
	Bundle     string `json:"bundle,omitempty"` // the folder that packetspec replay plays
	Again      string `json:"again,omitempty"`  // the command that shows this result again
}

// UnmetList is the claim of a list of known deviations that lists skips: no other scenario skips for
// want of an ability or a command.
const UnmetList = "known"

// A Subject describes the implementation under test, as its adapter reports it.
type Subject struct {
	Name     string `json:"name"`
	Release  string `json:"release"`
	Language string `json:"language"`
}

// String returns the subject as one line for people: its name, its release and its language.
func (s Subject) String() string {
	text := strings.TrimRight(s.Name+" "+s.Release, " ")
	if s.Language != "" {
		text += " (" + s.Language + ")"
	}
	return visible.Line(text)
}

// A Suite describes the specification that the subject was tested against.
type Suite struct {
	Version       string        `json:"version"`                 // of packetspec
	Commit        string        `json:"commit,omitempty"`        // that it was built from; empty: unknown
	Specification string        `json:"specification,omitempty"` // the version of SPEC.md
	Scenarios     int           `json:"scenarios,omitempty"`     // in the dialect; 0: unknown
	Requirements  []Requirement `json:"requirements"`
}

// A Requirement is the part of a [spec.Requirement] that reports contain.
type Requirement struct {
	ID    string     `json:"id"`
	Level spec.Level `json:"level"`
	Text  string     `json:"text"`
}

// Results holds the results of one run. Summarize fills Summary.
type Results struct {
	Format  int     `json:"format"` // see [Format]
	Run     Setting `json:"run"`
	Suite   Suite   `json:"suite"`
	Subject Subject `json:"subject"`
	// Profile is what the subject claims to be able to do. Lacking names the abilities that its
	// adapter lacks, and the core commands for want of which scenarios were skipped.
	Profile profile.Profile `json:"profile,omitempty"`
	Lacking []string        `json:"lacking"`
	// OutsideProfile counts the scenarios that were selected, but that test what the profile does
	// not claim: they were not run, and do not count.
	OutsideProfile int             `json:"outside_profile,omitempty"`
	Summary        map[Outcome]int `json:"summary"`
	Results        []Result        `json:"results"`
	// NotRun counts the scenarios that were selected, but did not finish because the
	// run ended early.
	NotRun int `json:"not_run,omitempty"`
	// NotRunBecause says why they were not, if neither GivenUp nor Interrupted does.
	NotRunBecause string `json:"not_run_because,omitempty"`
	// GivenUp says why no further scenario was started, if the reason is not the subject's
	// conformance; empty: the run was not given up.
	GivenUp string `json:"given_up,omitempty"`
	// Interrupted names the signal that ended the run; empty: none did.
	Interrupted string `json:"interrupted,omitempty"`
	// Unfinished describes the scenarios that NotRun counts.
	Unfinished []Unfinished `json:"unfinished,omitempty"`
	// Warnings are about the adapter, from a look at its first process. They count for nothing.
	Warnings []string `json:"warnings,omitempty"`
	// Notes report what no result shows, such as an adapter that had to be killed.
	Notes []string `json:"notes,omitempty"`

	Elapsed time.Duration `json:"-"` // Run has it for JSON
	// ListsSkips is set if a list of known deviations is made of the results that lists their skips: the
	// text does not say that they break a claim.
	ListsSkips bool `json:"-"`
}

// An Unfinished is a scenario that was selected, but did not finish. Nothing is known about it,
// unless there was an earlier run.
type Unfinished struct {
	ID           string     `json:"id"`
	Feature      string     `json:"feature"`
	Requirements []string   `json:"requirements"`
	Level        spec.Level `json:"level"`
	// Running is for how many milliseconds the scenario had been running when the run ended; 0:
	// it had not begun.
	Running int64 `json:"running_ms,omitempty"`
}

// Conforms reports whether the subject conforms: no result counts against it, every
// selected scenario ran, and at least one was not skipped. See [Result.Counts] for strict.
func (r *Results) Conforms(strict bool) bool {
	counts := func(result Result) bool { return result.Counts(strict) }
	return !r.AllSkipped() && r.NotRun == 0 && r.GivenUp == "" && r.Interrupted == "" && !slices.ContainsFunc(r.Results, counts)
}

// Counts reports whether the result alone makes the subject nonconforming. Fail, Timeout,
// Crash and Flaky count at the level must; if strict, at every level. So does a Skip that breaks a
// claim; one that breaks the profile everything counts at every level. Fixed always counts:
// the list of known deviations is wrong.
func (r Result) Counts(strict bool) bool {
	switch {
	case r.Outcome == Fixed:
		return true
	case r.Outcome == Skip && profile.Profile(r.Unmet).CountsEveryLevel():
		return true
	case r.Outcome.Deviates(), r.Outcome == Skip && r.Unmet != "":
		return strict || r.Level == spec.Must
	}
	return false
}

// AllSkipped reports whether no scenario had another outcome than Skip. Such a run shows
// nothing about the subject.
func (r *Results) AllSkipped() bool {
	return !slices.ContainsFunc(r.Results, func(result Result) bool { return result.Outcome != Skip })
}

// Count returns the number of results with this level and outcome.
func (r *Results) Count(level spec.Level, outcome Outcome) (n int) {
	for _, result := range r.Results {
		if result.Level == level && result.Outcome == outcome {
			n++
		}
	}
	return n
}

// Summarize sets Summary to the number of results of each outcome.
func (r *Results) Summarize() {
	r.Summary = make(map[Outcome]int, len(Outcomes))
	for _, o := range Outcomes {
		r.Summary[o] = 0
	}
	for _, result := range r.Results {
		r.Summary[result.Outcome]++
	}
}

// requirement returns the requirement with this id, or one with only the id if the suite has none.
func (s Suite) requirement(id string) Requirement {
	if i := slices.IndexFunc(s.Requirements, func(q Requirement) bool { return q.ID == id }); i >= 0 {
		return s.Requirements[i]
	}
	return Requirement{ID: id}
}

// JSON writes the results as one JSON object, which [Read] reads.
func (r *Results) JSON(w io.Writer) error {
	out := *r
	out.Format, out.Run.ElapsedMS = Format, float64(r.Elapsed.Microseconds())/1000
	if out.Results == nil {
		out.Results = []Result{} // encoded as an empty list, not as null
	}
	if out.Lacking == nil {
		out.Lacking = []string{}
	}
	return WriteJSON(w, out)
}

// WriteJSON writes a value as JSON, indented, and with <, > and & unescaped: scenarios and
// requirements have many of them, and nobody embeds a report in HTML.
func WriteJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

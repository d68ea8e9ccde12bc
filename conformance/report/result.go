// Package report holds the results of a run and writes them: as text for people,
// as JSON, and as JUnit's XML.
package report

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/packetspec/packetspec/conformance/spec"
)

// An Outcome is how a scenario ended.
type Outcome string

// The outcomes. Only Pass is a pass.
const (
	Pass    Outcome = "pass"
	Fail    Outcome = "fail"    // the subject did other than the scenario says
	Timeout Outcome = "timeout" // the scenario's time was over before the subject did anything
	Crash   Outcome = "crash"   // the adapter ended, or printed what is no reply
	Skip    Outcome = "skip"    // the adapter lacks an ability
	Known   Outcome = "known"   // listed as a known deviation, and deviating as listed
	Fixed   Outcome = "fixed"   // listed as a known deviation, but passing
)

// Outcomes are all there are, in the order of a summary.
var Outcomes = []Outcome{Pass, Fail, Timeout, Crash, Skip, Known, Fixed}

// A Result is the outcome of one scenario, with all that tells why.
type Result struct {
	ID           string     `json:"id"`
	Feature      string     `json:"feature"`
	Scenario     string     `json:"scenario"`
	Requirements []string   `json:"requirements"`
	Level        spec.Level `json:"level"`
	Outcome      Outcome    `json:"outcome"`
	DurationMS   float64    `json:"duration_ms"`
	Step         string     `json:"step,omitempty"`     // the step that did not hold
	Expected     string     `json:"expected,omitempty"` // by that step
	Actual       string     `json:"actual,omitempty"`
	Wire         []string   `json:"wire,omitempty"`   // the packets of both sides, one a line
	Reason       string     `json:"reason,omitempty"` // of a skip, a crash or a known deviation
	Stderr       string     `json:"stderr,omitempty"` // what the adapter wrote there meanwhile
	Again        string     `json:"again,omitempty"`  // the command that runs just this scenario
}

// Subject is what was tested, as its adapter tells.
type Subject struct {
	Name     string `json:"name"`
	Release  string `json:"release"`
	Language string `json:"language"`
}

// Suite is what it was tested against.
type Suite struct {
	Version      string        `json:"version"`
	Requirements []Requirement `json:"requirements"`
}

// Requirement is a requirement, as the reports write one.
type Requirement struct {
	ID    string     `json:"id"`
	Level spec.Level `json:"level"`
	Text  string     `json:"text"`
}

// Results are the results of one run.
type Results struct {
	Suite   Suite           `json:"suite"`
	Subject Subject         `json:"subject"`
	Summary map[Outcome]int `json:"summary"`
	Results []Result        `json:"results"`
	// NotRun counts the scenarios that were selected, but not run to their end
	// because the run was ended first.
	NotRun int `json:"not_run,omitempty"`
	// Notes tell of what is no result, such as an adapter that had to be killed.
	Notes []string `json:"notes,omitempty"`

	Elapsed time.Duration `json:"-"`
}

// Conforms reports whether the subject conforms: no scenario that counts failed,
// timed out or crashed, none is listed as a known deviation without being one, all
// that were selected were run, and not all of them skipped. Scenarios of level must
// count; if strict, all do.
func (r *Results) Conforms(strict bool) bool {
	if r.AllSkipped() {
		return false
	}
	for _, result := range r.Results {
		if result.Counts(strict) {
			return false
		}
	}
	return r.NotRun == 0
}

// Counts reports whether the result alone makes a subject that does not conform.
func (r Result) Counts(strict bool) bool {
	switch r.Outcome {
	case Fixed:
		return true
	case Fail, Timeout, Crash:
		return strict || r.Level == spec.Must
	}
	return false
}

// AllSkipped reports whether no scenario was more than skipped, which shows nothing.
func (r *Results) AllSkipped() bool {
	return !slices.ContainsFunc(r.Results, func(result Result) bool { return result.Outcome != Skip })
}

// Count counts the results of a level with an outcome.
func (r *Results) Count(level spec.Level, outcome Outcome) (n int) {
	for _, result := range r.Results {
		if result.Level == level && result.Outcome == outcome {
			n++
		}
	}
	return n
}

// Summarize counts the results by outcome.
func (r *Results) Summarize() {
	r.Summary = make(map[Outcome]int, len(Outcomes))
	for _, o := range Outcomes {
		r.Summary[o] = 0
	}
	for _, result := range r.Results {
		r.Summary[result.Outcome]++
	}
}

// requirement finds a requirement of the suite.
func (r *Results) requirement(id string) Requirement {
	for _, q := range r.Suite.Requirements {
		if q.ID == id {
			return q
		}
	}
	return Requirement{ID: id}
}

// JSON writes the results as one object.
func (r *Results) JSON(w io.Writer) error {
	out := *r
	if out.Results == nil {
		out.Results = []Result{} // a list, as ever, and not null
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(out)
}

// Read reads results that were written as JSON.
func Read(r io.Reader) (*Results, error) {
	var results Results
	if err := json.NewDecoder(r).Decode(&results); err != nil {
		return nil, fmt.Errorf("not results of packetspec test --report json: %w", err)
	}
	return &results, nil
}

package mutants

import (
	"fmt"
	"slices"
	"time"

	"github.com/packetspec/packetspec/conformance/mutant"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
)

// A Verdict says how a fault was detected.
type Verdict string

// The verdicts. Only Detected is good.
const (
	Detected  Verdict = "detected"  // by a scenario of its own requirement, as its [mutant.Symptom] demands
	ByTimeout Verdict = "timeout"   // by such a scenario, but only because its time ran out
	Elsewhere Verdict = "elsewhere" // by scenarios of other requirements only
	Survived  Verdict = "survived"  // by no scenario
	NotRun    Verdict = "not run"   // unknown: the run ended first
)

// A Detection is a scenario that did not pass, and how it ended.
type Detection struct {
	Scenario string         `json:"scenario"`
	Outcome  report.Outcome `json:"outcome"`
}

// A FaultResult is a fault with the scenarios that detect it.
type FaultResult struct {
	Name        string      `json:"name"`
	Requirement string      `json:"requirement"`
	Text        string      `json:"text"`
	Verdict     Verdict     `json:"verdict"`
	Own         []Detection `json:"own"`    // by scenarios of its requirement
	Others      []Detection `json:"others"` // by scenarios of other requirements
	Runs        int         `json:"runs"`   // scenarios that it was tried on, or was to be
	symptom     mutant.Symptom
	notRun      int
}

// A RequirementResult is a requirement with the scenarios that test it, and the number of
// faults that break it.
type RequirementResult struct {
	ID        string           `json:"id"`
	Level     spec.Level       `json:"level"`
	Scenarios []ScenarioFaults `json:"scenarios"`
	Faults    int              `json:"faults"`
	Detected  int              `json:"detected"` // of these, by a scenario of the requirement
}

// ScenarioFaults are the faults of a requirement that a scenario of it detects.
type ScenarioFaults struct {
	Scenario string   `json:"scenario"`
	Faults   []string `json:"faults"`
}

// A Score is a ratio: Hit out of Total.
type Score struct {
	Hit   int `json:"hit"`
	Total int `json:"total"`
}

func (s Score) String() string {
	if s.Total == 0 {
		return "0 of 0"
	}
	return fmt.Sprintf("%d of %d (%.1f %%)", s.Hit, s.Total, 100*float64(s.Hit)/float64(s.Total))
}

// Full reports whether the score cannot be higher.
func (s Score) Full() bool { return s.Hit == s.Total }

// Scores measure a suite.
type Scores struct {
	Faults       Score `json:"faults"`       // with the verdict [Detected]
	Requirements Score `json:"requirements"` // of level must and should whose scenarios detect a fault that breaks them
	Scenarios    Score `json:"scenarios"`    // that detect a fault of any requirement
}

// A Table says which scenarios detect which faults.
type Table struct {
	Scores       Scores              `json:"scores"`
	Faults       []FaultResult       `json:"faults"`
	Requirements []RequirementResult `json:"requirements"`
	// Whole says that every fault was to be tried on every scenario that reaches it: only
	// then do the scores of requirements and scenarios mean anything.
	Whole bool `json:"whole"`
	// FalsePositives are scenarios that did not pass without a fault. If there are any, the
	// detections prove nothing.
	FalsePositives []Detection `json:"false_positives"`
	NotRun         int         `json:"not_run"` // because the run ended first

	Runs    int           `json:"runs"` // of one scenario against one mutant
	Elapsed time.Duration `json:"-"`
}

// Complete reports whether the run found no gap in the suite.
func (t *Table) Complete() bool {
	return len(t.FalsePositives) == 0 && t.NotRun == 0 && t.Scores.Faults.Full() &&
		(!t.Whole || t.Scores.Requirements.Full() && t.Scores.Scenarios.Full())
}

// Fault returns the result of the fault with a name.
func (t *Table) Fault(name string) (FaultResult, bool) {
	if i := slices.IndexFunc(t.Faults, func(f FaultResult) bool { return f.Name == name }); i >= 0 {
		return t.Faults[i], true
	}
	return FaultResult{}, false
}

func (f *FaultResult) verdict() Verdict {
	seen := slices.ContainsFunc(f.Own, func(d Detection) bool { return d.Outcome != report.Timeout })
	switch {
	case seen, len(f.Own) > 0 && f.symptom == mutant.Hangs:
		return Detected
	case f.notRun > 0:
		return NotRun
	case len(f.Own) > 0:
		return ByTimeout
	case len(f.Others) > 0:
		return Elsewhere
	}
	return Survived
}

func requirementResults(s *spec.Spec, faults []FaultResult) []RequirementResult {
	all := make([]RequirementResult, 0, len(s.Requirements))
	for _, q := range s.Requirements {
		r := RequirementResult{ID: q.ID, Level: q.Level}
		for _, sc := range s.Testing(q.ID) {
			r.Scenarios = append(r.Scenarios, ScenarioFaults{Scenario: sc.ID, Faults: detectedBy(sc.ID, q.ID, faults)})
		}
		r.count(faults)
		all = append(all, r)
	}
	return all
}

// count counts the faults that break the requirement, and those that its scenarios detect.
func (r *RequirementResult) count(faults []FaultResult) {
	r.Faults, r.Detected = 0, 0
	for _, f := range faults {
		if f.Requirement != r.ID {
			continue
		}
		r.Faults++
		if f.Verdict == Detected || f.Verdict == ByTimeout {
			r.Detected++
		}
	}
}

func detectedBy(scenario, requirement string, faults []FaultResult) []string {
	names := []string{}
	for _, f := range faults {
		if f.Requirement == requirement && slices.ContainsFunc(f.Own, func(d Detection) bool { return d.Scenario == scenario }) {
			names = append(names, f.Name)
		}
	}
	return names
}

// scenariosDetecting says of each scenario whether it detects a fault. Nothing shows that
// one which does not is able to fail.
func scenariosDetecting(faults []FaultResult, requirements []RequirementResult) map[string]bool {
	detects := make(map[string]bool)
	for _, r := range requirements {
		for _, sc := range r.Scenarios {
			detects[sc.Scenario] = false
		}
	}
	for _, f := range faults {
		for _, d := range slices.Concat(f.Own, f.Others) {
			detects[d.Scenario] = true
		}
	}
	return detects
}

func scores(faults []FaultResult, requirements []RequirementResult) (s Scores) {
	for _, detects := range scenariosDetecting(faults, requirements) {
		s.Scenarios.add(detects)
	}
	for _, f := range faults {
		s.Faults.add(f.Verdict == Detected)
	}
	for _, r := range requirements {
		if r.Level != spec.May {
			s.Requirements.add(r.Detected > 0)
		}
	}
	return s
}

func (s *Score) add(hit bool) {
	s.Total++
	if hit {
		s.Hit++
	}
}

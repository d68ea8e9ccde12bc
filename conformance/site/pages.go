package site

import (
	"slices"
	"strings"

	"github.com/packetspec/packetspec/conformance/mutants"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
)

// A topic is a feature of the specification: a row of the first page.
type topic struct {
	Name, Anchor string
	Scenarios    int
	Cells        []cell // of the runs
}

// Columns returns the runs, in the order of the columns.
func (s *site) Columns() []*run { return s.runs }

// byFeature returns the scenarios of each feature, in the order of the specification.
func (s *site) byFeature() (names []string, scenarios map[string][]spec.Scenario) {
	scenarios = map[string][]spec.Scenario{}
	for _, sc := range s.Spec.Scenarios {
		if scenarios[sc.Feature] == nil {
			names = append(names, sc.Feature)
		}
		scenarios[sc.Feature] = append(scenarios[sc.Feature], sc)
	}
	return names, scenarios
}

// anchor returns the anchor of a feature on the page of a subject.
func anchor(feature string) string {
	return "topic-" + strings.ToLower(strings.Trim(noFileName.ReplaceAllString(feature, "-"), "-"))
}

// topics returns the rows of the first page.
func (s *site) topics() (topics []topic) {
	names, scenarios := s.byFeature()
	for _, name := range names {
		t := topic{Name: name, Anchor: anchor(name), Scenarios: len(scenarios[name])}
		for _, r := range s.runs {
			c := r.cellOf(scenarios[name])
			c.Link = r.File + "#" + t.Anchor
			t.Cells = append(t.Cells, c)
		}
		topics = append(topics, t)
	}
	return topics
}

// A scenarioRow is a scenario on the page of a requirement, with its outcome for every run.
type scenarioRow struct {
	spec.Scenario
	Gherkin string
	Faults  []mutants.RecordedFault // of its requirement, that it finds
	Results []outcomeCell
}

// An outcomeCell is the outcome of one scenario for one run. Its link may be empty.
type outcomeCell struct {
	Outcome report.Outcome
	Link    string
	Why     string
}

// A requirementPage is all about one requirement.
type requirementPage struct {
	spec.Requirement
	Rows           []scenarioRow
	Faults         []mutants.RecordedFault
	Previous, Next string // ids; empty at the ends
}

func (s *site) requirement(q spec.Requirement) requirementPage {
	p := requirementPage{Requirement: q}
	if s.Record != nil {
		p.Faults = s.Record.FaultsOf(q.ID)
	}
	for _, sc := range s.Spec.Testing(q.ID) {
		row := scenarioRow{Scenario: sc, Gherkin: gherkin(sc)}
		for _, f := range p.Faults {
			if slices.Contains(f.Scenarios, sc.ID) {
				row.Faults = append(row.Faults, f)
			}
		}
		for _, r := range s.runs {
			result := r.byID[sc.ID]
			row.Results = append(row.Results, outcomeCell{result.Outcome, r.Link(sc.ID), result.Reason})
		}
		p.Rows = append(p.Rows, row)
	}
	at := slices.IndexFunc(s.Spec.Requirements, func(other spec.Requirement) bool { return other.ID == q.ID })
	if at > 0 {
		p.Previous = s.Spec.Requirements[at-1].ID
	}
	if at+1 < len(s.Spec.Requirements) {
		p.Next = s.Spec.Requirements[at+1].ID
	}
	return p
}

// gherkin returns the text of a scenario, without the empty lines in place of others.
func gherkin(sc spec.Scenario) string {
	var lines []string
	for _, l := range strings.Split(string(sc.Source), "\n") {
		if strings.TrimSpace(l) != "" {
			lines = append(lines, strings.TrimRight(l, " "))
		}
	}
	return strings.Join(lines, "\n")
}

// A subjectPage is all about one run.
type subjectPage struct {
	Levels     []levelRow
	Deviations []report.Result // that no list knows
	Known      []report.Result
	Skips      []skipped
	Topics     []subjectTopic
}

// A levelRow counts the results of one level by outcome.
type levelRow struct {
	Level  spec.Level
	Counts []int // in the order of report.Outcomes
}

// A skipped is a reason for which scenarios were skipped.
type skipped struct {
	Reason string
	Count  int
}

// A subjectTopic holds the results of one feature.
type subjectTopic struct {
	Name, Anchor string
	Cell         cell
	Results      []report.Result
	NotRun       int
}

// A singlePage is all about one run, on one page.
type singlePage struct {
	Subject  subjectPage
	Failures []failurePage
}

// Levels returns the counts that the head of the page shows.
func (p singlePage) Levels() []levelRow { return p.Subject.Levels }

func (s *site) single(r *run) singlePage {
	p := singlePage{Subject: s.subject(r)}
	for _, result := range append(p.Subject.Deviations, p.Subject.Known...) {
		p.Failures = append(p.Failures, s.failure(r, result))
	}
	return p
}

// Outcomes lists the outcomes, for the heads of tables.
func (s *site) Outcomes() []report.Outcome { return report.Outcomes }

func (s *site) subject(r *run) subjectPage {
	var p subjectPage
	for _, level := range spec.Levels {
		row := levelRow{Level: level}
		for _, o := range report.Outcomes {
			row.Counts = append(row.Counts, r.Count(level, o))
		}
		p.Levels = append(p.Levels, row)
	}
	reasons := map[string]int{}
	for _, result := range r.Results.Results {
		switch {
		case result.Outcome == report.Known:
			p.Known = append(p.Known, result)
		case hasPage(result):
			p.Deviations = append(p.Deviations, result)
		case result.Outcome == report.Skip:
			if reasons[result.Reason]++; reasons[result.Reason] == 1 {
				p.Skips = append(p.Skips, skipped{Reason: result.Reason})
			}
		}
	}
	for i := range p.Skips {
		p.Skips[i].Count = reasons[p.Skips[i].Reason]
	}
	slices.SortStableFunc(p.Deviations, func(a, b report.Result) int {
		return slices.Index(spec.Levels, a.Level) - slices.Index(spec.Levels, b.Level)
	})
	names, scenarios := s.byFeature()
	for _, name := range names {
		t := subjectTopic{Name: name, Anchor: anchor(name), Cell: r.cellOf(scenarios[name])}
		for _, sc := range scenarios[name] {
			if result, ran := r.byID[sc.ID]; ran {
				t.Results = append(t.Results, result)
			} else {
				t.NotRun++
			}
		}
		p.Topics = append(p.Topics, t)
	}
	return p
}

package site

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/internal/visible"
)

// A run is one column of the site: the results of one subject.
type run struct {
	*report.Results
	Name string // for people; unique
	Slug string // in the names of files; unique
	File string
	byID map[string]report.Result
}

var noFileName = regexp.MustCompile(`[^A-Za-z0-9.]+`)

// addRuns gives every run a name and a file of its own.
func (s *site) addRuns() {
	names, slugs := map[string]int{}, map[string]int{}
	unique := func(seen map[string]int, text, form string) string {
		key := strings.ToLower(text) // some file systems do not tell letters of two cases apart
		if seen[key]++; seen[key] > 1 {
			return fmt.Sprintf(form, text, seen[key])
		}
		return text
	}
	for _, results := range s.Runs {
		r := &run{Results: results, byID: map[string]report.Result{}}
		name := cmp.Or(visible.Line(strings.TrimSpace(results.Subject.Name+" "+results.Subject.Release)), "subject")
		r.Name = unique(names, name, "%s (%d)")
		slug := strings.Trim(noFileName.ReplaceAllString(name, "-"), "-.")
		r.Slug = unique(slugs, cmp.Or(slug[:min(len(slug), 80)], "subject"), "%s-%d")
		r.File = "subject-" + r.Slug + ".html"
		for _, result := range results.Results {
			r.byID[result.ID] = result
		}
		s.runs = append(s.runs, r)
	}
}

func requirementFile(id string) string { return "requirement-" + id + ".html" }

func (r *run) failureFile(id string) string {
	return "failure-" + r.Slug + "-" + strings.Trim(noFileName.ReplaceAllString(id, "-"), "-") + ".html"
}

// Link returns the page of a scenario's result, or "" if it has none.
func (r *run) Link(id string) string {
	if result, ran := r.byID[id]; ran && hasPage(result) {
		return r.failureFile(id)
	}
	return ""
}

// hasPage reports whether a result has a page of its own.
func hasPage(r report.Result) bool {
	return r.Outcome.Deviates() || r.Outcome == report.Known || r.Outcome == report.Fixed
}

// Tested returns the release and commit of the suite that tested the subject.
func (r *run) Tested() string {
	text := "packetspec " + cmp.Or(r.Suite.Version, "of an unknown version")
	if r.Suite.Commit != "" {
		text += ", commit " + r.Suite.Commit
	}
	if r.Suite.Specification != "" {
		text += ", specification " + r.Suite.Specification
	}
	return text
}

// glyphs show outcomes by shape, for those who do not see their colors.
var glyphs = map[report.Outcome]string{
	report.Pass: "✓", report.Fail: "✗", report.Timeout: "◔", report.Crash: "‼", report.Flaky: "≈",
	report.Skip: "–", report.Known: "◆", report.Fixed: "★", "": "·",
}

func glyph(o report.Outcome) string { return glyphs[o] }

// class returns the class of an outcome in the style sheet.
func class(o report.Outcome) string { return cmp.Or(string(o), "none") }

func word(o report.Outcome) string { return cmp.Or(string(o), "not run") }

func line(s string) string { return visible.Line(s) }

func block(s string) string { return visible.Block(s) }

func milliseconds(ms float64) string { return fmt.Sprintf("%.1f ms", ms) }

func date(t time.Time) string {
	if t.IsZero() {
		return "an unknown date"
	}
	return t.UTC().Format("2006-01-02 15:04 UTC")
}

// A cell is how one subject did on several scenarios.
type cell struct {
	Passed, Ran, Skipped, Known int
	// Worst is the outcome that the cell shows: that of the first in the order of worst.
	Worst report.Outcome
	// Weak is set if no deviation is of a must.
	Weak bool
	Link string
}

// worst lists outcomes, those that a reader must see first.
var worst = []report.Outcome{report.Crash, report.Timeout, report.Fail, report.Flaky, report.Fixed, report.Known, report.Pass, report.Skip}

// cellOf returns how a run did on scenarios.
func (r *run) cellOf(scenarios []spec.Scenario) cell {
	c := cell{Weak: true}
	rank := len(worst)
	for _, sc := range scenarios {
		result, ran := r.byID[sc.ID]
		if !ran {
			continue
		}
		if result.Outcome == report.Skip {
			c.Skipped++
		} else {
			c.Ran++
		}
		if result.Outcome == report.Pass || result.Outcome == report.Fixed {
			c.Passed++
		}
		if result.Outcome == report.Known {
			c.Known++
		}
		if result.Outcome.Deviates() && result.Level == spec.Must {
			c.Weak = false
		}
		if at := slices.Index(worst, result.Outcome); at < rank {
			rank, c.Worst = at, result.Outcome
		}
	}
	return c
}

// weak reports whether the worst that the cell shows is a deviation from a should or a may.
func (c cell) weak() bool { return c.Worst.Deviates() && c.Weak }

// Class returns the class of the cell in the style sheet.
func (c cell) Class() string {
	if c.weak() {
		return "weak"
	}
	return class(c.Worst)
}

// Glyph returns the shape of the cell.
func (c cell) Glyph() string {
	if c.weak() {
		return "▲"
	}
	return glyph(c.Worst)
}

// Words says what the cell shows, for a reader who hears it.
func (c cell) Words() string {
	if c.Ran+c.Skipped == 0 {
		return "not run"
	}
	var parts []string
	add := func(n int, format string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf(format, n))
		}
	}
	parts = append(parts, fmt.Sprintf("%d of %d passed", c.Passed, c.Ran))
	add(c.Known, "%d known deviations")
	add(c.Ran-c.Passed-c.Known, "%d deviations")
	add(c.Skipped, "%d skipped")
	return strings.Join(parts, ", ")
}

// Package results writes what a campaign found: as JSON, as JUnit's XML, and as a page of HTML.
package results

import (
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/packetspec/packetspec/conformance/known"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/fuzz/campaign"
	"github.com/packetspec/packetspec/internal/visible"
)

// Results holds what one campaign found. Its JSON form is published: fields may be added, but not
// renamed.
type Results struct {
	Subject     report.Subject `json:"subject"`
	Command     string         `json:"command"` // runs the campaign again
	Seed        uint64         `json:"seed"`
	Given       int64          `json:"given"`  // inputs that the corpus and --corpus gave
	Inputs      int64          `json:"inputs"` // inputs beside those
	ElapsedMS   int64          `json:"elapsed_ms"`
	Traces      int            `json:"traces"`
	Corpus      int            `json:"corpus"` // inputs
	Edges       int            `json:"edges,omitempty"`
	CodecOnly   bool           `json:"codec_only,omitempty"`
	Interrupted bool           `json:"interrupted,omitempty"`
	Untested    int64          `json:"untested"`           // inputs that were not tested to the end
	Unplayed    int64          `json:"unplayed"`           // of these: inputs that no process played
	Replaced    int64          `json:"replaced,omitempty"` // processes, since they did not reply
	// Inconclusive: too many inputs were not tested, so that finding nothing says little.
	Inconclusive bool             `json:"inconclusive,omitempty"`
	Doubts       []string         `json:"-"`               // about these, in words
	Error        string           `json:"error,omitempty"` // that ended the campaign
	Counts       bool             `json:"counts"`          // something was found that counts
	Findings     []Finding        `json:"findings"`
	Earlier      []Finding        `json:"earlier"`  // findings of earlier campaigns, fixed or not tried
	Suspects     []campaign.Saved `json:"suspects"` // that there was no time to try again
	Try          string           `json:"try,omitempty"`
	Unconfirmed  []Unconfirmed    `json:"unconfirmed"`
	Unseen       []Unseen         `json:"known_unseen"`
}

// A Finding is a finding with its folder.
type Finding struct {
	campaign.Saved
	Dir    string `json:"dir"`
	Counts bool   `json:"counts"`

	finding *campaign.Finding
}

// An Unconfirmed is a signature that no fresh process showed.
type Unconfirmed struct {
	Signature string `json:"signature"`
	Seen      int64  `json:"seen"`
	TimedOut  bool   `json:"timed_out"` // a time limit had passed, as on a busy machine
}

// An Unseen is a known deviation that no finding showed.
type Unseen struct {
	Requirement string `json:"requirement"`
	Kind        string `json:"kind,omitempty"`
	Where       string `json:"where"`
}

// A Campaign is what New needs to know of a campaign beside its result.
type Campaign struct {
	Command     string // that runs it again
	Seed        uint64
	Known       known.List
	Requirement campaign.Requirements
	Replay      campaign.Replay
	Dir         func(*campaign.Finding) string // the folder of a finding
	Suspects    string                         // the folder of suspects
	Try         string                         // the command that tries them
	Interrupted bool
	Err         error
}

// New returns the results of a campaign.
func New(c Campaign, r *campaign.Result) *Results {
	out := &Results{
		Subject: report.Subject{Name: r.Subject.Name, Release: r.Subject.Release, Language: r.Subject.Language},
		Command: c.Command, Seed: c.Seed, Given: r.Given, Inputs: r.Inputs, ElapsedMS: r.Elapsed.Milliseconds(),
		Traces: r.Traces, Corpus: len(r.Corpus), Edges: r.Edges, CodecOnly: r.CodecOnly, Interrupted: c.Interrupted,
		Untested: r.Untested, Unplayed: r.Unplayed, Replaced: r.Replaced, Inconclusive: r.Inconclusive(), Doubts: r.Doubts(),
		Findings: []Finding{}, Earlier: []Finding{}, Suspects: []campaign.Saved{}, Unconfirmed: []Unconfirmed{}, Unseen: []Unseen{},
	}
	if c.Err != nil {
		out.Error = c.Err.Error()
	}
	of := func(f *campaign.Finding) Finding {
		dir := c.Dir(f)
		return Finding{Saved: campaign.Save(f, dir, c.Requirement, c.Replay), Dir: dir, Counts: Counts(f, c.Requirement), finding: f}
	}
	for _, f := range r.Findings {
		out.Findings = append(out.Findings, of(f))
		out.Counts = out.Counts || Counts(f, c.Requirement)
	}
	for _, f := range r.Earlier {
		out.Earlier = append(out.Earlier, of(f))
	}
	for _, f := range r.Suspects {
		s := campaign.Save(f, c.Suspects, c.Requirement, c.Replay)
		s.Replay = c.Replay.Command(f, filepath.Join(c.Suspects, campaign.Name(f.Input)))
		out.Suspects = append(out.Suspects, s)
		out.Counts = out.Counts || Counts(f, c.Requirement)
		out.Try = c.Try
	}
	for _, f := range r.Unconfirmed {
		out.Unconfirmed = append(out.Unconfirmed, Unconfirmed{f.Signature, f.Seen, f.TimedOut()})
	}
	for _, d := range campaign.Unseen(c.Known, r.Findings) {
		out.Unseen = append(out.Unseen, Unseen{d.Requirement, d.Kind, d.Where})
	}
	return out
}

// Counts reports whether a finding or a suspect counts: it, or one of its faces, is not known and
// breaks more than a may.
func Counts(f *campaign.Finding, broken campaign.Requirements) bool {
	for _, face := range f.Present() {
		if face.Known == "" && broken(face).Level != spec.May {
			return true
		}
	}
	return false
}

// JSON writes the results as JSON.
func (r *Results) JSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// JUnit writes the results as JUnit's XML: one test case for the campaign itself, and one for each
// finding and suspect. The campaign is an error if it ended early, or says too little. A finding that counts is a failure, or an error if the adapter crashed. A
// suspect that was not tried again is an error. A finding that is fixed has passed. What does not
// count is skipped, with the reason.
func (r *Results) JUnit(w io.Writer) error {
	whole := report.Result{
		ID: "campaign", Feature: "fuzz", Scenario: "campaign", Requirements: []string{"fuzz"}, Outcome: report.Pass, DurationMS: float64(r.ElapsedMS), Again: r.Command,
	}
	switch {
	case r.Error != "":
		whole.Outcome, whole.Reason = report.Crash, r.Error
	case r.Inconclusive:
		whole.Outcome, whole.Reason = report.Crash, "inconclusive: "+strings.Join(r.Doubts, "; ")
	}
	all := &report.Results{Notes: r.Doubts, Subject: r.Subject, Results: []report.Result{whole}, Elapsed: time.Duration(r.ElapsedMS) * time.Millisecond}
	add := func(c report.Result, s campaign.Saved) {
		all.Suite.Requirements = append(all.Suite.Requirements, report.Requirement{ID: c.Requirements[0], Level: s.Level, Text: s.Text})
		all.Results = append(all.Results, c)
	}
	for _, f := range r.Findings {
		c := junitCase(f.Saved)
		for _, face := range f.Faces {
			c.Wire = append(c.Wire, "", "the same cause seems to show as "+face.Signature+":")
			c.Wire = append(c.Wire, face.Script...)
		}
		switch {
		case !f.Counts && f.Known != "":
			c.Outcome, c.Reason = report.Known, f.Known
		case !f.Counts:
			c.Outcome, c.Reason = report.Skip, "it breaks a may, and does not count"
		}
		add(c, f.Saved)
	}
	for _, f := range r.Earlier {
		c := junitCase(f.Saved)
		c.Outcome = report.Pass
		if f.Status == campaign.NotTried {
			c.Outcome, c.Reason = report.Skip, "an earlier campaign found it; it was not tried again"
		}
		add(c, f.Saved)
	}
	for _, s := range r.Suspects {
		c := junitCase(s)
		c.Outcome, c.Reason = report.Timeout, "there was no time to try this suspect again: "+r.Try
		add(c, s)
	}
	return all.JUnit(w, true)
}

func junitCase(s campaign.Saved) report.Result {
	broken := s.Requirement
	if broken == campaign.NoRequirement {
		broken = "adapter-guide"
	}
	c := report.Result{
		ID: s.Signature, Feature: "fuzz", Scenario: s.Signature, Requirements: []string{broken}, Level: s.Level, Outcome: report.Fail,
		Expected: s.Expected, Actual: s.Actual, Wire: append(append([]string{}, s.Script...), s.Came...), Again: s.Replay,
	}
	if s.Crash != nil {
		c.Outcome, c.Reason, c.Stderr = report.Crash, s.Actual, s.Crash.Stderr
	}
	return c
}

//go:embed page.html
var page string

// HTML writes the results as one page without outside resources.
func (r *Results) HTML(w io.Writer) error {
	functions := template.FuncMap{
		"text": visible.Block, "line": visible.Line, "octets": octets,
		"lines": func(all []string) string {
			var shown []string
			for _, line := range all {
				shown = append(shown, visible.Line(line))
			}
			return strings.Join(shown, "\n")
		},
		"wrap": func(s campaign.Saved) Finding { return Finding{Saved: s} },
		"elapsed": func() time.Duration {
			return (time.Duration(r.ElapsedMS) * time.Millisecond).Round(10 * time.Millisecond)
		},
	}
	t, err := template.New("page").Funcs(functions).Parse(page)
	if err != nil {
		return err
	}
	return t.Execute(w, r)
}

// shownOctets is how many octets of an input the page shows.
const shownOctets = 512

// octets returns an input in hex, in groups of one octet, for people.
func octets(inHex string) string {
	raw, err := hex.DecodeString(inHex)
	switch {
	case err != nil:
		return inHex
	case len(raw) > shownOctets:
		return fmt.Sprintf("% x … (%d octets; the file %s has all)", raw[:shownOctets], len(raw), campaign.InputFile)
	}
	return fmt.Sprintf("% x", raw)
}

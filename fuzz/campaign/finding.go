package campaign

import (
	"fmt"
	"slices"
	"strings"

	"github.com/packetspec/packetspec/conformance/known"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/fuzz/input"
	"github.com/packetspec/packetspec/fuzz/judge"
	"github.com/packetspec/packetspec/fuzz/plan"
	"github.com/packetspec/packetspec/internal/excerpt"
	"github.com/packetspec/packetspec/internal/visible"
)

// A Finding is a difference that was confirmed, with its smallest input. Until then it is a suspect.
// Further differences that have the same suspected cause are its faces.
type Finding struct {
	Signature  string
	Difference judge.Difference
	Input      []byte // the smallest
	First      []byte // that showed it first
	Number     int64  // of First in the campaign, from 0
	Seen       int64  // how many inputs showed it
	Confirmed  int    // how many of Tries on fresh processes showed it
	Tries      int
	Company    bool          // it shows only beside other connections of the process, or after them
	Many       bool          // it shows only on a process that played many inputs, of which this is the last
	Record     *judge.Record // of the last try that showed it; nil: no connection
	Plan       *plan.Plan
	Crash      *Crash     // of the last try that showed it; nil: the process went on
	Known      string     // why the difference is known; empty: it is not
	Status     Status     // if an earlier campaign found it
	Faces      []*Finding // without faces of their own

	dir    string   // of an earlier campaign
	before *Saved   // as the earlier campaign saved it
	shows  []string // signatures that the smallest input showed when the finding was confirmed
}

// A Status says what became of the finding of an earlier campaign. It is empty for a new one.
type Status string

// The statuses.
const (
	StillThere Status = "still there" // it showed again
	Fixed      Status = "fixed"       // no try showed it
	NotTried   Status = "not tried"   // no single input shows it, or the campaign ended first
)

// Present returns what of the finding and its faces was not fixed.
func (f *Finding) Present() []*Finding {
	return slices.DeleteFunc(f.All(), func(face *Finding) bool { return face.Status == Fixed || face.Status == NotTried })
}

// All returns the finding and its faces.
func (f *Finding) All() []*Finding { return append([]*Finding{f}, f.Faces...) }

// IsKnown reports whether the finding and each of its faces is known, but for those that are fixed.
func (f *Finding) IsKnown() bool {
	return !slices.ContainsFunc(f.Present(), func(face *Finding) bool { return face.Known == "" })
}

// clone returns a copy that shares no counts.
func (f *Finding) clone() *Finding {
	c := *f
	c.Faces = nil
	for _, face := range f.Faces {
		c.Faces = append(c.Faces, face.clone())
	}
	return &c
}

// Flaky reports whether some tries did not show the finding.
func (f *Finding) Flaky() bool { return f.Confirmed < f.Tries }

// TimedOut reports whether a time limit made the difference: what was missing had not come when the
// limit passed. A busy machine alone can cause that.
func (f *Finding) TimedOut() bool {
	r := f.Record
	return f.Difference.Timed || r != nil && (r.Aborted >= 0 || r.Hung || r.LastRequest.Sent && !r.LastRequest.Done)
}

// Outcome returns, line by line, what the input requires and what came.
func (f *Finding) Outcome() (required, came []string) {
	if f.Plan == nil || f.Record == nil {
		return []string{f.Difference.Expected}, []string{f.Difference.Came}
	}
	for _, a := range f.Plan.Answers {
		if !a.Ping {
			required = append(required, fmt.Sprintf("%s: %s", a.Requirement, a.String()))
		}
	}
	for _, r := range f.Plan.LocalRequests {
		p := r.Packet()
		required = append(required, fmt.Sprintf("%s: % x (%s)", r.Requirement, p.Octets(), p))
	}
	required = append(required, fmt.Sprintf("%s: EOF, then the end of the stream; join may report %q", f.Plan.End.Requirement, f.Plan.End.Reasons))
	for _, g := range f.Record.Packets {
		if g.Packet.Channel == input.Private {
			continue // the answer to a ping
		}
		line := g.String()
		came = append(came, "subject"+line[len("peer   "):])
	}
	switch {
	case f.Record.Died:
		return required, append(came, "subject  died")
	case f.Record.Ended:
		came = append(came, "subject  closed its sending pipe")
	default:
		came = append(came, "subject  keeps its sending pipe open")
	}
	if j := f.Record.Join; j.Done {
		came = append(came, "join     returned and reported "+j.Reply.Ended)
	} else {
		came = append(came, "join     has not returned")
	}
	return required, came
}

// Explain returns the finding, without its faces, as text for a user. It takes the requirement that
// the finding breaks, and the command that replays it.
func (f *Finding) Explain(broken spec.Requirement, replay string) string {
	return heading[f.Status] + visible.Line(f.Signature) + "\n" + f.body(broken, replay)
}

// ExplainFace returns a face of the finding, as Explain returns a finding.
func (f *Finding) ExplainFace(face *Finding, broken spec.Requirement, replay string) string {
	return fmt.Sprintf("FACE     %s\n  of           %s, which seems to have the same cause\n", visible.Line(face.Signature), visible.Line(f.Signature)) + face.body(broken, replay)
}

// heading holds the first words about a finding, by its status.
var heading = map[Status]string{"": "FOUND    ", StillThere: "FOUND    ", Fixed: "FIXED    ", NotTried: "UNTRIED  "}

// ShownText says how often the finding showed.
func (f *Finding) ShownText() string {
	shown := fmt.Sprintf("%d of %d times on a fresh process", f.Confirmed, f.Tries)
	switch {
	case f.Many:
		shown = "by a process that played many inputs, of which this is the last; no single input shows it"
	case f.Tries == 0:
		shown = "not tried again"
	}
	if f.Flaky() && f.Confirmed > 0 {
		shown += ": FLAKY"
	}
	if f.Company && f.Confirmed > 0 {
		shown += "; only beside other connections, or after them"
	}
	if f.Status != "" {
		shown = fmt.Sprintf("%s (an earlier campaign found it): %s", f.Status, shown)
	}
	return shown
}

// Inputs describes the smallest input, line by line.
func (f *Finding) Inputs() []string {
	if script := input.Describe(f.Input); len(script) > 0 {
		return script
	}
	return []string{"nothing: the peer ends its stream at once"}
}

// Wire returns, line by line, what came from the subject, if that says anything.
func (f *Finding) Wire() []string {
	if f.Record == nil || f.Difference.State == judge.Codec {
		return nil
	}
	_, came := f.Outcome()
	return came
}

func (f *Finding) body(broken spec.Requirement, replay string) string {
	s := fmt.Sprintf("  requirement  %s (%s): %s\n  expected     %s\n  came         %s\n  shown        %s\n",
		f.Difference.Requirement, broken.Level, broken.Text, visible.Line(f.Difference.Expected), visible.Line(f.Difference.Came), f.ShownText())
	if f.Known != "" {
		s += "  known        " + visible.Line(f.Known) + "\n"
	}
	if f.Crash != nil {
		label := "stderr"
		for line := range strings.Lines(f.Crash.Shown()) {
			s += fmt.Sprintf("  %-11s  %s\n", label, strings.TrimRight(line, "\n"))
			label = ""
		}
	}
	return s + labelled("input", f.Inputs()) + labelled("wire", f.Wire()) + "  run again    " + replay + "\n"
}

// labelled returns an excerpt of lines, with a label before the first.
func labelled(label string, lines []string) (s string) {
	for _, line := range excerpt.Of(lines) {
		s += fmt.Sprintf("  %-11s  %s\n", label, visible.Line(line))
		label = ""
	}
	return s
}

// Unseen returns the lines of a list that are for campaigns and cover none of the findings: the
// deviation may be mended, or may need a longer campaign.
func Unseen(list known.List, findings []*Finding) known.List {
	return slices.DeleteFunc(slices.Clone(list), func(d known.Deviation) bool {
		return !d.ForCampaigns() || slices.ContainsFunc(findings, func(f *Finding) bool {
			return slices.ContainsFunc(f.Present(), func(face *Finding) bool { return d.Covers(face.Difference.Requirement, face.Difference.Kind) })
		})
	})
}

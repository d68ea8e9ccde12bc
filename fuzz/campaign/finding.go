package campaign

import (
	"fmt"
	"slices"

	"github.com/packetspec/packetspec/conformance/known"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/fuzz/input"
	"github.com/packetspec/packetspec/fuzz/judge"
	"github.com/packetspec/packetspec/fuzz/plan"
	"github.com/packetspec/packetspec/internal/excerpt"
	"github.com/packetspec/packetspec/internal/visible"
)

// A Finding is a difference that was confirmed, with its smallest input. Until then it is a suspect.
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
	Known      string // why it is known; empty: it is not
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
	case f.Record.Died != "":
		came = append(came, "subject  died")
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

// Explain returns the finding as text for a user. It takes the requirement that the finding breaks,
// and the command that replays it.
func (f *Finding) Explain(broken spec.Requirement, replay string) string {
	shown := fmt.Sprintf("%d of %d times on a fresh process", f.Confirmed, f.Tries)
	switch {
	case f.Many:
		shown = "by a process that played many inputs, of which this is the last; no single input shows it"
	case f.Tries == 0:
		shown = "not tried again"
	}
	if f.Flaky() {
		shown += ": FLAKY"
	}
	if f.Company {
		shown += "; only beside other connections, or after them"
	}
	s := fmt.Sprintf("FOUND    %s\n  requirement  %s (%s): %s\n  expected     %s\n  came         %s\n  shown        %s\n",
		f.Signature, f.Difference.Requirement, broken.Level, broken.Text, visible.Line(f.Difference.Expected), visible.Line(f.Difference.Came), shown)
	if f.Known != "" {
		s += "  known        " + visible.Line(f.Known) + "\n"
	}
	script := input.Describe(f.Input)
	if len(script) == 0 {
		script = []string{"nothing: the peer ends its stream at once"}
	}
	s += labelled("input", script)
	if f.Record != nil && f.Difference.State != judge.Codec {
		_, came := f.Outcome()
		s += labelled("wire", came)
	}
	return s + "  run again    " + replay + "\n"
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
			return d.Covers(f.Difference.Requirement, f.Difference.Kind)
		})
	})
}

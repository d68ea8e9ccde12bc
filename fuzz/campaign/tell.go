package campaign

import (
	"fmt"

	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/fuzz/input"
	"github.com/packetspec/packetspec/fuzz/judge"
	"github.com/packetspec/packetspec/internal/excerpt"
)

// Tell is what a finding's input requires, and what came, in words.
func (f *Finding) Tell() (required, came []string) {
	if f.Plan == nil || f.Record == nil {
		return []string{f.Difference.Expected}, []string{f.Difference.Came}
	}
	for _, a := range f.Plan.Answers {
		if !a.Ping {
			required = append(required, fmt.Sprintf("%s: %s", a.Requirement, a.String()))
		}
	}
	for _, c := range f.Plan.Calls {
		p := c.Wire()
		required = append(required, fmt.Sprintf("%s: % x (%s)", c.Requirement, p.Octets(), p))
	}
	required = append(required, fmt.Sprintf("%s: EOF, and the end of the stream; join may tell %q", f.Plan.End.Requirement, f.Plan.End.Reasons))
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
		came = append(came, "join     returned, telling "+j.Reply.Ended)
	} else {
		came = append(came, "join     has not returned")
	}
	return required, came
}

// Explain is a finding, which breaks a requirement, as a person reads it.
func (f *Finding) Explain(broken spec.Requirement, replay string) string {
	sure := fmt.Sprintf("%d of %d times on a fresh process", f.Confirmed, f.Tries)
	switch {
	case f.Many:
		sure = "by a process that has heard many inputs, of which this is the last: no one shows it"
	case f.Tries == 0:
		sure = "not tried again"
	}
	if f.Flaky() {
		sure += ": FLAKY"
	}
	if f.Company {
		sure += "; only after or beside other connections"
	}
	s := fmt.Sprintf("FOUND    %s\n  requirement  %s (%s): %s\n  expected     %s\n  came         %s\n  shown        %s\n",
		f.Signature, f.Difference.Requirement, broken.Level, broken.Text, f.Difference.Expected, f.Difference.Came, sure)
	if f.Known != "" {
		s += "  known        " + f.Known + "\n"
	}
	told := input.Tell(f.Input)
	if len(told) == 0 {
		told = []string{"nothing: the peer ends its stream at once"}
	}
	s += labelled("input", told)
	if f.Record != nil && f.Difference.State != judge.Codec {
		_, came := f.Tell()
		s += labelled("wire", came)
	}
	return s + "  run again    " + replay + "\n"
}

// labelled is lines, if not too many, the first behind a label.
func labelled(label string, lines []string) (s string) {
	for _, line := range excerpt.Of(lines) {
		s += fmt.Sprintf("  %-11s  %s\n", label, line)
		label = ""
	}
	return s
}

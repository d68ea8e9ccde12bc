package campaign

import (
	"fmt"
	"strings"

	"github.com/packetspec/packetspec/fuzz/input"
	"github.com/packetspec/packetspec/fuzz/judge"
)

// Scenario is a finding as a scenario to add to the suite: its input in the suite's own
// steps, and what it requires. A step that the suite has no words for stands as a comment.
func (f *Finding) Scenario() string {
	s := &scenario{}
	level := "should"
	s.line("Feature: Found by fuzzing")
	s.line("")
	s.line("  @%s @%s", f.Difference.Requirement, level)
	s.line("  Scenario: %s", strings.ReplaceAll(f.Signature, "'", ""))
	if f.Plan == nil {
		return s.String()
	}
	if f.Difference.State == judge.Codec {
		s.codec(f)
		return s.String()
	}
	s.script(f)
	return s.String()
}

type scenario struct {
	strings.Builder
	word string // the keyword of the last step
}

func (s *scenario) line(format string, args ...any) { _, _ = fmt.Fprintf(s, format+"\n", args...) }

// step is one step; further ones of a kind begin with And.
func (s *scenario) step(word, format string, args ...any) {
	if s.word == word {
		word = "And"
	} else {
		s.word = word
	}
	s.line("    %s %s", word, fmt.Sprintf(format, args...))
}

// codec is what the codec is to do with the first packet.
func (s *scenario) codec(f *Finding) {
	for _, frame := range input.Frames(f.Input) {
		octets := fmt.Sprintf("%x", frame.Octets)
		switch {
		case frame.Shape != input.Whole:
			s.step("Then", "%s is not decoded", octets)
		default:
			s.step("Then", "%s decodes to %s", octets, frame.Packet)
			s.step("Then", "%s encodes to exactly % x", frame.Packet, frame.Packet.Octets())
		}
	}
}

// script is the plan, act by act.
func (s *scenario) script(f *Finding) {
	switch {
	case f.Plan.Grace:
		s.step("Given", "a connection with the default grace")
	case f.Plan.NoHandler:
		s.step("Given", "a connection without a request handler")
	default:
		s.step("Given", "a connection")
	}
	for i, a := range f.Plan.Acts {
		switch a.Verb {
		case judge.Write:
			for _, frame := range input.Frames(a.Octets) {
				s.step("When", "the peer sends %s", octetsAndMeaning(frame))
			}
		case judge.Await:
			s.due(f.Plan, i)
		case judge.Request:
			s.request(f.Plan, a.Index)
		case judge.Release:
			s.step("When", "gate %q is released", a.Gate)
		case judge.Shutdown:
			if f.Plan.Shutdowns[a.Index].Block {
				s.step("When", "the subject is shut down, blocking, as \"shutdown %d\"", a.Index+1)
			} else {
				s.step("When", "the subject is shut down as \"shutdown %d\"", a.Index+1)
			}
		case judge.CloseSend:
			s.step("When", "the peer ends its stream without EOF")
		case judge.AwaitEnd:
			s.due(f.Plan, i)
			s.step("Then", "the subject ends its stream")
		case judge.Segment:
			s.line("    # the subject has read what came before")
		}
	}
}

func octetsAndMeaning(f input.Frame) string {
	if f.Shape != input.Whole {
		return fmt.Sprintf("% x", f.Octets)
	}
	return fmt.Sprintf("% x (%s)", f.Octets, f.Packet)
}

func (s *scenario) request(p *judge.Plan, index int) {
	if index < 0 {
		s.step("Then", "requesting type %d is refused as closed", p.Refused[-index-1].Local.Type)
		return
	}
	c := p.Calls[index]
	fields := ""
	if w := c.Wire(); w.Flags != 0 || w.Channel != 0 || len(w.Payload) > 0 {
		var parts []string
		if w.Channel != 0 {
			parts = append(parts, fmt.Sprintf("channel %d", w.Channel))
		}
		if w.Flags != 0 {
			parts = append(parts, fmt.Sprintf("flags %#x", w.Flags))
		}
		if len(w.Payload) > 0 {
			parts = append(parts, "payload "+input.Words(w.Payload))
		}
		fields = " (" + strings.Join(parts, ", ") + ")"
	}
	name := fmt.Sprintf("call %d", index+1)
	if c.Decoder != "" {
		fields += fmt.Sprintf(", decoded by %q", c.Decoder)
	}
	s.step("When", "the subject requests type %d as %q%s", c.Local.Type, name, fields)
}

// due is what becomes due up to an act, since the last one that awaited.
func (s *scenario) due(p *judge.Plan, at int) {
	since := -1
	for i := at - 1; i >= 0; i-- {
		if p.Acts[i].Verb == judge.Await {
			since = i
			break
		}
	}
	for _, a := range p.Answers {
		if a.Due <= since || a.Due > at {
			continue
		}
		q := a.Packet
		switch {
		case a.Want == judge.Result:
			r := input.Packet{Channel: q.Channel, Tag: q.Tag, Flags: a.Flags<<1 | 1, Payload: a.Payload}
			s.step("Then", "the subject answers % x (%s)", r.Octets(), r)
		case a.Want == judge.Failure && q.Channel != 0:
			s.step("Then", "the subject answers tag %d on channel %d with a failure", q.Tag, q.Channel)
		case a.Want == judge.Failure:
			s.step("Then", "the subject answers tag %d with a failure", q.Tag)
		}
	}
	for i, c := range p.Calls {
		name := fmt.Sprintf("call %d", i+1)
		switch {
		case c.Nested >= 0:
		case c.Answered > since && c.Answered <= at:
			verdict := "failed"
			if c.Response.Flags&1 != 0 {
				verdict = "ok"
			}
			if c.Decoder == "" {
				if flags := c.Response.Flags >> 1; flags != 0 {
					verdict += fmt.Sprintf(", flags %#x", flags)
				}
				if len(c.Response.Payload) > 0 {
					verdict += ", payload " + input.Words(c.Response.Payload)
				}
				s.step("Then", "%q is answered (%s)", name, verdict)
			}
		case p.End.Act > since && p.End.Act <= at && c.Asked <= at && c.Answered > at:
			s.step("Then", "%q is cancelled", name)
		}
	}
}

package campaign

import (
	"fmt"
	"slices"
	"strings"

	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/fuzz/input"
	"github.com/packetspec/packetspec/fuzz/judge"
	"github.com/packetspec/packetspec/fuzz/plan"
)

// Scenario is a finding as a scenario to add to the suite: its input in the suite's own
// steps, and what it requires, at the level of the requirement that it breaks.
func (f *Finding) Scenario(level spec.Level) string {
	s := &scenario{finding: f, plan: f.Plan, since: -1}
	s.line("Feature: Found by fuzzing")
	s.line("")
	switch {
	case f.Difference.Requirement == noRequirement:
		s.line("  # The adapter guide is broken, and no requirement: nothing for the suite.")
	case f.Many:
		s.line("  # It takes a process that has heard many inputs, and no scenario has so many.")
	default:
		s.line("  @%s @%s", f.Difference.Requirement, level)
	}
	s.line("  Scenario: %s", strings.ReplaceAll(f.Signature, "'", ""))
	switch {
	case f.Plan == nil:
	case f.Difference.State == judge.Codec:
		s.codec()
	default:
		s.script()
	}
	return s.String()
}

// A scenario is one that is being written.
type scenario struct {
	strings.Builder
	finding *Finding
	plan    *plan.Plan
	word    string // the keyword of the last step
	since   int    // the act up to which what was due has been awaited
	ended   bool   // the end of the subject's stream has been awaited
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

// codec is what the codec is to do with the packets.
func (s *scenario) codec() {
	for _, frame := range input.Frames(s.finding.Input) {
		if frame.Shape != input.Whole {
			s.step("Then", "% x is not decoded", frame.Octets)
			continue
		}
		s.step("Then", "% x decodes to %s", frame.Octets, frame.Packet)
		s.step("Then", "%s encodes to exactly % x", frame.Packet, frame.Packet.Octets())
	}
}

// script is the plan, act by act.
func (s *scenario) script() {
	s.open()
	acts := s.plan.Acts
	for i := 0; i < len(acts); i++ {
		s.early(i)
		switch a := acts[i]; a.Verb {
		case plan.Write:
			if i+2 < len(acts) && acts[i+1].Verb == plan.Segment && acts[i+2].Verb == plan.Write {
				s.cut(a.Octets, acts[i+2].Octets)
				i += 2
				continue
			}
			s.write(a.Octets)
		case plan.Await:
			s.due(i)
		case plan.Request:
			s.request(a.Index)
		case plan.RequestRefused:
			s.refused(s.plan.Refused[a.Index])
		case plan.AwaitClosed:
			s.step("Then", "the subject takes no more requests")
		case plan.Release:
			s.step("When", `gate "%s" is released`, a.Gate)
		case plan.Shutdown:
			blocking := ""
			if s.plan.Shutdowns[a.Index].Block {
				blocking = ", blocking,"
			}
			s.step("When", "the subject is shut down%s as %q", blocking, shutdownName(a.Index))
		case plan.CloseSend:
			s.step("When", "the peer ends its stream without EOF")
		case plan.AwaitEnd:
			s.due(i)
			s.ending()
		}
	}
	s.handled()
}

func callName(i int) string     { return fmt.Sprintf("call %d", i+1) }
func shutdownName(i int) string { return fmt.Sprintf("shutdown %d", i+1) }

// joined reports whether the scenario joins: for what that tells, or that it returns, or
// since all that the handler gets has been read by then, and not before.
func (s *scenario) joined() bool {
	return s.differs("told") || s.differs("join") || s.differs("handler")
}

// differs reports whether differences of this kind are what was found.
func (s *scenario) differs(kind string) bool {
	return strings.HasPrefix(s.finding.Difference.Kind, kind)
}

func (s *scenario) open() {
	if slices.ContainsFunc(s.plan.Answers, func(a plan.Answer) bool { return a.Requirement == "HND-7" && a.Want == plan.Failure }) {
		s.step("Given", "the implementation can give invalid replies")
	}
	switch {
	case s.plan.Grace:
		s.step("Given", "a connection with the default grace")
	case s.plan.NoHandler:
		s.step("Given", "a connection without a request handler")
	default:
		s.step("Given", "a connection")
	}
	if s.joined() {
		s.step("When", `the subject is joined as "join"`)
	}
}

// write is one write of the peer's.
func (s *scenario) write(octets []byte) {
	frames := input.Frames(octets)
	if len(frames) == 1 {
		s.step("When", "the peer sends %s", octetsAndMeaning(frames[0]))
		return
	}
	if slices.ContainsFunc(frames, func(f input.Frame) bool { return !isPlain(f) }) {
		s.step("When", "the peer sends % x", octets)
		return
	}
	s.step("When", "the peer sends:")
	s.line("      | octets | meaning |")
	for _, f := range frames {
		s.line("      | % x | %s |", f.Octets, f.Packet)
	}
}

// cut is a write in two pieces.
func (s *scenario) cut(first, rest []byte) {
	s.step("When", "the peer sends % x, cut after %d octets", slices.Concat(first, rest), len(first))
}

// isPlain reports whether a frame is a packet that the suite has words for.
func isPlain(f input.Frame) bool { return f.Shape == input.Whole && !f.Beyond }

func octetsAndMeaning(f input.Frame) string {
	if !isPlain(f) {
		return fmt.Sprintf("% x", f.Octets)
	}
	return fmt.Sprintf("% x (%s)", f.Octets, f.Packet)
}

// request is a local request.
func (s *scenario) request(index int) {
	c := s.plan.Calls[index]
	how := ""
	switch {
	case c.Decoder != "":
		how = fmt.Sprintf(", decoded by %q", c.Decoder)
	case c.Late:
		how = ", to be waited for later"
	}
	s.step("When", "the subject requests type %d as %q%s%s", c.Local.Type, callName(index), fieldsOf(c.Wire()), how)
}

// refused is a local request that must be refused.
func (s *scenario) refused(a plan.Asked) {
	if a.Requirement == "CHN-5" {
		s.step("Then", "the subject refuses to request type %d (channel %d), unless it offers channels", a.Local.Type, a.Local.Channel)
		return
	}
	s.step("Then", "requesting type %d is refused as closed", a.Local.Type)
}

// fieldsOf are the fields of a request that are not empty, in parentheses.
func fieldsOf(p input.Packet) string {
	var parts []string
	if p.Channel != 0 {
		parts = append(parts, fmt.Sprintf("channel %d", p.Channel))
	}
	if p.Flags != 0 {
		parts = append(parts, fmt.Sprintf("flags %#x", p.Flags))
	}
	if len(p.Payload) > 0 {
		parts = append(parts, "payload "+input.Words(p.Payload))
	}
	if parts == nil {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

// isNow reports whether an act is among those that what is awaited now has waited for.
func (s *scenario) isNow(act, at int) bool { return act > s.since && act <= at }

// due is what becomes due up to an act, since the last one that awaited: answers first,
// which are taken by their tags, then requests, which are taken as they come.
func (s *scenario) due(at int) {
	for _, a := range s.plan.Answers {
		if s.isNow(a.Due, at) {
			s.answer(a)
		}
	}
	for _, c := range s.plan.Calls {
		if s.isNow(c.Asked, at) {
			s.step("Then", "the subject sends % x (%s)", c.Wire().Octets(), c.Wire())
		}
	}
	if s.isNow(s.plan.EOF, at) {
		s.step("Then", "the subject ends its stream")
		s.ended = true
	}
	for i, c := range s.plan.Calls {
		switch {
		case !c.IsLocal() || c.Open:
		case s.isNow(c.Answered, at):
			s.result(i, c)
		case s.isNow(s.plan.End.Act, at) && c.Asked <= at && c.Answered > at:
			s.step("Then", "%q is cancelled", callName(i))
		}
	}
	for i, stop := range s.plan.Shutdowns {
		if s.isNow(stop.Due, at) {
			s.step("Then", "%q returns%s", shutdownName(i), s.after(stop))
		}
	}
	s.since = at
}

// after says what a shutdown must not return before, if that is what differs.
func (s *scenario) after(stop plan.Stop) string {
	if stop.Block && !stop.Second && s.finding.Difference.Kind == "shutdown returns before EOF" {
		return " after EOF"
	}
	return ""
}

func (s *scenario) answer(a plan.Answer) {
	p := a.Packet
	if isResult := a.Want == plan.Result || a.Want == plan.Either; isResult {
		r := input.Packet{Channel: p.Channel, Tag: p.Tag, Flags: a.Flags<<1 | 1, Payload: a.Payload}
		or := ""
		if a.Want == plan.Either {
			or = ", or with a failure"
		}
		s.step("Then", "the subject answers % x (%s)%s", r.Octets(), r, or)
		return
	}
	if a.Want != plan.Failure {
		return
	}
	channel := ""
	if p.Channel != 0 {
		channel = fmt.Sprintf(" on channel %d", p.Channel)
	}
	s.step("Then", "the subject answers tag %d%s with a failure", p.Tag, channel)
}

// result is how the wait for a call that was answered ends.
func (s *scenario) result(i int, c plan.Call) {
	ok, flags, payload, raises := c.Result()
	if raises {
		s.step("Then", "%q ends with the decoder's error", callName(i))
		return
	}
	fields := "failed"
	if ok {
		fields = "ok"
	}
	if flags != 0 {
		fields += fmt.Sprintf(", flags %#x", flags)
	}
	if len(payload) > 0 {
		fields += ", payload " + input.Words(payload)
	}
	s.step("Then", "%q is answered (%s)", callName(i), fields)
}

// early is what must not have happened yet before an act, if that is what differs.
func (s *scenario) early(at int) {
	switch s.finding.Difference.Kind {
	case "shutdown returns early":
		for i, stop := range s.plan.Shutdowns {
			if stop.Asked < at && stop.Earliest == at {
				s.due(at - 1)
				s.step("Then", "%q has not returned", shutdownName(i))
			}
		}
	case "cancelled early":
		for i, c := range s.plan.Calls {
			if s.plan.End.From == at && c.IsLocal() && c.Asked < at && c.Answered > at && !c.Late {
				s.due(at - 1)
				s.step("Then", "%q is not answered", callName(i))
			}
		}
	}
}

// ending is the end of the subject's stream.
func (s *scenario) ending() {
	var loose []plan.Answer // that may come or not
	for _, a := range s.plan.Answers {
		if a.Want == plan.Maybe || a.Want == plan.Open {
			loose = append(loose, a)
		}
	}
	switch {
	case s.ended:
	case len(loose) == 0:
		s.step("Then", "the subject ends its stream")
	case len(loose) == 1 && loose[0].Want == plan.Maybe:
		s.step("Then", "the subject ends its stream, with or without a refusal of tag %d", loose[0].Packet.Tag)
	default:
		s.line("    # Its stream ends. No step awaits that with packets before it that may come or not.")
	}
	switch {
	case s.differs("told") && len(s.plan.End.Reasons) == 1:
		s.step("Then", `"join" returns, telling the end as %s`, s.plan.End.Reasons[0])
	case s.joined():
		s.step("Then", `"join" returns`)
	}
}

// handled is what the handler must have got, if that is what differs.
func (s *scenario) handled() {
	if !s.differs("handler") {
		return
	}
	var calls []string
	for _, a := range s.plan.Answers {
		switch p := a.Packet; a.Handled {
		case plan.MayBeCalled:
			return
		case plan.Called:
			calls = append(calls, strings.TrimSuffix(fmt.Sprintf("type %d, %s", p.Type-1, strings.Trim(fieldsOf(p), " ()")), ", "))
		}
	}
	if calls == nil {
		s.step("Then", "the handler was not called")
		return
	}
	s.step("Then", "the handler gets, in any order:")
	s.line("      | call |")
	for _, c := range calls {
		s.line("      | %s |", c)
	}
}

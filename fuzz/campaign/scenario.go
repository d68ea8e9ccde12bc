package campaign

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/fuzz/input"
	"github.com/packetspec/packetspec/fuzz/judge"
	"github.com/packetspec/packetspec/fuzz/plan"
)

// Scenario returns the finding as a scenario to add to the suite: its input in the suite's
// own steps, and what that requires, at the level of the broken requirement. Like the plan,
// it lets nothing depend on an order that no step enforces.
func (f *Finding) Scenario(level spec.Level) string {
	s := &scenario{finding: f, plan: f.Plan, since: -1}
	s.line("Feature: Found by fuzzing")
	s.line("")
	switch {
	case f.Difference.Requirement == NoRequirement:
		s.line("  # The subject breaks the adapter guide, not a requirement, so the suite has no scenario for it.")
	case f.Many:
		s.line("  # It takes a process that has run many inputs, and a scenario has only one.")
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

// A scenario is the text of a scenario under construction.
type scenario struct {
	strings.Builder
	finding *Finding
	plan    *plan.Plan
	word    string // the keyword of the last step
	since   int    // the act up to which what was due has been awaited
	ended   bool   // the end of the subject's stream has been awaited
}

// maxLine is how many octets a line of a feature may have: the parser reads at most 64 KiB.
const maxLine = 60_000

func (s *scenario) line(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	if len(line) > maxLine {
		line = fmt.Sprintf("    # No step can have %d octets: shorten its input to add this scenario. %s…", len(line), line[:shownOfLong])
	}
	s.WriteString(line + "\n")
}

// shownOfLong is how many octets are shown of a line that is too long.
const shownOfLong = 100

// step adds a step. After another with the same keyword it begins with And.
func (s *scenario) step(word, format string, args ...any) {
	if s.word == word {
		word = "And"
	} else {
		s.word = word
	}
	s.line("    %s %s", word, fmt.Sprintf(format, args...))
}

// codec adds what the codec must do with the packets.
func (s *scenario) codec() {
	for _, frame := range input.Frames(s.finding.Input) {
		if frame.Shape != input.Whole {
			s.step("Then", "% x is not decoded", frame.Octets)
			continue
		}
		s.step("Then", "% x decodes to %s", frame.Octets, frame.Packet.Meaning())
		s.step("Then", "%s encodes to exactly % x", frame.Packet.Meaning(), frame.Packet.Octets())
	}
}

// script adds the plan, act by act.
func (s *scenario) script() {
	s.open()
	acts := s.plan.Acts
	for i := 0; i < len(acts); i++ {
		s.early(i)
		switch a := acts[i]; a.Verb {
		case plan.Write:
			if i+2 < len(acts) && acts[i+1].Verb == plan.Drain && acts[i+2].Verb == plan.Write {
				i += 2
				s.step("When", "the peer sends % x, cut after %d octets", slices.Concat(a.Octets, acts[i].Octets), len(a.Octets))
				continue
			}
			s.write(a.Octets)
		case plan.Await:
			s.due(i)
		case plan.Request:
			s.request(a.Index)
		case plan.RequestRefused:
			r := s.plan.Refusals[a.Index]
			if r.Requirement == "CHN-5" {
				s.step("Then", "the subject refuses to request type %d (channel %d), unless it offers channels", r.Fields.Type, r.Fields.Channel)
			} else {
				s.step("Then", "requesting type %d is refused as closed", r.Fields.Type)
			}
		case plan.AwaitClosed:
			s.step("Then", "the subject takes no more requests")
		case plan.Release:
			s.release(a.Gate)
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

func requestName(i int) string  { return fmt.Sprintf("call %d", i+1) }
func shutdownName(i int) string { return fmt.Sprintf("shutdown %d", i+1) }

// joined reports whether the scenario joins: to see what join reports, or that it returns,
// or because only join shows that the handler has got everything.
func (s *scenario) joined() bool {
	return s.differs("told") || s.differs("join") || s.differs("handler")
}

// differs reports whether the finding is of a kind that begins so.
func (s *scenario) differs(kind string) bool {
	return strings.HasPrefix(s.finding.Difference.Kind, kind)
}

func (s *scenario) open() {
	if slices.ContainsFunc(s.plan.Answers, func(a plan.Answer) bool { return a.Requirement == "HND-7" && a.Allowed == plan.Failure }) {
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

// release adds the release of a gate, whose name may not fit into a step.
func (s *scenario) release(gate string) {
	if strings.ContainsFunc(gate, func(r rune) bool { return r == '"' || !unicode.IsPrint(r) }) {
		s.line("    # The gate %x is released. No step can name it: use another name to add this scenario.", gate)
		return
	}
	s.step("When", `gate "%s" is released`, gate)
}

func (s *scenario) write(octets []byte) {
	frames := input.Frames(octets)
	isNameless := func(f input.Frame) bool { return f.Shape != input.Whole || f.Beyond }
	switch {
	case slices.ContainsFunc(frames, isNameless): // the suite has no words for one
		s.step("When", "the peer sends % x", octets)
	case len(frames) == 1:
		s.step("When", "the peer sends % x (%s)", octets, frames[0].Packet.Meaning())
	default:
		s.step("When", "the peer sends:")
		s.line("      | octets | meaning |")
		for _, f := range frames {
			s.line("      | % x | %s |", f.Octets, f.Packet.Meaning())
		}
	}
}

func (s *scenario) request(index int) {
	r := s.plan.LocalRequests[index]
	how := ""
	if fields := fieldsOf(r.Packet()); fields != "" {
		how = " (" + fields + ")"
	}
	switch {
	case r.Decoder != "":
		how += fmt.Sprintf(", decoded by %q", r.Decoder)
	case r.Late:
		how += ", to be waited for later"
	}
	s.step("When", "the subject requests type %d as %q%s", r.Fields.Type, requestName(index), how)
}

// fieldsOf returns parts and the fields of a packet that are not empty, with commas between them.
func fieldsOf(p input.Packet, parts ...string) string {
	if p.Channel != 0 {
		parts = append(parts, fmt.Sprintf("channel %d", p.Channel))
	}
	if p.Flags != 0 {
		parts = append(parts, fmt.Sprintf("flags %#x", p.Flags))
	}
	if len(p.Payload) > 0 {
		parts = append(parts, "payload "+input.AllWords(p.Payload))
	}
	return strings.Join(parts, ", ")
}

// isNow reports whether an act comes after the last wait, and at most at another act.
func (s *scenario) isNow(act, at int) bool { return act > s.since && act <= at }

// due adds what became due after the last wait, up to an act. Answers come first, because
// their steps find them by tag, and then requests, whose steps take them in order.
func (s *scenario) due(at int) {
	for _, a := range s.plan.Answers {
		if s.isNow(a.Due, at) {
			s.answer(a)
		}
	}
	s.requests(at)
	if s.isNow(s.plan.EOF, at) {
		s.end(at)
	}
	for i, r := range s.plan.LocalRequests {
		switch {
		case !r.IsLocalUsers() || r.Unspecified:
		case s.isNow(r.Answered, at):
			s.result(i, r)
		case s.isNow(s.plan.End.Act, at) && r.Submitted <= at && r.Answered > at:
			s.step("Then", "%q is cancelled", requestName(i))
		}
	}
	for i, c := range s.plan.Shutdowns {
		if s.isNow(c.Due, at) {
			after := ""
			if c.Block && !c.Second && s.finding.Difference.Kind == "shutdown returns before EOF" {
				after = " after EOF"
			}
			s.step("Then", "%q returns%s", shutdownName(i), after)
		}
	}
	s.since = at
}

// requests adds the requests that the subject has sent since the last wait. Where responses
// may stand between them, it waits for the requests first: that step leaves them to the next.
func (s *scenario) requests(at int) {
	sent := slices.DeleteFunc(slices.Clone(s.plan.LocalRequests), func(r plan.LocalRequest) bool { return !s.isNow(r.Submitted, at) })
	mayCome := func(a plan.Answer) bool { return a.Sent <= at && (!a.Required() || a.Due > at) }
	if len(sent) > 0 && slices.ContainsFunc(s.plan.Answers, mayCome) {
		s.step("Then", "the subject has sent %d requests", len(sent))
	}
	for _, r := range sent {
		s.step("Then", "the subject sends % x (%s)", r.Packet().Octets(), r.Packet().Meaning())
	}
}

func (s *scenario) answer(a plan.Answer) {
	p, result := a.Packet, a.Response()
	switch a.Allowed {
	case plan.Result:
		s.step("Then", "the subject answers % x (%s)", result.Octets(), result.Meaning())
	case plan.ResultOrFailure:
		s.step("Then", "the subject answers % x (%s), or with a failure", result.Octets(), result.Meaning())
	case plan.Failure:
		channel := ""
		if p.Channel != 0 {
			channel = fmt.Sprintf(" on channel %d", p.Channel)
		}
		s.step("Then", "the subject answers tag %d%s with a failure", p.Tag, channel)
	}
}

// result adds how the wait for an answered local request ends.
func (s *scenario) result(i int, r plan.LocalRequest) {
	ok, flags, payload, raises := r.Result()
	if raises {
		s.step("Then", "%q ends with the decoder's error", requestName(i))
		return
	}
	verdict := "failed"
	if ok {
		verdict = "ok"
	}
	s.step("Then", "%q is answered (%s)", requestName(i), fieldsOf(input.Packet{Flags: flags, Payload: payload}, verdict))
}

// early adds what must not have happened before an act, if the finding is about that.
func (s *scenario) early(at int) {
	switch s.finding.Difference.Kind {
	case "shutdown returns early":
		for i, c := range s.plan.Shutdowns {
			if c.Act < at && c.Earliest == at {
				s.due(at - 1)
				s.step("Then", "%q has not returned", shutdownName(i))
			}
		}
	case "cancelled early":
		for i, r := range s.plan.LocalRequests {
			if s.plan.End.From == at && r.IsLocalUsers() && r.Submitted < at && r.Answered > at && !r.Late {
				s.due(at - 1)
				s.step("Then", "%q is not answered", requestName(i))
			}
		}
	}
}

// end adds the end of the subject's stream, before which only answers to requests up to an act
// may come.
func (s *scenario) end(at int) {
	notOptional := func(a plan.Answer) bool { return a.Sent > at || a.Required() }
	optional := slices.DeleteFunc(slices.Clone(s.plan.Answers), notOptional)
	s.ended = true
	switch {
	case len(optional) == 0:
		s.step("Then", "the subject ends its stream")
	case len(optional) == 1 && optional[0].Allowed == plan.FailureOrNothing:
		s.step("Then", "the subject ends its stream, with or without a refusal of tag %d", optional[0].Packet.Tag)
	default:
		s.line("    # The subject ends its stream. No step waits for that after packets that may come or not.")
	}
}

// ending adds the end of the subject's stream, unless it has been awaited, and the return of join.
func (s *scenario) ending() {
	if !s.ended {
		s.end(len(s.plan.Acts))
	}
	switch {
	case s.differs("told") && len(s.plan.End.Reasons) == 1:
		s.step("Then", `"join" returns, telling the end as %s`, s.plan.End.Reasons[0])
	case s.joined():
		s.step("Then", `"join" returns`)
	}
}

// handled adds what the handler must have got, if the finding is about that.
func (s *scenario) handled() {
	if !s.differs("handler") {
		return
	}
	var calls []string
	for _, a := range s.plan.Answers {
		switch p := a.Packet; a.Handler {
		case plan.MayBeCalled:
			return
		case plan.Called:
			calls = append(calls, fieldsOf(p, fmt.Sprintf("type %d", p.Type-1)))
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

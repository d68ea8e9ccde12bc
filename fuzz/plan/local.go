package plan

import (
	"github.com/packetspec/packetspec/fuzz/input"
)

// request is a request of the local user's.
func (b *builder) request(f input.Frame) {
	l, ok := f.Local()
	switch {
	case !ok, b.phase != Up && b.phase != Shut:
		return
	case l.Channel != 0 && !b.can.Channels:
		if b.phase == Up { // afterwards there is another reason
			b.refused(l, "no channel", "CHN-5")
		}
		return
	case b.phase == Shut:
		b.refused(l, "closed", "SHD-1")
		return
	}
	if b.stray {
		b.settle() // it could answer this one
	}
	c := Call{Local: l, Decoder: input.Decoders[f.Packet.Flags&input.DecoderBits], Late: f.Packet.Flags&input.Late != 0, Nested: -1}
	if !b.can.Decode || c.Decoder == "flags" && !b.can.DecodeFlags {
		c.Decoder = ""
	}
	b.move("ask", c.Decoder, "RQS-1", input.Packet{Type: l.Type, Channel: l.Channel})
	b.ask(c)
}

// refused is a request that must be refused to its asker.
func (b *builder) refused(l input.Local, why, requirement string) {
	b.move("ask", why, requirement, input.Packet{Type: l.Type})
	b.plan.Refused = append(b.plan.Refused, Asked{Act: len(b.plan.Acts), Local: l, Requirement: requirement})
	b.act(Act{Verb: RequestRefused, Index: len(b.plan.Refused) - 1})
}

// ask submits a call.
func (b *builder) ask(c Call) {
	b.calls++
	c.Tag = uint64(b.calls)
	c.Answered, c.Requirement, c.Answers = Never, "RQS-1", "EOS-1"
	c.Asked = b.act(Act{Verb: Request, Index: len(b.plan.Calls)})
	b.plan.Calls = append(b.plan.Calls, c)
	b.unsent = true
}

// awaitSent waits for local requests on the wire: a request is pending from then on, so
// before that no response answers it, and the end of the peer's stream may keep it unsent.
func (b *builder) awaitSent() {
	if b.unsent {
		b.awaitDue()
	}
}

// nested is the request that a handler makes, of type 2 with its payload. The peer waits
// until it comes: only so is its tag known.
func (b *builder) nested(answer int) {
	a := b.plan.Answers[answer]
	b.calls++
	c := Call{
		Local: input.Local{Type: typeBytes, Payload: a.Packet.Payload}, Nested: answer, Tag: uint64(b.calls),
		Requirement: "BID-2", Asked: a.Sent, Answered: Never, Answers: "BID-2",
	}
	if b.nesting() > 0 {
		c.Requirement = "BID-3"
	}
	b.plan.Calls = append(b.plan.Calls, c)
	b.unheard = false
	b.awaitDue()
}

// nesting is how many handlers wait for the peer.
func (b *builder) nesting() (n int) {
	if b.plan.End.Act != Never {
		return 0 // they are cancelled
	}
	for _, c := range b.plan.Calls {
		if c.Nested >= 0 && c.Answered == Never {
			n++
		}
	}
	return n
}

// response is a response of the peer's.
func (b *builder) response(f input.Frame) {
	p := f.Packet
	older := false
	for i := range b.plan.Calls {
		c := &b.plan.Calls[i]
		if c.Answered != Never {
			continue
		}
		if c.Tag != p.Tag || c.Local.Channel != p.Channel {
			older = true
			continue
		}
		c.Answers = b.answers(c, p, older)
		b.awaitSent()
		b.move("response", "delivered "+c.Decoder, c.Answers, p)
		at := b.write(f.Octets)
		c.Answered, c.Response = at, p
		b.spoken[p.ID()] = true
		if c.Nested >= 0 {
			a := &b.plan.Answers[c.Nested]
			a.Want, a.Flags, a.Payload = Result, 0, p.Payload
			t := b.tags[a.Packet.Tag]
			t.holds = -1
			b.become(c.Nested, t, at, len(b.held) >= places) // it has been begun
			b.unstick(at)
		}
		b.unheard = b.unheard || c.Late
		b.returns(at, at)
		return
	}
	requirement := "RSP-5"
	if b.spoken[p.ID()] {
		requirement = "RSP-6"
	}
	b.move("response", "stray", requirement, p)
	b.write(f.Octets)
	b.unheard, b.stray = true, true
}

// answers is the requirement that a response bears on most.
func (b *builder) answers(c *Call, p input.Packet, older bool) string {
	ok := p.Flags&1 != 0
	switch {
	case b.phase == Shut:
		return "SHD-5"
	case c.Nested >= 0:
		return "BID-2"
	case c.Decoder != "" && !ok:
		return "DCR-3"
	case c.Decoder == "raise":
		return "DCR-2"
	case c.Decoder != "":
		return "DCR-1"
	case !ok:
		return "RSP-3"
	case c.Local.Channel != 0:
		return "CHN-3"
	case older:
		return "RSP-4"
	}
	return "RSP-2"
}

// shutdown is the local user's.
func (b *builder) shutdown(block bool) {
	if b.phase != Up && b.phase != Shut {
		return
	}
	second := b.phase == Shut
	kind := "shutdown"
	if block {
		kind = "blocking shutdown"
	}
	requirement := "SHD-6"
	if !block {
		requirement = "SHD-8"
		if len(b.held)+b.nesting() > 0 {
			requirement = "SHD-9"
		}
	}
	if !b.onlyAsked() || b.unheard {
		b.settle() // what is accepted is to be known
	}
	b.move(kind, "", requirement, input.Packet{})
	s := Stop{Block: block, Second: second, Held: len(b.held)+b.nesting() > 0, Pending: b.pending() > 0}
	s.Asked = b.act(Act{Verb: Shutdown, Index: len(b.plan.Shutdowns)})
	s.Due = s.Asked
	if block {
		s.Due = Never
		if !second {
			s.Earliest = Never
		}
	}
	b.plan.Shutdowns = append(b.plan.Shutdowns, s)
	b.phase = Shut
	b.returns(s.Asked, s.Asked)
	if second {
		b.awaitDue()
		return
	}
	b.awaitBegun(s.Held || len(b.stuck) > 0)
}

// awaitBegun waits until the subject is known to have begun to shut down: an adapter may
// carry out its command later than what comes after, and a shutdown that begins after the
// end of the peer's stream, or after another shutdown, is a second one. What shows it is
// that the shutdown returns, or EOF; where handlers keep back both, that a request is
// refused as closed.
func (b *builder) awaitBegun(held bool) {
	if first := b.plan.Shutdowns[len(b.plan.Shutdowns)-1]; held && first.Due == Never {
		b.plan.Refused = append(b.plan.Refused, Asked{Act: len(b.plan.Acts), Requirement: "SHD-1"})
		b.act(Act{Verb: AwaitClosed, Index: len(b.plan.Refused) - 1})
		return
	}
	b.awaitDue()
	if !held {
		b.plan.EOF = len(b.plan.Acts) - 1
	}
}

// onlyAsked reports whether all that was done since the last wait are requests of the local
// user's, of which the subject knows before it shuts down.
func (b *builder) onlyAsked() bool {
	for i := len(b.plan.Acts) - 1; i >= 0; i-- {
		switch b.plan.Acts[i].Verb {
		case Request, RequestRefused:
		case Await:
			return true
		default:
			return false
		}
	}
	return true
}

// returns says that a blocking shutdown may return from one act on and must from
// another, if nothing keeps it now.
func (b *builder) returns(from, at int) {
	if len(b.held)+len(b.stuck)+b.pending() > 0 {
		return
	}
	for i := range b.plan.Shutdowns {
		if s := &b.plan.Shutdowns[i]; s.Due == Never {
			s.Due, s.Earliest = at, min(s.Earliest, from)
		}
	}
}

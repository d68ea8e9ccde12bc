package plan

import (
	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/fuzz/input"
)

// beforeEnd prepares for the end of the peer's stream. If handlers are held, nothing but a
// pending request shows the end, by being cancelled, so the local user submits one.
func (b *builder) beforeEnd() {
	if b.phase == Open && len(b.held) > 0 && !b.hasWaiter() {
		if b.unmatched {
			b.confirm()
		}
		b.submit(LocalRequest{Nested: -1})
	}
	b.awaitSent()
	b.frameStart = b.now()
}

// hasWaiter reports whether the local user waits for a pending request.
func (b *builder) hasWaiter() bool {
	return b.count(func(r *LocalRequest) bool { return r.IsLocalUsers() && !r.Late }) > 0
}

// endBy has the peer write a frame of a kind that ends its stream.
func (b *builder) endBy(f input.Frame, kind, requirement, cancels string, reasons ...string) {
	b.note(kind, "", requirement, f.Packet)
	b.beforeEnd()
	at := b.write(f.Octets)
	b.endAt(min(b.frameStart, at), at, requirement, cancels, reasons...)
}

// endAt ends the peer's stream by what the acts from one to another write, unless it has ended.
func (b *builder) endAt(from, at int, requirement, cancels string, reasons ...string) {
	if b.plan.End.Act != Never {
		return
	}
	b.plan.End = End{From: from, Act: at, Reasons: reasons, Requirement: requirement, Cancels: cancels}
	for r := range b.unanswered {
		r.ResultRequirement = cancels
		if !r.IsLocalUsers() { // its handler raises
			b.plan.Answers[r.Nested].cancel()
			b.returns(r.Nested, at, len(b.held) >= minHandlers)
		}
	}
	b.unqueue(at)
	if b.phase == ShutDown {
		b.phase = BothEnded
	} else {
		b.phase = PeerEnded
	}
	b.unseenEnd = true
	b.endShutdowns(from, at)
}

// beyond has the peer write a packet that may be refused, so that its stream may end there,
// and end its stream after it.
func (b *builder) beyond(f input.Frame) {
	p := f.Packet
	handled := f.Shape == input.Whole && p.IsRequest && p.Channel == 0
	if handled {
		switch handlerType(p) {
		case adapter.TypeCall, adapter.TypeLarge:
			return // it is unspecified what follows from it
		case adapter.TypeHold:
			if !isGate(p.Payload) {
				return
			}
			b.maybeHeld = append(b.maybeHeld, string(p.Payload))
		}
	}
	if t := b.tags[p.Tag]; handled && t != nil && t.answering {
		b.confirm() // it may be a duplicate
	}
	b.note("beyond", "", "INT-5", p)
	b.beforeEnd()
	at := b.write(f.Octets)
	if t := b.tags[p.Tag]; handled && t != nil && t.inFlight >= 0 {
		b.plan.Answers[t.inFlight].noteDuplicate(at)
	}
	if p.IsRequest {
		b.plan.Answers = append(b.plan.Answers, Answer{
			Packet: p, Allowed: Unspecified, Requirement: "INT-5", Sent: at, Due: Never, Duplicate: Never, Handler: MayBeCalled,
		})
	}
	for r := range b.unanswered {
		r.Unspecified = !p.IsRequest
	}
	b.endAt(b.frameStart, at, "INT-5", "INT-5", adapter.EndedMalformed, adapter.EndedCut, adapter.EndedEOF)
	b.plan.End.Unspecified = true
	for _, r := range b.plan.LocalRequests {
		if r.Unspecified && !r.IsLocalUsers() {
			b.plan.Answers[r.Nested].Allowed = Unspecified
		}
	}
	b.phase = MaybeEnded
	b.unseenEnd = false
	b.close()
}

// close has the peer close its stream, which ends it if nothing has.
func (b *builder) close() {
	at := b.closeSend()
	b.endAt(at, at, "EOS-2", "EOS-2", adapter.EndedCut)
}

func (b *builder) closeSend() int {
	b.closed = true
	return b.act(Act{Verb: CloseSend})
}

// finish ends the peer's stream, releases everything held, and inspects what is left.
func (b *builder) finish() {
	if b.phase == Open {
		b.note("finish", "", "EOS-2", input.Packet{})
	}
	if !b.closed && b.plan.End.Act == Never {
		b.beforeEnd()
	}
	b.plan.Finish = len(b.plan.Acts)
	if !b.closed {
		b.close()
	}
	if b.unseenEnd {
		b.awaitDue()
	}
	for len(b.held) > 0 {
		b.release(string(b.plan.Answers[b.held[0]].Packet.Payload))
	}
	for _, gate := range b.maybeHeld {
		b.act(Act{Verb: Release, Gate: gate})
	}
	b.act(Act{Verb: AwaitEnd})
	b.act(Act{Verb: LastRequest})
	b.act(Act{Verb: Seen})
}

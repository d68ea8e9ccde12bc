package plan

import (
	"github.com/packetspec/packetspec/fuzz/input"
)

// beforeEnd makes sure that the local user will learn of the end of the peer's stream
// where something is held then: only a pending request tells, by being cancelled.
func (b *builder) beforeEnd() {
	if b.phase == Up && len(b.held) > 0 && !b.waited() {
		if b.stray {
			b.settle()
		}
		b.ask(Call{Nested: -1})
	}
	b.awaitSent()
	b.began = b.now()
}

// waited reports whether a pending request is waited for.
func (b *builder) waited() bool {
	for _, c := range b.plan.Calls {
		if c.Answered == Never && c.Nested < 0 && !c.Late {
			return true
		}
	}
	return false
}

// end is the end of the peer's stream, by what was written last.
func (b *builder) end(requirement, cancels string, reasons ...string) {
	b.endAt(min(b.began, b.now()), b.now(), requirement, cancels, reasons...)
}

// endAt is the end of the peer's stream, by the acts that begin and end it.
func (b *builder) endAt(from, at int, requirement, cancels string, reasons ...string) {
	if b.plan.End.Act != Never {
		return
	}
	b.plan.End = End{From: from, Act: at, Reasons: reasons, Requirement: requirement, Cancels: cancels}
	for i := range b.plan.Calls {
		c := &b.plan.Calls[i]
		if c.Answered != Never {
			continue
		}
		c.Answers = cancels
		if c.Nested >= 0 { // its handler raises
			a := &b.plan.Answers[c.Nested]
			a.Want, a.Requirement = Failure, "EOS-6"
			a.Due = at
			if len(b.held) >= places {
				a.Due = Never
				b.stuck = append(b.stuck, c.Nested)
			}
		}
	}
	b.unstick(at)
	b.phase = map[Phase]Phase{Up: Over, Shut: ShutOver}[b.phase]
	b.waits = true
	b.returns(from, at)
}

// close has the peer end its stream, which ends it if nothing has before.
func (b *builder) close() {
	b.closed = true
	at := b.act(Act{Verb: CloseSend})
	if b.plan.End.Act != Never {
		return
	}
	if n := len(b.plan.Moves); n > 0 && b.plan.Moves[n-1].Kind == "cut" {
		b.endAt(min(b.began, at), at, "BAD-2", "BAD-2", adapterCut)
		return
	}
	b.endAt(at, at, "EOS-2", "EOS-2", adapterCut)
}

// awaitEnd waits until the local user knows of the end, if it has come.
func (b *builder) awaitEnd() {
	if b.waits {
		b.awaitDue()
	}
}

// finish ends the peer's stream, lets all go on that is held, and looks at what is left.
func (b *builder) finish() {
	if b.phase == Up {
		b.move("finish", "", "EOS-2", input.Packet{})
	}
	if !b.closed && b.plan.End.Act == Never {
		b.beforeEnd()
	}
	b.plan.Finish = len(b.plan.Acts)
	if !b.closed {
		b.close()
	}
	b.awaitEnd()
	for len(b.held) > 0 {
		b.release(string(b.plan.Answers[b.held[0]].Packet.Payload))
	}
	for _, gate := range b.loose {
		b.act(Act{Verb: Release, Gate: gate})
	}
	b.act(Act{Verb: AwaitEnd})
	b.act(Act{Verb: Probe})
	b.act(Act{Verb: Seen})
}

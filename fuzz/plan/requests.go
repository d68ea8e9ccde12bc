package plan

import (
	"unicode/utf8"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/fuzz/input"
)

const (
	// minHandlers is how many handlers every implementation runs at once, beside those
	// that wait for the peer. (HND-9)
	minHandlers = 2
	// minBegun is how many handlers every implementation begins before one returns. (BID-3)
	minBegun = 64
)

// A tagState holds what is known of the peer's requests with one tag on channel 0.
type tagState struct {
	inFlight    int  // the answer whose handler is held or waits for the peer, or -1
	answering   bool // one is in flight until everything due has come
	queued      bool // one may be in flight for as long as handlers are held
	used        bool
	duplicated  bool // a duplicate was written since inFlight began
	unspecified bool // nothing more is known
}

// answer adds an answer to a request that is written now, and returns its number.
func (b *builder) answer(f input.Frame, a Answer, outcome string) int {
	b.note("request", outcome, a.Requirement, f.Packet)
	a.Sent = b.write(f.Octets)
	b.plan.Answers = append(b.plan.Answers, a)
	return len(b.plan.Answers) - 1
}

// due makes an answer due at once. That it comes shows that its request was received, and
// everything before it.
func (b *builder) due(answer int) {
	b.plan.Answers[answer].Due = b.plan.Answers[answer].Sent
	b.unconfirmed = false
}

// peerRequest adds a request of the peer that does not end its stream.
func (b *builder) peerRequest(f input.Frame) {
	p := f.Packet
	a := Answer{Packet: p, Due: Never, Duplicate: Never, Handler: NotCalled, Allowed: Failure}
	switch {
	case b.phase == ShutDown:
		a.Allowed, a.Requirement = FailureOrNothing, "SHD-10"
		b.answer(f, a, "dropped")
		return
	case p.Channel != 0 && p.Type == 0:
		a.Requirement = "MEO-2"
	case p.Channel != 0:
		a.Requirement = "CHN-1"
	case b.plan.NoHandler:
		a.Requirement = "HND-8"
	default:
		b.forHandler(f)
		return
	}
	b.due(b.answer(f, a, "refused"))
}

// forHandler adds a request on channel 0 of a connection that has a handler.
func (b *builder) forHandler(f input.Frame) {
	p := f.Packet
	t := b.tags[p.Tag]
	if t == nil {
		t = &tagState{inFlight: -1}
		b.tags[p.Tag] = t
	}
	if t.answering {
		b.confirm()
	}
	a := Answer{Packet: p, Due: Never, Duplicate: Never}
	a.setResult(b.can)
	kind := handlerType(p)
	isHold := kind == adapter.TypeHold
	switch {
	case t.inFlight >= 0:
		b.duplicate(f, a, t)
		return
	case kind == adapter.TypeLarge && a.Allowed == Unspecified:
		return // an adapter may answer with 64 MiB
	case t.unspecified, t.queued:
		if isHold || kind == adapter.TypeCall {
			return // it is unspecified what follows from it
		}
		t.unspecified = true
		a.Allowed, a.Handler, a.Requirement = Unspecified, MayBeCalled, "TAG-4"
		i := b.answer(f, a, "unspecified")
		for _, first := range b.queued {
			if b.plan.Answers[first].Packet.Tag == p.Tag {
				b.plan.Answers[first].noteDuplicate(b.plan.Answers[i].Sent)
			}
		}
		b.unconfirmed = true
		return
	case isHold && !isGate(p.Payload):
		return
	case kind == adapter.TypeCall && (b.full() || len(b.queued) > 0):
		return // it is unspecified when the handler requests, and so with which tag
	}
	if t.used {
		a.Requirement = "TAG-3"
	}
	t.used = true
	if waits := kind == adapter.TypeCall || isHold && !b.released[string(p.Payload)]; !waits {
		b.answered(b.answer(f, a, a.Allowed.String()), t)
		return
	}
	if b.unmatched && !isHold {
		b.confirm() // it could answer the handler's request
	}
	b.beforeFull()
	t.inFlight, t.duplicated = b.answer(f, a, a.Allowed.String()), false
	if isHold {
		b.held = append(b.held, t.inFlight)
		b.unconfirmed = true
	} else {
		b.nested(t.inFlight)
	}
}

// duplicate adds a request whose tag is in flight.
func (b *builder) duplicate(f input.Frame, a Answer, t *tagState) {
	a.Allowed, a.Requirement, a.Handler = Failure, "TAG-4", NotCalled
	switch {
	case b.plan.Answers[t.inFlight].Requirement == "TAG-3":
		a.Requirement = "TAG-3" // the first may have been dropped for its tag
	case t.duplicated:
		a.Requirement = "TAG-5"
	}
	if k := handlerType(f.Packet); t.duplicated && (k == adapter.TypeHold || k == adapter.TypeCall) {
		return // an implementation that breaks TAG-5 alone would break requirements of level must by it
	}
	i := b.answer(f, a, "duplicate")
	b.due(i)
	b.plan.Answers[t.inFlight].noteDuplicate(b.plan.Answers[i].Sent)
	t.duplicated, b.unseenDuplicate = true, true
}

// answered adds the answer to a request that nothing holds: it is due as soon as a handler
// surely runs.
func (b *builder) answered(i int, t *tagState) {
	switch {
	case b.plan.Answers[i].Allowed == Unspecified:
		t.unspecified, b.unconfirmed = true, true
	case b.full():
		t.queued, b.unconfirmed = true, true
		b.queued = append(b.queued, i)
	default:
		t.answering = true
		b.due(i)
	}
}

// full reports whether a further request may have to wait until a handler returns.
func (b *builder) full() bool { return isFull(len(b.held), b.nesting()) }

func isFull(held, nesting int) bool { return held >= minHandlers || held+nesting >= minBegun }

// beforeFull waits for what is due before one more handler leaves no room: of two requests
// that wait for room, an implementation may begin either first.
func (b *builder) beforeFull() {
	if !isFull(len(b.held)+1, b.nesting()) {
		return
	}
	for _, t := range b.tags {
		if t.answering {
			b.awaitDue()
			return
		}
	}
}

// isGate reports whether a command can name a gate so.
func isGate(name []byte) bool { return len(name) > 0 && utf8.Valid(name) }

func (b *builder) release(gate string) {
	if !isGate([]byte(gate)) || b.released[gate] {
		return
	}
	b.note("release", "", "", input.Packet{})
	if b.unseenDuplicate { // it must come while the first request is in flight
		b.awaitDue()
	}
	b.released[gate] = true
	at := b.act(Act{Verb: Release, Gate: gate})
	var held, free []int
	for _, i := range b.held {
		if string(b.plan.Answers[i].Packet.Payload) == gate {
			free = append(free, i)
		} else {
			held = append(held, i)
		}
	}
	b.held = held
	for _, i := range free {
		b.returns(i, at, b.full())
	}
	b.unqueue(at)
	b.endShutdowns(at, at)
}

// returns makes due the answer of a handler that nothing holds any more, unless it may
// have to wait for another to return.
func (b *builder) returns(answer, at int, waits bool) {
	t := b.tags[b.plan.Answers[answer].Packet.Tag]
	t.inFlight = -1
	if waits {
		t.queued = true
		b.queued = append(b.queued, answer)
		return
	}
	t.answering = true
	b.plan.Answers[answer].Due = at
}

// unqueue makes due the answers whose handlers waited for room, if there is some.
func (b *builder) unqueue(at int) {
	if b.full() {
		return
	}
	for _, i := range b.queued {
		t := b.tags[b.plan.Answers[i].Packet.Tag]
		t.queued, t.answering = false, true
		b.plan.Answers[i].Due = at
	}
	b.queued = nil
}

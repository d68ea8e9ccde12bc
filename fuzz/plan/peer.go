package plan

import (
	"regexp"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/fuzz/input"
)

// The types of the standard handler that a plan has to know, as the handler is given them.
const (
	typeNone    = uint64(adapter.TypeNone)
	typeFlags   = uint64(adapter.TypeFlags)
	typeBytes   = uint64(adapter.TypeBytes)
	typeText    = uint64(adapter.TypeText)
	typeBoth    = uint64(adapter.TypeBoth)
	typeHold    = uint64(adapter.TypeHold)
	typeReverse = uint64(adapter.TypeReverse)
	typeLarge   = uint64(adapter.TypeLarge)
	typeCall    = uint64(adapter.TypeCall)
	typeInvalid = uint64(adapter.TypeInvalid)
)

// Every implementation runs two handlers at once (HND-9), beside those that wait for the
// peer, and lets 64 handlers be begun at once (BID-3).
const (
	places = 2
	begun  = 64
)

// peerRequest is a request of the peer's that does not end its stream.
func (b *builder) peerRequest(f input.Frame) {
	p := f.Packet
	a := Answer{Packet: p, Due: Never, Duplicate: Never}
	switch {
	case b.phase == Shut:
		// Dropped, or refused. (SHD-10)
		b.move("request", "dropped", "SHD-10", p)
		a.Want, a.Requirement, a.Handled = Maybe, "SHD-10", NotCalled
		a.Sent = b.write(f.Octets)
		b.plan.Answers = append(b.plan.Answers, a)
		return
	case p.Channel != 0:
		a.Want, a.Requirement, a.Handled = Failure, "CHN-1", NotCalled
		if p.Type == 0 {
			a.Requirement = "MEO-2"
		}
	case b.plan.NoHandler:
		a.Want, a.Requirement, a.Handled = Failure, "HND-8", NotCalled
	default:
		b.forHandler(f, a)
		return
	}
	b.move("request", "refused", a.Requirement, p)
	a.Sent = b.write(f.Octets)
	a.Due = a.Sent
	b.unheard = false
	b.plan.Answers = append(b.plan.Answers, a)
}

// forHandler is a request on channel 0 of a connection that has a handler.
func (b *builder) forHandler(f input.Frame, a Answer) {
	p := f.Packet
	t := b.tags[p.Tag]
	if t == nil {
		t = &tag{holds: -1}
		b.tags[p.Tag] = t
	}
	if t.quick {
		b.settle()
	}
	a.Want, a.Flags, a.Payload, a.Requirement = result(p, b.can)
	if p.Type-1 == typeLarge && a.Want == Open && t.holds < 0 {
		return // it might be answered by more than is good for anyone
	}
	switch {
	case t.unknown, t.blocked:
		if p.Type-1 == typeHold || p.Type-1 == typeCall {
			return // what would follow from it is open
		}
		b.move("request", "open", "TAG-4", p)
		t.unknown = true
		a.Want, a.Handled, a.Requirement = Open, MayBeCalled, "TAG-4"
		a.Sent = b.write(f.Octets)
		b.unheard = true
		b.plan.Answers = append(b.plan.Answers, a)
		return
	case t.holds >= 0:
		a.Want, a.Requirement, a.Handled = Failure, "TAG-4", NotCalled
		if t.refused {
			a.Requirement = "TAG-5"
		}
		b.move("request", "duplicate", a.Requirement, p)
		t.refused, b.doubled = true, true
		a.Sent = b.write(f.Octets)
		a.Due = a.Sent
		b.plan.Answers[t.holds].duplicated(a.Sent)
		b.unheard = false
		b.plan.Answers = append(b.plan.Answers, a)
		return
	}
	if t.used {
		a.Requirement = "TAG-3"
	}
	outcome := a.Want.String()
	switch p.Type - 1 {
	case typeHold:
		if !isGate(p.Payload) {
			return
		}
		if !b.gates[string(p.Payload)] {
			b.beforeFull()
		}
		b.move("request", outcome, a.Requirement, p)
		a.Sent = b.write(f.Octets)
		i := len(b.plan.Answers)
		b.plan.Answers = append(b.plan.Answers, a)
		if b.gates[string(p.Payload)] {
			b.quick(i, t)
		} else {
			t.holds, t.refused = i, false
			b.held = append(b.held, i)
			b.unheard = true
		}
	case typeCall:
		if b.full() || len(b.stuck) > 0 {
			return // when the handler asks, and so with what tag, is open
		}
		if b.stray {
			b.settle()
		}
		b.beforeFull()
		b.move("request", outcome, a.Requirement, p)
		a.Sent = b.write(f.Octets)
		i := len(b.plan.Answers)
		b.plan.Answers = append(b.plan.Answers, a)
		t.holds, t.refused = i, false
		b.nested(i)
	default:
		if a.Want == Open {
			t.unknown = true
		}
		b.move("request", outcome, a.Requirement, p)
		a.Sent = b.write(f.Octets)
		b.plan.Answers = append(b.plan.Answers, a)
		b.quick(len(b.plan.Answers)-1, t)
	}
	t.used = true
}

// quick is a request that nothing holds: it is answered as soon as there is a place.
func (b *builder) quick(i int, t *tag) {
	a := &b.plan.Answers[i]
	if a.Want == Open {
		b.unheard = true
		return
	}
	if b.full() {
		t.blocked = true
		b.stuck = append(b.stuck, i)
		b.unheard = true
		return
	}
	t.quick = true
	a.Due = a.Sent
	b.unheard = false
}

// full reports whether a further request may have to wait until a handler returns.
func (b *builder) full() bool { return b.isFull(len(b.held), b.nesting()) }

func (b *builder) isFull(held, nesting int) bool { return held >= places || held+nesting >= begun }

// beforeFull waits for what is due before one more handler leaves no place: of two requests
// that wait for one, an implementation may begin either.
func (b *builder) beforeFull() {
	if !b.isFull(len(b.held)+1, b.nesting()) {
		return
	}
	for _, t := range b.tags {
		if t.quick {
			b.awaitDue()
			return
		}
	}
}

// isGate reports whether a gate can be named so in a command.
func isGate(name []byte) bool { return len(name) > 0 && utf8.Valid(name) }

// release lets those go on that wait at a gate.
func (b *builder) release(gate string) {
	if !isGate([]byte(gate)) || b.gates[gate] {
		return
	}
	b.move("release", "", "", input.Packet{})
	if b.doubled { // the duplicate must come while the first is held
		b.awaitDue()
	}
	b.gates[gate] = true
	at := b.act(Act{Verb: Release, Gate: gate})
	var rest, free []int
	for _, i := range b.held {
		if string(b.plan.Answers[i].Packet.Payload) == gate {
			free = append(free, i)
		} else {
			rest = append(rest, i)
		}
	}
	b.held = rest
	for _, i := range free {
		t := b.tags[b.plan.Answers[i].Packet.Tag]
		t.holds = -1
		b.become(i, t, at, b.full())
	}
	b.unstick(at)
	b.returns(at, at)
}

// become makes an answer due that nothing holds any more, unless its handler may have to
// wait for a place.
func (b *builder) become(i int, t *tag, at int, waits bool) {
	if waits {
		t.blocked = true
		b.stuck = append(b.stuck, i)
		return
	}
	t.quick = true
	b.plan.Answers[i].Due = at
}

// unstick makes due what waited for a place, if there is one.
func (b *builder) unstick(at int) {
	if b.full() {
		return
	}
	for _, i := range b.stuck {
		t := b.tags[b.plan.Answers[i].Packet.Tag]
		t.blocked, t.quick = false, true
		b.plan.Answers[i].Due = at
	}
	b.stuck = nil
}

// plainNumber is what every adapter takes for the same size, of at most
// [input.MaxLarge] octets.
var plainNumber = regexp.MustCompile(`^(0|[1-9][0-9]{0,4})$`)

// result is what the standard handler's result to a request must be answered with.
func result(p input.Packet, can Abilities) (want Want, flags uint64, payload []byte, requirement string) {
	switch p.Type - 1 {
	case typeNone:
		return Result, 0, nil, "HND-1"
	case typeFlags:
		return flagsResult(p.Flags, nil, "HND-2")
	case typeBytes, typeHold, typeCall:
		return Result, 0, p.Payload, "HND-3"
	case typeText:
		switch {
		case utf8.Valid(p.Payload):
			return Result, 0, p.Payload, "HND-4"
		case slices.Contains(p.Payload, 0xed):
			return Open, 0, nil, "HND-4" // maybe a lone surrogate, which some languages have
		}
		return Failure, 0, nil, "HND-6"
	case typeBoth:
		return flagsResult(p.Flags, p.Payload, "HND-5")
	case typeReverse:
		reversed := slices.Clone(p.Payload)
		slices.Reverse(reversed)
		return Result, 0x11, reversed, "HND-5"
	case typeLarge:
		if !plainNumber.Match(p.Payload) {
			return Open, 0, nil, "HND-6"
		}
		n, _ := strconv.Atoi(string(p.Payload))
		large := make([]byte, n)
		for i := range large {
			large[i] = byte(i % 251)
		}
		return Result, 0, large, "HND-3"
	case typeInvalid:
		if can.InvalidReply && slices.Contains([]string{"float", "list3", "int-str", "negative"}, string(p.Payload)) {
			return Failure, 0, nil, "HND-7"
		}
		return Open, 0, nil, "HND-7"
	}
	return Failure, 0, nil, "HND-6"
}

// flagsResult is a result with flags, which a response may have no room for. (INT-5)
func flagsResult(flags uint64, payload []byte, requirement string) (Want, uint64, []byte, string) {
	if flags > input.MaxInteger>>1 {
		return Either, flags, payload, requirement
	}
	return Result, flags, payload, requirement
}

func (w Want) String() string {
	return [...]string{"result", "failure", "either", "maybe", "open"}[w]
}

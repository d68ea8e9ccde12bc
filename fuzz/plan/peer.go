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

// places is how many handlers surely run at once. (HND-9)
const places = 2

// peerRequest is a request of the peer's that does not end its stream.
func (b *builder) peerRequest(f input.Frame) {
	p := f.Packet
	a := Answer{Packet: p, Due: Never}
	switch {
	case b.vague:
		return // whether it is dropped depends on whether the shutdown has begun
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
		b.plan.Answers[t.holds].Requirement = "TAG-5"
		a.Sent = b.write(f.Octets)
		a.Due = a.Sent
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
		if len(b.held) >= places || b.stray {
			b.settle()
		}
		if len(b.held) >= places || len(b.stuck) > 0 {
			return // when the handler asks, and so with what tag, is open
		}
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
		if p.Type-1 == typeLarge && len(p.Payload) > maxDigits {
			return // it might be answered by more than is good for anyone
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
	if len(b.held) >= places {
		t.blocked = true
		b.stuck = append(b.stuck, i)
		b.unheard = true
		return
	}
	t.quick = true
	a.Due = a.Sent
	b.unheard = false
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
		b.become(i, t, at)
	}
	b.unstick(at)
	b.returns(at, at)
}

// become makes an answer due that nothing holds any more.
func (b *builder) become(i int, t *tag, at int) {
	if len(b.held) >= places {
		t.blocked = true
		b.stuck = append(b.stuck, i)
		return
	}
	t.quick = true
	b.plan.Answers[i].Due = at
}

// unstick makes due what waited for a place, if there is one.
func (b *builder) unstick(at int) {
	if len(b.held) >= places {
		return
	}
	for _, i := range b.stuck {
		t := b.tags[b.plan.Answers[i].Packet.Tag]
		t.blocked, t.quick = false, true
		b.plan.Answers[i].Due = at
	}
	b.stuck = nil
}

// maxDigits bounds what the type large is asked for.
const maxDigits = 5

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

package inprocess

import (
	"errors"

	"github.com/packetspec/packetspec/reference"
)

// rest waits until both peers have done all that their models say, and nothing else.
func (s *session) rest() error {
	var behind, wrong error
	if s.atRest != nil {
		for range 2 { // a handler that is given up may have begun, and ends now
			s.atRest()
			s.change(func() { behind, wrong = s.compare() })
		}
		return errors.Join(behind, wrong)
	}
	if !s.await(s.giveUp, func() bool {
		behind, wrong = s.compare()
		return behind == nil || wrong != nil
	}) {
		return behind
	}
	// That the peer's stream has ended shows a moment before local requests are refused;
	// a shutdown changes nothing but that moment.
	for _, x := range s.sides {
		if x.model.closing {
			_ = x.conn.Shutdown(false)
		}
	}
	return wrong
}

// compare has the models take what is on the wires, and tells what a peer has not done
// yet, and what it has done that it must not. The door is shut.
func (s *session) compare() (behind, wrong error) {
	for _, x := range s.sides {
		if err := x.out.parse(); err != nil {
			return nil, err
		}
	}
	for more := true; more; { // what one hears may be why it sends
		more = s.sides[0].take() || s.sides[1].take()
	}
	for _, x := range s.sides {
		late, err := x.compare()
		if err != nil {
			return nil, err
		}
		if behind == nil {
			behind = late
		}
	}
	return behind, nil
}

// take matches what x has sent with what its model expects, and has the model of the
// other hear it, unless the wire is held. It reports whether it could do anything.
func (x *side) take() (did bool) {
	for len(x.out.sent) > 0 {
		p := x.out.sent[0]
		i := x.model.wire.find(p)
		if i < 0 || p.IsEOF() && len(x.model.wire) > 1 {
			break
		}
		x.model.wire = append(x.model.wire[:i:i], x.model.wire[i+1:]...)
		x.out.sent, x.out.transit = x.out.sent[1:], append(x.out.transit, p)
		did = true
	}
	y := x.other
	for ; !x.out.held && len(x.out.transit) > 0; x.out.transit = x.out.transit[1:] {
		y.hear(x.out.transit[0])
		did = true
	}
	if x.out.over() && !y.model.received {
		y.model.end(reference.ErrCut)
		did = true
	}
	return did
}

// hear is what a packet brings about at x.
func (x *side) hear(p reference.Packet) {
	switch {
	case x.model.received:
	case !p.IsRequest:
		x.model.answer(p)
	case sameAs(p, reference.Packet{IsRequest: true}):
		x.model.end(nil)
	default:
		v := x.visitOf(p.Payload)
		x.model.accept(v)
		if x.model.sendErr != nil {
			v.giveUp() // it may come just before or after x finds that it cannot send
		}
	}
}

// compare is [session.compare] for one side.
func (x *side) compare() (behind, wrong error) {
	m := &x.model
	compared := breaks("EOS-3", "looking at %s", x.name)
	switch {
	case len(x.out.sent) > 0:
		compared.Requirement = "EOS-4"
		return nil, compared.expected("to be sent: %v, EOF last", m.wire).got("%s", show(x.out.sent[0]))
	case len(m.wire) > 0:
		compared.Requirement = "SHD-3"
		behind = compared.expected("to be sent: %v", m.wire).got("nothing")
	case m.sent != x.out.ended && !m.sent:
		return nil, compared.expected("its stream to be open").got("it ended")
	case m.sent != x.out.ended:
		behind = compared.expected("its stream to end").got("it open")
	case m.received && !x.other.out.deaf:
		behind = compared.expected("it to read no more").got("it reading")
	case !m.received && x.other.out.deaf:
		return nil, compared.expected("it to read").got("it read no more")
	case !x.other.out.held && !x.other.out.drained():
		behind = compared.expected("it to read all that came").got("%d octets left", len(x.other.out.octets))
	}
	for _, c := range m.calls {
		behind, wrong = sort(behind, wrong, c.ended && !c.done, c.check())
	}
	for _, v := range x.visits {
		behind, wrong = sort(behind, wrong, len(v.seen) == 0, v.check())
	}
	for _, e := range x.ends {
		behind, wrong = sort(behind, wrong, e.holds(m) && !e.returned, e.check(x))
	}
	return behind, wrong
}

// sort puts err with what a peer has not done yet, or with what it must not do.
func sort(behind, wrong error, late bool, err error) (error, error) {
	switch {
	case err == nil:
	case late && behind == nil:
		behind = err
	case !late && wrong == nil:
		wrong = err
	}
	return behind, wrong
}

// check: e has returned if it was to return, and what it was to return.
func (e *returning) check(x *side) error {
	m := &x.model
	called := breaks("SHD-6", "calling %s.%s", x.name, e.name)
	if holds := e.holds(m); e.returned != holds {
		return called.expected("to have returned: %t", holds).got("%t", e.returned)
	}
	want := e.reason(m)
	switch {
	case !e.returned, isError(e.err, want):
		return nil
	case x.closed && errors.Is(e.err, reference.ErrClosed):
		return nil // a close may come just before a stream ends, or after
	}
	return called.expected("error %v", want).got("%v", e.err)
}

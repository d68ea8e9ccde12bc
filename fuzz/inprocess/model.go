package inprocess

import (
	"fmt"
	"slices"

	"github.com/packetspec/packetspec/reference"
)

// model is what a connection does, in as few words as possible: no octets, no
// goroutines, and whatever can be derived is derived.
type model struct {
	handlers int // that may run at once; 0: the connection has none

	calls    []*localCall // requests of the local user, in the order of their tags
	accepted []*visit     // requests of the peer, in order of arrival
	wire     expectations // what the peer is to get

	closing  bool  // no new work in either direction
	received bool  // the peer's stream has ended
	reason   error // why
	peerDeaf bool  // the peer reads no more, which writing will find out
	sent     bool  // the own stream has ended
	sendErr  error // why, if not by EOF
}

// request says what submitting c returns, and does it.
func (m *model) request(c *localCall) error {
	r := c.request
	switch {
	case r.Type >= reference.MaxInteger:
		return reference.ErrRange
	case m.closing:
		return reference.ErrClosed
	case r.Flags > reference.MaxInteger, r.Channel > reference.MaxInteger:
		return reference.ErrRange
	}
	m.calls = append(m.calls, c)
	c.tag = uint64(len(m.calls))
	m.emit(expectation{Packet: reference.Packet{
		IsRequest: true, Channel: r.Channel, Tag: c.tag, Flags: r.Flags, Type: r.Type + 1, Payload: r.Payload,
	}})
	if m.sent {
		c.end(reference.Response{}, reference.ErrCancelled)
	}
	return nil
}

// accept is what a request of the peer brings about.
func (m *model) accept(v *visit) {
	p := v.packet
	switch {
	case m.closing: // dropped
	case p.Channel != 0, m.handlers == 0, m.inFlight(p.Tag):
		m.emit(failed(p))
	default:
		v.state = waiting
		m.accepted = append(m.accepted, v)
		m.settle()
	}
}

// answer is what a response of the peer brings about.
func (m *model) answer(p reference.Packet) {
	for _, c := range m.pending() {
		if c.tag == p.Tag && c.request.Channel == p.Channel {
			c.answer(reference.Response{OK: p.Flags%2 == 1, Reply: reference.Reply{Flags: p.Flags / 2, Payload: p.Payload}})
			return
		}
	}
}

// settle runs handlers, the first that came first, and ends the stream when it is time.
// A handler that is running and not held has answered.
func (m *model) settle() {
	unanswered := 0
	for _, v := range m.accepted {
		if v.state == waiting && m.running() < m.handlers {
			v.state = running
		}
		if v.state == running && v.opened {
			v.state = answered
			m.emit(v.answer())
		}
		if v.state == waiting || v.state == running {
			unanswered++
		}
	}
	if m.closing && unanswered == 0 && !m.sent {
		m.emit(expectation{Packet: reference.Packet{IsRequest: true}})
		m.sent = true
	}
}

// emit puts a packet on the wire, if there still is one.
func (m *model) emit(e expectation) {
	switch {
	case m.sent: // dropped
	case m.peerDeaf:
		m.sendFails(errDeaf)
	default:
		m.wire = append(m.wire, e)
	}
}

// sendFails ends the own stream without EOF. What waits for a handler is given up.
func (m *model) sendFails(err error) {
	m.closing, m.sent, m.sendErr = true, true, err
	for _, v := range m.accepted {
		if v.state == waiting {
			v.giveUp()
		}
	}
}

func (m *model) shutdown() {
	m.closing = true
	m.settle()
}

// end is what the end of the peer's stream brings about, whatever it was.
func (m *model) end(reason error) {
	m.received, m.reason = true, reason
	for _, c := range m.calls {
		if !c.ended {
			c.end(reference.Response{}, reference.ErrCancelled)
		}
	}
	m.shutdown()
}

// abandon is what Close brings about.
func (m *model) abandon() {
	if !m.sent {
		m.sendFails(reference.ErrClosed)
	}
	if !m.received {
		m.end(reference.ErrClosed)
	}
}

// idle is when Join returns.
func (m *model) idle() bool {
	return m.received && m.sent && m.running() == 0
}

func (m *model) running() (n int) {
	for _, v := range m.accepted {
		if v.state == running {
			n++
		}
	}
	return n
}

func (m *model) inFlight(tag uint64) bool {
	for _, v := range m.accepted {
		if v.packet.Tag == tag && (v.state == waiting || v.state == running) {
			return true
		}
	}
	return false
}

func (m *model) pending() (calls []*localCall) {
	for _, c := range m.calls {
		if !c.ended {
			calls = append(calls, c)
		}
	}
	return calls
}

func (m *model) anyPending() bool { return len(m.pending()) > 0 }

func (m *model) takeWire() expectations {
	wire := m.wire
	m.wire = nil
	return wire
}

// An expectation is a packet that the peer is to get; the words of a failure are free.
type expectation struct {
	reference.Packet
	anyWords bool
}

// failed is the failure response to p.
func failed(p reference.Packet) expectation {
	return expectation{Packet: reference.Packet{Channel: p.Channel, Tag: p.Tag}, anyWords: true}
}

type expectations []expectation

// find is where p is among them, or -1.
func (all expectations) find(p reference.Packet) int {
	return slices.IndexFunc(all, func(e expectation) bool { return e.matches(p) })
}

func (e expectation) matches(p reference.Packet) bool {
	if e.anyWords {
		e.Payload = p.Payload
	}
	return sameAs(p, e.Packet)
}

func (e expectation) String() string {
	if e.anyWords {
		return fmt.Sprintf("{failure channel=%#x tag=%#x}", e.Channel, e.Tag)
	}
	return show(e.Packet)
}

package inprocess

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
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
	return sameFields(p, e.Packet)
}

func (e expectation) String() string {
	if e.anyWords {
		return fmt.Sprintf("{failure channel=%#x tag=%#x}", e.Channel, e.Tag)
	}
	return show(e.Packet)
}

// A localCall is a request of the local user, what its answer should be, and what
// somebody who waits for it got.
type localCall struct {
	tag     uint64
	request reference.Request
	decodes int

	call   *reference.Call
	done   bool
	got    reference.Response
	gotErr error

	ended   bool
	want    reference.Response
	wantErr error
}

func (c *localCall) end(r reference.Response, err error) { c.ended, c.want, c.wantErr = true, r, err }

func (c *localCall) wait() {
	c.got, c.gotErr = c.call.Wait(context.Background())
	c.done = true
}

// check: its wait has ended if it was to end, as it was to end.
func (c *localCall) check() error {
	if c.done != c.ended {
		return violates("RSP-2", "waiting for request %d", c.tag).expected("to have ended: %t", c.ended).got("%t", c.done)
	}
	if !c.done {
		return nil
	}
	while := violates("RSP-2", "waiting for request %d", c.tag)
	if !isError(c.gotErr, c.wantErr) {
		return while.expected("error %v", c.wantErr).got("%v", c.gotErr)
	}
	if c.gotErr == nil && (c.got.OK != c.want.OK || c.got.Flags != c.want.Flags ||
		!bytes.Equal(c.got.Payload, c.want.Payload) || c.got.Value != c.want.Value) {
		return while.expected("%+v", c.want).got("%+v", c.got)
	}
	return nil
}

// checkSecondWait: an answer may be waited for again, and is decoded once.
func (c *localCall) checkSecondWait() error {
	c.wait()
	if c.decodes > 1 {
		return violates("DCR-1", "waiting again for request %d", c.tag).
			expected("its answer to be decoded at most once").got("%d times", c.decodes)
	}
	return c.check()
}

// answer is what the wait for c ends with when the peer's answer is r.
func (c *localCall) answer(r reference.Response) {
	if !r.OK || c.request.Decode == nil {
		c.end(r, nil)
		return
	}
	value, err := decodeUnlessEmpty(r.Flags, r.Payload)
	r.Value = value
	c.end(r, err)
}

// counting makes c be decoded by decodeUnlessEmpty, and counts how often it is.
func (c *localCall) counting() {
	c.request.Decode = func(flags uint64, payload []byte) (any, error) {
		c.decodes++
		return decodeUnlessEmpty(flags, payload)
	}
}

// decodeUnlessEmpty is a decoder that uses both of its arguments, and can fail.
func decodeUnlessEmpty(flags uint64, payload []byte) (any, error) {
	if len(payload) == 0 {
		return nil, errDecoder
	}
	reversed := slices.Clone(payload)
	slices.Reverse(reversed)
	return [2]any{flags, string(reversed)}, nil
}

// isError reports whether got is of the kind of want, which may be nil or errMalformed.
func isError(got, want error) bool {
	if errors.Is(want, errMalformed) {
		return errors.As(got, new(*reference.MalformedError))
	}
	return errors.Is(got, want)
}

// What the model expects of an error where the reference has no value for it.
var (
	errMalformed = errors.New("any MalformedError")
	errDecoder   = errors.New("the decoder fails, as asked")
	errDeaf      = io.ErrClosedPipe // what writing says when the peer reads no more
)

// A visit is a request of the peer: how its handler is to behave, and what that saw.
type visit struct {
	packet  reference.Packet
	outcome outcome
	state   visitState

	gate   chan struct{} // the handler waits here until it is opened
	opened bool
	seen   []reference.Request
}

type visitState int

const (
	turnedAway visitState = iota // refused or dropped: the handler never learns of it
	waiting                      // for a handler to be free
	running
	answered
	givenUp // before its handler began, or just when it did
)

// An outcome is how a handler ends.
type outcome struct {
	named
	reply   reference.Reply
	err     error
	instead func() // of returning
}

// maxReplyFlags is one bit less than a packet's: the wire adds the ok bit.
const maxReplyFlags = reference.MaxInteger >> 1

// end ends a handler so.
func (p outcome) end() (reference.Reply, error) {
	if p.instead != nil {
		p.instead()
	}
	return p.reply, p.err
}

// outcomes are each of the five results that the documentation names, and the ways to fail.
func outcomes() []outcome {
	octets := []byte("\x00\xffoctets")
	return []outcome{
		{named: "none"},
		{named: "int", reply: reference.Reply{Flags: 0x55}},
		{named: "greatest int", reply: reference.Reply{Flags: maxReplyFlags}},
		{named: "bytes", reply: reference.Reply{Payload: octets}},
		{named: "str", reply: reference.Text("grüße")},
		{named: "both", reply: reference.Reply{Flags: 1, Payload: octets}},
		{named: "too great an int", reply: reference.Reply{Flags: maxReplyFlags + 1}},
		{named: "error", err: errors.New("as planned")},
		{named: "panic", instead: func() { panic("as planned") }},
		{named: "end of its goroutine", instead: runtime.Goexit},
	}
}

// answer is what the peer gets.
func (v *visit) answer() expectation {
	if v.outcome.err != nil || v.outcome.instead != nil || v.outcome.reply.Flags > maxReplyFlags {
		return failed(v.packet)
	}
	const okBit = 1
	return expectation{Packet: reference.Packet{
		Tag: v.packet.Tag, Flags: v.outcome.reply.Flags*2 + okBit, Payload: v.outcome.reply.Payload,
	}}
}

// handle is the request handler when it is called for v: it does what is planned.
func (v *visit) handle() (reference.Reply, error) {
	<-v.gate
	return v.outcome.end()
}

func (v *visit) open() {
	if !v.opened {
		v.opened = true
		close(v.gate)
	}
}

// giveUp: the connection is finding out that no answer can be sent. Whether the handler
// has begun by then nobody can say, so that it must not be held either.
func (v *visit) giveUp() {
	v.state = givenUp
	v.open()
}

// check: the handler was called once if it was the request's turn, else not at all, and
// was given what the peer sent.
func (v *visit) check() error {
	least, most := 0, 0
	switch v.state {
	case running, answered:
		least, most = 1, 1
	case givenUp:
		most = 1
	}
	if n := len(v.seen); n < least || n > most {
		return violates("HND-9", "handling %v", v).expected("its handler to be called %d to %d times", least, most).got("%d", n)
	}
	for _, r := range v.seen {
		if r.Channel != 0 || r.Type != v.packet.Type-1 || r.Flags != v.packet.Flags || r.Decode != nil {
			return violates("RQS-2", "handling %v", v).expected("its handler to be given the type less one, and the flags").got("%+v", r)
		}
	}
	return nil
}

func (v *visit) String() string {
	return fmt.Sprintf("request %s, planned %s", show(v.packet), v.outcome.named)
}

// A named case of a table shows in failures by its name alone.
type named string

func (n named) String() string   { return string(n) }
func (n named) GoString() string { return string(n) }

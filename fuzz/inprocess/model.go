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

// A model is the state of one connection, without octets and without goroutines. Its
// methods change it as each event changes the connection. Whatever can be derived from
// the other fields is derived.
type model struct {
	handlers int // how many run at once; 0: the connection has no request handler

	calls    []*localRequest // in the order of their tags
	accepted []*peerRequest  // in order of arrival
	wire     expectations    // what the peer must receive

	closing  bool  // no new work is accepted in either direction
	received bool  // the peer's stream has ended
	reason   error // why the peer's stream ended
	noReader bool  // the peer reads no more: the next write fails
	sent     bool  // the local stream has ended
	sendErr  error // why the local stream ended, if not by EOF
}

// submit submits r and returns the error that Request must return.
func (m *model) submit(r *localRequest) error {
	q := r.request
	switch {
	case q.Type >= reference.MaxInteger:
		return reference.ErrRange
	case m.closing:
		return reference.ErrClosed
	case q.Flags > reference.MaxInteger, q.Channel > reference.MaxInteger:
		return reference.ErrRange
	}
	m.calls = append(m.calls, r)
	r.tag = uint64(len(m.calls))
	m.emit(expectation{Packet: reference.Packet{
		IsRequest: true, Channel: q.Channel, Tag: r.tag, Flags: q.Flags, Type: q.Type + 1, Payload: q.Payload,
	}})
	if m.sent {
		r.end(reference.Response{}, reference.ErrCancelled)
	}
	return nil
}

func (m *model) accept(r *peerRequest) {
	p := r.packet
	switch {
	case m.closing: // dropped
	case p.Channel != 0, m.handlers == 0, m.inFlight(p.Tag):
		m.emit(failed(p))
	default:
		r.state = waiting
		m.accepted = append(m.accepted, r)
		m.advance()
	}
}

func (m *model) answer(p reference.Packet) {
	for _, r := range m.pending() {
		if r.tag == p.Tag && r.request.Channel == p.Channel {
			r.answer(reference.Response{OK: p.Flags%2 == 1, Reply: reference.Reply{Flags: p.Flags / 2, Payload: p.Payload}})
			return
		}
	}
}

// advance runs handlers, in order of arrival, and ends the local stream when that is due.
// A handler that runs and is not held has answered.
func (m *model) advance() {
	unanswered := 0
	for _, r := range m.accepted {
		if r.state == waiting && m.running() < m.handlers {
			r.state = running
		}
		if r.state == running && r.released {
			r.state = answered
			m.emit(r.answer())
		}
		if r.state == waiting || r.state == running {
			unanswered++
		}
	}
	if m.closing && unanswered == 0 && !m.sent {
		m.emit(expectation{Packet: reference.Packet{IsRequest: true}})
		m.sent = true
	}
}

// emit sends a packet, unless the local stream has ended or cannot be written.
func (m *model) emit(e expectation) {
	switch {
	case m.sent: // dropped
	case m.noReader:
		m.failSending(errNoReader)
	default:
		m.wire = append(m.wire, e)
	}
}

// failSending ends the local stream without EOF and drops requests whose handlers have
// not started.
func (m *model) failSending(err error) {
	m.closing, m.sent, m.sendErr = true, true, err
	for _, r := range m.accepted {
		if r.state == waiting {
			r.drop()
		}
	}
}

// shutdown refuses new work and ends the local stream once every request is answered.
func (m *model) shutdown() {
	m.closing = true
	m.advance()
}

// end ends the peer's stream, for any reason.
func (m *model) end(reason error) {
	m.received, m.reason = true, reason
	for _, r := range m.pending() {
		r.end(reference.Response{}, reference.ErrCancelled)
	}
	m.shutdown()
}

// abandon ends both streams at once, as Close does.
func (m *model) abandon() {
	if !m.sent {
		m.failSending(reference.ErrClosed)
	}
	if !m.received {
		m.end(reference.ErrClosed)
	}
}

// idle reports whether Join returns.
func (m *model) idle() bool { return m.received && m.sent && m.running() == 0 }

func (m *model) running() (n int) {
	for _, r := range m.accepted {
		if r.state == running {
			n++
		}
	}
	return n
}

// inFlight reports whether a request of the peer with this tag is unanswered.
func (m *model) inFlight(tag uint64) bool {
	return slices.ContainsFunc(m.accepted, func(r *peerRequest) bool {
		return r.packet.Tag == tag && (r.state == waiting || r.state == running)
	})
}

// held returns the accepted requests whose handlers wait to be released.
func (m *model) held() []*peerRequest {
	return slices.DeleteFunc(slices.Clone(m.accepted), func(r *peerRequest) bool { return r.released })
}

func (m *model) pending() []*localRequest {
	return slices.DeleteFunc(slices.Clone(m.calls), func(r *localRequest) bool { return r.ended })
}

// An expectation is a packet that the peer must receive. The text of a failure is
// unspecified.
type expectation struct {
	reference.Packet
	anyText bool
}

// failed returns the failure response to p.
func failed(p reference.Packet) expectation {
	return expectation{Packet: reference.Packet{Channel: p.Channel, Tag: p.Tag}, anyText: true}
}

type expectations []expectation

// find returns the index of the first expectation that p meets, or -1.
func (all expectations) find(p reference.Packet) int {
	return slices.IndexFunc(all, func(e expectation) bool {
		if e.anyText {
			e.Payload = p.Payload
		}
		return sameFields(p, e.Packet)
	})
}

func (e expectation) String() string {
	if e.anyText {
		return fmt.Sprintf("failure response: channel %d, tag %d", e.Channel, e.Tag)
	}
	return show(e.Packet)
}

// A localRequest is a request of the local user: what its Wait must return, and what it
// returned.
type localRequest struct {
	tag     uint64
	request reference.Request
	decodes int // how often its decoder ran

	call   *reference.Call
	done   bool // Wait has returned
	got    reference.Response
	gotErr error

	ended   bool // Wait must have returned
	want    reference.Response
	wantErr error
}

func (r *localRequest) end(response reference.Response, err error) {
	r.ended, r.want, r.wantErr = true, response, err
}

func (r *localRequest) wait() {
	r.got, r.gotErr = r.call.Wait(context.Background())
	r.done = true
}

// check requires that Wait has returned if and only if it must have, and the right values.
func (r *localRequest) check() error {
	waits := violates("RSP-2", "waiting for request %d", r.tag)
	switch {
	case r.done != r.ended:
		return waits.expected("to have ended: %t", r.ended).got("%t", r.done)
	case !r.done:
		return nil
	case !isError(r.gotErr, r.wantErr):
		return waits.expected("error %v", r.wantErr).got("%v", r.gotErr)
	case r.gotErr == nil && (r.got.OK != r.want.OK || r.got.Flags != r.want.Flags ||
		!bytes.Equal(r.got.Payload, r.want.Payload) || r.got.Value != r.want.Value):
		return waits.expected("%+v", r.want).got("%+v", r.got)
	}
	return nil
}

// checkSecondWait waits again, and requires the same result and at most one decoding.
func (r *localRequest) checkSecondWait() error {
	r.wait()
	if r.decodes > 1 {
		return violates("DCR-1", "waiting again for request %d", r.tag).
			expected("its answer to be decoded at most once").got("%d times", r.decodes)
	}
	return r.check()
}

// answer ends r with the peer's response, decoded if r has a decoder.
func (r *localRequest) answer(response reference.Response) {
	if !response.OK || r.request.Decode == nil {
		r.end(response, nil)
		return
	}
	value, err := decodeUnlessEmpty(response.Flags, response.Payload)
	response.Value = value
	r.end(response, err)
}

// countDecodes makes decodeUnlessEmpty the decoder of r, and counts its calls.
func (r *localRequest) countDecodes() {
	r.request.Decode = func(flags uint64, payload []byte) (any, error) {
		r.decodes++
		return decodeUnlessEmpty(flags, payload)
	}
}

// decodeUnlessEmpty returns a value that depends on both arguments, or an error if there is
// no payload.
func decodeUnlessEmpty(flags uint64, payload []byte) (any, error) {
	if len(payload) == 0 {
		return nil, errDecoder
	}
	reversed := slices.Clone(payload)
	slices.Reverse(reversed)
	return [2]any{flags, string(reversed)}, nil
}

// isError reports whether got is an error such as want, which may be nil or errMalformed.
func isError(got, want error) bool {
	if errors.Is(want, errMalformed) {
		return errors.As(got, new(*reference.MalformedError))
	}
	return errors.Is(got, want)
}

// Errors that a model expects and for which package reference has no value.
var (
	errMalformed = errors.New("any MalformedError")
	errDecoder   = errors.New("the decoder failed as planned")
	errNoReader  = io.ErrClosedPipe // what a write returns when the peer reads no more
)

// A peerRequest is a request of the peer: how its handler must end, and what the handler
// was given.
type peerRequest struct {
	packet  reference.Packet
	outcome outcome
	state   requestState

	gate     chan struct{} // closed by release; the handler waits for it
	released bool
	seen     []reference.Request // what the handler was called with
}

type requestState int

const (
	rejected requestState = iota // refused or dropped: the handler is not called
	waiting                      // for other handlers to return
	running
	answered
	dropped // at about the time when its handler would have started
)

// An outcome is a way in which a handler ends.
type outcome struct {
	named
	reply   reference.Reply
	err     error
	instead func() // called instead of returning
}

// maxReplyFlags has one bit less than the flags of a packet: a response adds the ok bit.
const maxReplyFlags = reference.MaxInteger >> 1

// outcomes returns the five results that the documentation names and every way to fail.
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

// answer returns what the peer must receive.
func (r *peerRequest) answer() expectation {
	if r.outcome.err != nil || r.outcome.instead != nil || r.outcome.reply.Flags > maxReplyFlags {
		return failed(r.packet)
	}
	const okBit = 1
	return expectation{Packet: reference.Packet{
		Tag: r.packet.Tag, Flags: r.outcome.reply.Flags*2 + okBit, Payload: r.outcome.reply.Payload,
	}}
}

// handle waits until r is released and then ends as its outcome says.
func (r *peerRequest) handle() (reference.Reply, error) {
	<-r.gate
	if r.outcome.instead != nil {
		r.outcome.instead()
	}
	return r.outcome.reply, r.outcome.err
}

func (r *peerRequest) release() {
	if !r.released {
		r.released = true
		close(r.gate)
	}
}

// drop drops r because no answer can be sent any more. Its handler may have started by
// then, so drop releases it too.
func (r *peerRequest) drop() {
	r.state = dropped
	r.release()
}

// check requires that the handler was called as often as the state of r requires, with
// what the peer sent.
func (r *peerRequest) check() error {
	least, most := 0, 0
	switch r.state {
	case running, answered:
		least, most = 1, 1
	case dropped:
		most = 1
	}
	if n := len(r.seen); n < least || n > most {
		return violates("HND-9", "handling %v", r).expected("its handler to be called %d to %d times", least, most).got("%d", n)
	}
	for _, q := range r.seen {
		if q.Channel != 0 || q.Type != r.packet.Type-1 || q.Flags != r.packet.Flags || q.Decode != nil {
			return violates("RQS-2", "handling %v", r).expected("its handler to be given the type less one, and the flags").got("%+v", q)
		}
	}
	return nil
}

func (r *peerRequest) String() string {
	return fmt.Sprintf("%s, handler outcome %s", show(r.packet), r.outcome.named)
}

// A named row of a table is printed as its name alone.
type named string

func (n named) String() string   { return string(n) }
func (n named) GoString() string { return string(n) }

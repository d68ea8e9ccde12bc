package inprocess

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/packetspec/packetspec/reference"
)

// A session is two connected endpoints, each with a model of its connection. After every
// operation both connections must reach the state of their models.
type session struct {
	monitor
	ends  [2]*endpoint
	calls int      // local requests so far, so that each has another payload
	done  []string // the operations so far

	// atRest, if set, returns when no goroutine of the session can run. The connections
	// must then have done all that their models say. Without it, the session waits until
	// they have, or late is set.
	atRest func()
	late   bool
}

// An endpoint is one connection with its model and what its users see.
type endpoint struct {
	name     string
	other    *endpoint
	conn     *reference.PacketConnection
	model    model
	out      *wire          // to the other endpoint
	requests []*peerRequest // every request that the other endpoint has submitted
	waiters  []*waiter
	closed   bool
}

// A waiter is a call that waits: its name is join or blockingShutdown.
type waiter struct {
	name     string
	returned bool
	err      error
}

const (
	join             = "Join"
	blockingShutdown = "Shutdown(true)"
)

// due reports whether the call must have returned, and with which error.
func (w *waiter) due(m *model) (bool, error) {
	if w.name == join {
		return m.idle(), m.reason
	}
	return m.sent && len(m.pending()) == 0, m.sendErr
}

// check requires that the call has returned if and only if that is due, and the right error.
// If the endpoint was closed, an end that comes at about the same time may be reported as a
// close.
func (w *waiter) check(name string, m *model, closed bool) error {
	calling := violates("SHD-6", "calling %s.%s", name, w.name)
	due, want := w.due(m)
	if w.returned != due {
		return calling.expected("to have returned: %t", due).got("%t", w.returned)
	}
	if !w.returned || isError(w.err, want) || closed && errors.Is(w.err, reference.ErrClosed) {
		return nil
	}
	return calling.expected("error %v", want).got("%v", w.err)
}

// An opener starts a connection: [reference.New], or a function that plants a fault.
type opener func(recv io.Reader, send io.Writer, h reference.Handler, opts ...reference.Option) *reference.PacketConnection

// newSession connects two endpoints. handlers says how many handlers of each run at once;
// an endpoint with 0 has no request handler. When ctx ends, the session waits no more.
func newSession(ctx context.Context, open opener, handlers [2]int, atRest func(), opts ...reference.Option) *session {
	s := &session{atRest: atRest}
	s.changed.L = &s.mu
	context.AfterFunc(ctx, func() { s.change(func() { s.late = true }) })
	a := &endpoint{name: "A", out: &wire{monitor: &s.monitor}, model: model{handlers: handlers[0]}}
	b := &endpoint{name: "B", out: &wire{monitor: &s.monitor}, model: model{handlers: handlers[1]}}
	a.other, b.other = b, a
	s.ends = [2]*endpoint{a, b}
	for i, x := range s.ends {
		var h reference.Handler
		if handlers[i] > 0 {
			h = func(_ context.Context, r reference.Request) (reference.Reply, error) { return s.handle(x, r) }
		}
		silent := reference.WithLogger(nil) // handlers panic on purpose
		options := append([]reference.Option{reference.WithHandlers(handlers[i]), silent}, opts...)
		x.conn = open(wireReader{x.other.out}, x.out, h, options...)
		s.start(x, join, func() error { return x.conn.Join(context.Background()) })
	}
	return s
}

// start runs a call that waits in its own goroutine.
func (s *session) start(x *endpoint, name string, call func() error) {
	w := &waiter{name: name}
	s.change(func() { x.waiters = append(x.waiters, w) })
	go func() {
		err := call()
		s.change(func() { w.returned, w.err = true, err })
	}()
}

// handle handles a request that x has received. It is the request handler of x.
func (s *session) handle(x *endpoint, r reference.Request) (reference.Reply, error) {
	var p *peerRequest
	s.change(func() {
		if p = findRequest(x.requests, r.Payload); p != nil {
			p.seen = append(p.seen, r)
		}
	})
	if p == nil {
		return reference.Reply{}, fmt.Errorf("a request that nobody sent: %+v", r)
	}
	return p.handle()
}

// findRequest returns the request with a payload, which is different in each, or nil.
func findRequest(all []*peerRequest, payload []byte) *peerRequest {
	i := slices.IndexFunc(all, func(r *peerRequest) bool { return bytes.Equal(r.packet.Payload, payload) })
	if i < 0 {
		return nil
	}
	return all[i]
}

// do runs operations. After each it waits until both connections have done what follows from it.
func (s *session) do(operations ...operation) error {
	for _, o := range operations {
		s.done = append(s.done, o.String())
		err := o.run(s)
		if err == nil {
			err = s.awaitModels()
		}
		if err != nil {
			return fmt.Errorf("%w\nafter    %s", err, strings.Join(s.done, "; "))
		}
	}
	return nil
}

// finish ends the session in good order. Nothing may be left undone then.
func (s *session) finish() error {
	last := []operation{{kind: resume, end: 0}, {kind: resume, end: 1}}
	for i, x := range s.ends {
		last = append(last, operation{kind: shutDown, end: i})
		last = append(last, slices.Repeat([]operation{{kind: release, end: i}}, len(x.requests))...)
	}
	if err := s.do(last...); err != nil {
		return err
	}
	for _, x := range s.ends {
		if !x.model.idle() || len(x.model.pending()) > 0 {
			return violates("JOI-1", "ending the session").expected("the model of %s to have ended", x.name).got("%+v", x.model)
		}
		for _, r := range x.model.calls {
			if err := r.checkSecondWait(); err != nil {
				return err
			}
		}
	}
	return nil
}

// tearDown ends every goroutine, in whatever state a failure has left the session.
func (s *session) tearDown() {
	for _, x := range s.ends {
		s.change(func() {
			for _, r := range x.requests {
				r.release()
			}
		})
		_ = x.conn.Close()
	}
}

// awaitModels waits until both connections have done all that their models say. It fails
// if one of them does anything else, or not all of it.
func (s *session) awaitModels() error {
	var missing, wrong error
	if s.atRest != nil {
		for range 2 { // compare may release the handler of a dropped request, which then ends
			s.atRest()
			s.change(func() { missing, wrong = s.compare() })
		}
		return errors.Join(missing, wrong)
	}
	s.await(func() bool {
		missing, wrong = s.compare()
		return missing == nil || s.late
	})
	if missing != nil {
		return missing
	}
	// A connection closes its reading end a moment before it refuses local requests. A
	// shutdown changes nothing else, so it makes sure that both have happened.
	for _, x := range s.ends {
		if x.model.closing {
			_ = x.conn.Shutdown(false)
		}
	}
	return wrong
}

// compare moves the packets on both wires into the models. It returns what a connection
// has not done yet, and what it has done wrong. Its caller holds the monitor.
func (s *session) compare() (missing, wrong error) {
	for _, x := range s.ends {
		if err := x.out.parse(); err != nil {
			return nil, err
		}
	}
	for more := true; more; { // a packet that is received may be the reason for one that is sent
		more = s.ends[0].move() || s.ends[1].move()
	}
	for _, x := range s.ends {
		late, err := x.compare()
		if err != nil {
			return nil, err
		}
		missing = cmp.Or(missing, late)
	}
	return missing, nil
}

// move matches what x has sent with what its model expects, and delivers it to the model
// of the other endpoint unless the wire is held. It reports whether there was anything to
// move.
func (x *endpoint) move() (moved bool) {
	for len(x.out.sent) > 0 {
		p := x.out.sent[0]
		i := x.model.wire.find(p)
		if i < 0 || p.IsEOF() && len(x.model.wire) > 1 {
			break
		}
		x.model.wire = slices.Concat(x.model.wire[:i], x.model.wire[i+1:])
		x.out.sent, x.out.transit = x.out.sent[1:], append(x.out.transit, p)
		moved = true
	}
	y := x.other
	for ; !x.out.held && len(x.out.transit) > 0; x.out.transit = x.out.transit[1:] {
		y.receive(x.out.transit[0])
		moved = true
	}
	if x.out.exhausted() && !y.model.received {
		y.model.end(reference.ErrCut)
		moved = true
	}
	return moved
}

func (x *endpoint) receive(p reference.Packet) {
	switch {
	case x.model.received:
	case !p.IsRequest:
		x.model.answer(p)
	case sameFields(p, reference.Packet{IsRequest: true}):
		x.model.end(nil)
	default:
		r := findRequest(x.requests, p.Payload)
		x.model.accept(r)
		if x.model.sendErr != nil {
			r.drop() // x may read it just before or just after it finds that it cannot send
		}
	}
}

// compare does for one endpoint what [session.compare] does for both.
func (x *endpoint) compare() (missing, wrong error) {
	m := &x.model
	looking := violates("EOS-3", "looking at %s", x.name)
	switch {
	case len(x.out.sent) > 0:
		looking.Requirement = "EOS-4"
		return nil, looking.expected("to be sent: %v, EOF last", m.wire).got("%s", show(x.out.sent[0]))
	case len(m.wire) > 0:
		looking.Requirement = "SHD-3"
		missing = looking.expected("to be sent: %v", m.wire).got("nothing")
	case m.sent != x.out.writerClosed && !m.sent:
		return nil, looking.expected("its stream to be open").got("it ended")
	case m.sent != x.out.writerClosed:
		missing = looking.expected("its stream to end").got("it open")
	case m.received && !x.other.out.readerClosed:
		missing = looking.expected("it to read no more").got("it reading")
	case !m.received && x.other.out.readerClosed:
		return nil, looking.expected("it to read").got("it read no more")
	case !x.other.out.held && !x.other.out.drained():
		missing = looking.expected("it to read all that came").got("%d octets left", len(x.other.out.octets))
	}
	note := func(isMissing bool, err error) {
		if isMissing {
			missing = cmp.Or(missing, err)
		} else {
			wrong = cmp.Or(wrong, err)
		}
	}
	for _, r := range m.calls {
		note(r.ended && !r.done, r.check())
	}
	for _, r := range x.requests {
		note(len(r.seen) == 0, r.check())
	}
	for _, w := range x.waiters {
		due, _ := w.due(m)
		note(due && !w.returned, w.check(x.name, m, x.closed))
	}
	return missing, wrong
}

// A monitor is a mutex with a condition: a goroutine can wait until what the mutex guards
// has changed.
type monitor struct {
	mu      sync.Mutex
	changed sync.Cond // on mu
}

// change calls f under the mutex and wakes all that wait.
func (m *monitor) change(f func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f()
	m.changed.Broadcast()
}

// await calls step under the mutex, now and after every change, until step returns true. It
// wakes all that wait only then.
func (m *monitor) await(step func() bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for !step() {
		m.changed.Wait()
	}
	m.changed.Broadcast()
}

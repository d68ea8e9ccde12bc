package inprocess

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/packetspec/packetspec/reference"
)

// A session is two connected peers, and the model of each. After every operation both
// come to rest, and must then be where their models say.
type session struct {
	door
	sides [2]*side
	calls int      // requests so far, for payloads that differ
	done  []string // operations

	// atRest returns when every goroutine of the peers waits, for a test that can tell;
	// then they must have done everything. Otherwise the session waits until they have.
	atRest func()
	giveUp <-chan struct{}
}

// A side is one peer: its connection, its model, and what its users see.
type side struct {
	name   string
	other  *side
	conn   *reference.PacketConnection
	model  model
	out    *wire // to the other
	visits []*visit
	ends   []*returning
	closed bool
}

// A returning is a call that returns when something has ended.
type returning struct {
	name     string
	holds    func(*model) bool  // that it returns
	reason   func(*model) error // what it returns
	returned bool
	err      error
}

// An opener starts a connection: [reference.New], or one with a fault.
type opener func(recv io.Reader, send io.Writer, h reference.Handler, opts ...reference.Option) *reference.PacketConnection

// newSession connects two peers, of which so many handlers run at once each; 0: it has
// none. Without atRest, whoever waits for what should happen gives up when giveUp says so.
func newSession(open opener, handlers [2]int, atRest func(), giveUp <-chan struct{}, opts ...reference.Option) *session {
	s := &session{atRest: atRest, giveUp: giveUp}
	a := &side{name: "A", out: &wire{door: &s.door}, model: model{handlers: handlers[0]}}
	b := &side{name: "B", out: &wire{door: &s.door}, model: model{handlers: handlers[1]}}
	a.other, b.other = b, a
	s.sides = [2]*side{a, b}
	for i, x := range s.sides {
		var h reference.Handler
		if handlers[i] > 0 {
			h = func(_ context.Context, r reference.Request) (reference.Reply, error) { return s.handle(x, r) }
		}
		options := append([]reference.Option{reference.WithHandlers(handlers[i])}, opts...)
		x.conn = open(readingEnd{x.other.out}, x.out, h, options...)
		s.start(x, &returning{
			name:   "Join",
			holds:  (*model).idle,
			reason: func(m *model) error { return m.reason },
		}, func() error { return x.conn.Join(context.Background()) })
	}
	return s
}

// start makes a call that returns when something has ended.
func (s *session) start(x *side, e *returning, call func() error) {
	s.change(func() { x.ends = append(x.ends, e) })
	go func() {
		err := call()
		s.change(func() { e.returned, e.err = true, err })
	}()
}

// handle is the request handler of x.
func (s *session) handle(x *side, r reference.Request) (reference.Reply, error) {
	var v *visit
	s.change(func() {
		if v = x.visitOf(r.Payload); v != nil {
			v.seen = append(v.seen, r)
		}
	})
	if v == nil {
		return reference.Reply{}, fmt.Errorf("a request that nobody sent: %+v", r)
	}
	return v.handle()
}

func (x *side) visitOf(payload []byte) *visit {
	i := slices.IndexFunc(x.visits, func(v *visit) bool { return bytes.Equal(v.packet.Payload, payload) })
	if i < 0 {
		return nil
	}
	return x.visits[i]
}

// do does one operation, and has the peers come to rest.
func (s *session) do(o operation) error {
	s.done = append(s.done, o.String())
	err := o.on(s)
	if err == nil {
		err = s.rest()
	}
	if err != nil {
		return fmt.Errorf("%w\nafter    %s", err, strings.Join(s.done, "; "))
	}
	return nil
}

// finish lets everything end that can, after which nothing may be left undone.
func (s *session) finish() error {
	for i := range s.sides {
		if err := s.do(operation{kind: letGo, side: i}); err != nil {
			return err
		}
	}
	for i, x := range s.sides {
		if err := s.do(operation{kind: shutDown, side: i}); err != nil {
			return err
		}
		for range x.visits {
			if err := s.do(operation{kind: release, side: i}); err != nil {
				return err
			}
		}
	}
	for _, x := range s.sides {
		if !x.model.idle() || x.model.anyPending() {
			return violates("JOI-1", "ending the session").expected("the model of %s to have ended", x.name).got("%+v", x.model)
		}
		for _, c := range x.model.calls {
			if err := c.checkSecondWait(); err != nil {
				return err
			}
		}
	}
	return nil
}

// tearDown ends every goroutine, in whatever state a failure has left the peers.
func (s *session) tearDown() {
	for _, x := range s.sides {
		s.change(func() {
			for _, v := range x.visits {
				v.open()
			}
		})
		_ = x.conn.Close()
	}
}

// A door is the one lock of a session, and a way to wait for what happens behind it.
type door struct {
	mu      sync.Mutex
	changed chan struct{} // closed at the next change; nil if nobody waits
}

// change runs f alone, and wakes all who wait.
func (d *door) change(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f()
	d.broadcast()
}

func (d *door) broadcast() {
	if d.changed != nil {
		close(d.changed)
		d.changed = nil
	}
}

// await runs step alone, again after every change, until it reports true, or until giveUp
// delivers; then it reports false. What step changes wakes others once it reports true.
func (d *door) await(giveUp <-chan struct{}, step func() bool) bool {
	for {
		d.mu.Lock()
		if step() {
			d.broadcast()
			d.mu.Unlock()
			return true
		}
		if d.changed == nil {
			d.changed = make(chan struct{})
		}
		changed := d.changed
		d.mu.Unlock()
		select {
		case <-changed:
		case <-giveUp:
			return false
		}
	}
}

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
	case sameFields(p, reference.Packet{IsRequest: true}):
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
	compared := violates("EOS-3", "looking at %s", x.name)
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
	called := violates("SHD-6", "calling %s.%s", x.name, e.name)
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

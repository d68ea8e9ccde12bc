package inprocess

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/synctest"

	"pgregory.net/rapid"

	"github.com/packetspec/packetspec/reference"
)

// TestConnection has a local user and a scripted peer do anything, in any order, on one
// connection. After every action all goroutines of the connection wait; it must then be in
// the state of its model.
func TestConnection(t *testing.T) {
	announceSeed(t)
	replaceDefault(t, "rapid.checks", "100", "500") // many states are rare
	for handlers := range 4 {
		t.Run(fmt.Sprintf("handlers=%d", handlers), func(t *testing.T) {
			rapidCheck(t, func(t *rapid.T) {
				rapid.SyncTest(t, func(t *rapid.T) {
					m := newMachine(handlers)
					defer m.tearDown()
					t.Repeat(rapid.StateMachineActions(m))
					m.finish(t)
				})
			})
		})
	}
}

// A machine holds a connection, its scripted peer and its model. Its exported methods are
// the actions of rapid's state machine; each is possible in any state.
type machine struct {
	conn     *reference.PacketConnection
	peer     *scriptedPeer
	requests []*peerRequest // every request that the peer sent or tried to send
	model    model
	waiters  []*waiter
}

// start runs a call that waits in its own goroutine.
func (m *machine) start(name string, call func() error) {
	w := &waiter{name: name}
	m.waiters = append(m.waiters, w)
	go func() {
		w.err = call()
		w.returned = true
	}()
}

// newMachine starts a connection. handlers says how many handlers run at once; with 0 it
// has no request handler.
func newMachine(handlers int) *machine {
	m := &machine{model: model{handlers: handlers}}
	peer, recv, send := newScriptedPeer()
	var handler reference.Handler
	if handlers > 0 {
		handler = m.handle
	}
	m.peer = peer
	m.conn = reference.New(recv, send, handler, reference.WithGrace(0), reference.WithHandlers(handlers),
		reference.WithLogger(nil))
	m.start(join, func() error { return m.conn.Join(context.Background()) })
	return m
}

// End ends something, but only one time in eight, so that more happens before an end. The
// ends after which more can happen come first, because rapid prefers the first.
func (m *machine) End(t *rapid.T) {
	for range 3 {
		if rapid.Bool().Draw(t, "not yet") {
			return
		}
	}
	type end struct {
		named
		action func(*rapid.T)
	}
	rapid.SampledFrom([]end{
		{"local shutdown", m.localShutdown},
		{"local blocking shutdown", m.localBlockingShutdown},
		{"peer stops reading", m.peerStopsReading},
		{"peer breaks off", m.peerBreaksOff},
		{"peer sends EOF", m.peerSendsEOF},
		{"local close", m.localClose},
	}).Draw(t, "end").action(t)
}

// handle handles a request as its outcome says. It is the connection's request handler.
func (m *machine) handle(_ context.Context, r reference.Request) (reference.Reply, error) {
	p := findRequest(m.requests, r.Payload)
	if p == nil {
		return reference.Reply{}, errors.New("a request that the peer did not send")
	}
	p.seen = append(p.seen, r)
	return p.handle()
}

// Check compares the connection, at rest, with its model.
func (m *machine) Check(t *rapid.T) {
	synctest.Wait()
	m.checkWire(t)
	for _, c := range m.model.calls {
		must(t, c.check())
	}
	for _, r := range m.requests {
		must(t, r.check())
	}
	for _, w := range m.waiters {
		must(t, w.check("the connection", &m.model, false))
	}
}

// checkWire compares the packets that the peer received since the last check with those
// that it must receive. Answers may arrive in any order; EOF must be last, and the end of
// the stream must follow it.
func (m *machine) checkWire(t *rapid.T) {
	expected := m.model.wire
	m.model.wire = nil
	got, err := m.peer.take()
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range got {
		at := expected.find(p)
		if at < 0 {
			t.Fatalf("the peer got %s\nexpected one of %v", show(p), expected)
		}
		if p.IsEOF() && (i != len(got)-1 || !m.peer.ended) {
			t.Fatalf("the peer got EOF as packet %d of %d, stream ended: %t\nexpected it last, and the end of the stream",
				i+1, len(got), m.peer.ended)
		}
		expected = append(expected[:at:at], expected[at+1:]...)
	}
	if len(expected) > 0 {
		t.Fatalf("the peer did not get %v", expected)
	}
	if ended := m.model.sent || m.model.noReader; m.peer.ended != ended {
		t.Fatalf("expected the connection's stream to have ended: %t\ngot %t", ended, m.peer.ended)
	}
}

// finish ends the connection in good order. Nothing may be left undone then.
func (m *machine) finish(t *rapid.T) {
	m.peerSendsEOF(t)
	m.Check(t)
	for _, r := range m.model.accepted {
		m.release(r)
		m.Check(t)
	}
	if !m.model.idle() || len(m.model.pending()) > 0 {
		t.Fatalf("expected the model to have ended, got %+v", m.model)
	}
	for _, c := range m.model.calls {
		must(t, c.checkSecondWait())
	}
}

// tearDown ends every goroutine, in whatever state a failure has left the connection.
func (m *machine) tearDown() {
	for _, r := range m.requests {
		r.release()
	}
	_ = m.conn.Close()
	m.peer.close()
}

// errReset is the error that a broken stream of the peer returns.
var errReset = errors.New("the peer's stream broke")

// A scriptedPeer is the other end of two pipes in memory. It writes any octets, and keeps
// what arrives until take returns it.
type scriptedPeer struct {
	to      *io.PipeWriter
	from    *io.PipeReader
	arrived []byte
	ended   bool // nothing more arrives
}

// newScriptedPeer returns a peer and the connection's ends of its pipes. The pipes hold
// nothing: what the peer writes is read at once, or not at all.
func newScriptedPeer() (p *scriptedPeer, recv io.Reader, send io.Writer) {
	in, to := io.Pipe()
	from, out := io.Pipe()
	p = &scriptedPeer{to: to, from: from}
	go p.record()
	return p, in, out
}

func (p *scriptedPeer) record() {
	buffer := make([]byte, 512)
	for {
		n, err := p.from.Read(buffer)
		p.arrived = append(p.arrived, buffer[:n]...)
		if err != nil {
			p.ended = true
			return
		}
	}
}

// take returns the packets that have arrived since the last call. At rest, none is
// incomplete.
func (p *scriptedPeer) take() ([]reference.Packet, error) {
	packets, rest, err := wholePackets(p.arrived)
	if err == nil && len(rest) > 0 {
		err = violates("ENC-1", "receiving % x", p.arrived).expected("whole packets").got("an incomplete one: % x", rest)
	}
	p.arrived = nil
	return packets, err
}

func (p *scriptedPeer) close() {
	_ = p.to.Close()
	_ = p.from.Close()
}

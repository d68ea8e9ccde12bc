package inprocess

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/packetspec/packetspec/reference"
	"pgregory.net/rapid"
)

// One connection between its local user and a scripted peer, both of whom do anything
// they like in any order. After every action the connection comes to rest (all its
// goroutines wait), and must then be where the model says.
func TestConnection(t *testing.T) {
	announceSeed(t)
	replaceDefault(t, "rapid.checks", "100", "500") // there is much to be met
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

// machine is the connection, the two who use it, and the model of what it does.
// Its exported methods are the actions; each is possible in any state.
type machine struct {
	conn   *reference.PacketConnection
	peer   *scriptedPeer
	visits []*visit // every request that the peer sent or tried to send
	model  model

	shutdowns []*ending // calls of Shutdown(true)
	join      *ending
}

// An ending is a call that returns when something has ended.
type ending struct {
	returned bool
	err      error
}

func start(call func() error) *ending {
	e := new(ending)
	go func() {
		e.err = call()
		e.returned = true
	}()
	return e
}

// newMachine starts a connection of which so many handlers run at once; 0: it has none.
func newMachine(handlers int) *machine {
	m := &machine{model: model{handlers: handlers}}
	peer, recv, send := newScriptedPeer()
	var handler reference.Handler
	if handlers > 0 {
		handler = m.handle
	}
	m.peer = peer
	m.conn = reference.New(recv, send, handler, reference.WithGrace(0), reference.WithHandlers(handlers))
	m.join = start(func() error { return m.conn.Join(context.Background()) })
	return m
}

// End ends something, but in one of eight times only: what can happen before is to
// happen more often. Of the ends, those that leave more to happen come first, which
// rapid prefers.
func (m *machine) End(t *rapid.T) {
	for range 3 {
		if rapid.Bool().Draw(t, "not yet") {
			return
		}
	}
	type end struct {
		named
		comes func(*rapid.T)
	}
	rapid.SampledFrom([]end{
		{"local shutdown", m.localShutdown},
		{"local blocking shutdown", m.localBlockingShutdown},
		{"peer stops reading", m.peerStopsReading},
		{"peer breaks off", m.peerBreaksOff},
		{"peer sends EOF", m.peerSendsEOF},
		{"local close", m.localClose},
	}).Draw(t, "end").comes(t)
}

// handle is the connection's request handler: it does what the visit planned.
func (m *machine) handle(_ context.Context, r reference.Request) (reference.Reply, error) {
	i := slices.IndexFunc(m.visits, func(v *visit) bool { return bytes.Equal(v.packet.Payload, r.Payload) })
	if i < 0 {
		return reference.Reply{}, errors.New("a request that the peer did not send")
	}
	v := m.visits[i]
	v.seen = append(v.seen, r)
	return v.handle()
}

// Check compares the connection at rest with the model.
func (m *machine) Check(t *rapid.T) {
	synctest.Wait()
	m.checkWire(t)
	for _, c := range m.model.calls {
		must(t, c.check())
	}
	for _, v := range m.visits {
		must(t, v.check())
	}
	m.join.check(t, "Join", m.model.idle(), m.model.reason)
	for _, s := range m.shutdowns {
		s.check(t, "Shutdown(true)", m.model.sent && !m.model.anyPending(), m.model.sendErr)
	}
}

// checkWire compares what the peer got since the last check with what it should have.
// Answers may come in any order; EOF comes last, and then the stream ends.
func (m *machine) checkWire(t *rapid.T) {
	expected := m.model.takeWire()
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
	if ended := m.model.sent || m.model.peerDeaf; m.peer.ended != ended {
		t.Fatalf("expected the connection's stream to have ended: %t\ngot %t", ended, m.peer.ended)
	}
}

func (e *ending) check(t *rapid.T, name string, returned bool, err error) {
	if e.returned != returned {
		t.Fatalf("%s: expected it to have returned: %t\ngot %t", name, returned, e.returned)
	}
	if returned && !isError(e.err, err) {
		t.Fatalf("%s: expected error %v\ngot %v", name, err, e.err)
	}
}

// finish lets everything end that can, after which nothing may be left undone.
func (m *machine) finish(t *rapid.T) {
	m.peerSendsEOF(t)
	m.Check(t)
	for _, v := range m.model.accepted {
		m.release(v)
		m.Check(t)
	}
	if !m.model.idle() || m.model.anyPending() {
		t.Fatalf("expected the model to have ended, got %+v", m.model)
	}
	for _, c := range m.model.calls {
		must(t, c.checkSecondWait())
	}
}

// tearDown ends every goroutine, in whatever state a failure has left the connection.
func (m *machine) tearDown() {
	for _, v := range m.visits {
		v.open()
	}
	_ = m.conn.Close()
	m.peer.close()
}

// errReset is how the peer's stream breaks.
var errReset = errors.New("the peer's stream broke")

// A scriptedPeer is the other end of two pipes in memory: it writes any octets, and
// keeps what comes until it is taken.
type scriptedPeer struct {
	to      *io.PipeWriter
	from    *io.PipeReader
	arrived []byte
	ended   bool // nothing more arrives
}

// newScriptedPeer gives a peer and the connection's end of its pipes. What it writes is
// read at once, or not at all: a pipe holds nothing.
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

// Package sound starts subjects that do everything that the specification requires, but late,
// and in orders that the adapter guide allows. If the suite or a campaign reports one of them,
// it expects an order that nothing enforces, or more than a lower bound of the specification.
package sound

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
)

// Late starts an implementation in this process behind an adapter that is late with
// everything. It carries out commands in any order, unless the runner awaits a reply between
// them. It reads the peer's octets in pieces, and writes late. Handlers begin late, and in any
// order. A second shutdown returns at once. (SHD-4)
type Late struct {
	New      func() adapter.Implementation
	Seed     uint64 // of all delays
	Handlers Bound
}

// A Bound says how many handlers an implementation runs at once.
type Bound int

// The bounds. Of requests that wait for a place, any may be next.
const (
	Unbounded Bound = iota // as many as the implementation itself
	Least                  // 2 (HND-9), and 64 more that wait for the peer (BID-3)
	Pool                   // 64 of any kind (BID-3)
)

func (l Late) String() string { return "" }

// Start implements [adapter.Starter].
func (l Late) Start(ctx context.Context) (*adapter.Session, error) {
	return adapter.Func(func(ctx context.Context, commands io.Reader, replies io.Writer) error {
		chance := &chance{random: rand.New(rand.NewPCG(l.Seed, 1))}
		lateCommands, toServe := io.Pipe()
		fromServe, lateReplies := io.Pipe()
		var forwarding sync.WaitGroup
		forwarding.Go(func() {
			forward(commands, toServe, func(line []byte) time.Duration { return chance.delayOf(line) })
			_ = toServe.Close()
		})
		forwarding.Go(func() { forward(fromServe, replies, func([]byte) time.Duration { return chance.delay() }) })
		err := adapter.Serve(ctx, late{Implementation: l.New(), chance: chance, bound: l.Handlers}, lateCommands, lateReplies)
		_ = lateReplies.Close()
		_ = lateCommands.Close()
		forwarding.Wait()
		return err
	}).Start(ctx)
}

// forward copies lines, each after a delay of its own.
func forward(from io.Reader, to io.Writer, delay func(line []byte) time.Duration) {
	var mu sync.Mutex // of to
	var all sync.WaitGroup
	defer all.Wait()
	write := func(line []byte) {
		mu.Lock()
		defer mu.Unlock()
		_, _ = to.Write(line)
	}
	lines := bufio.NewReader(from)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		if d := delay(line); d > 0 {
			all.Go(func() {
				<-time.After(d)
				write(line)
			})
			continue
		}
		write(line)
	}
}

// A chance decides how late something is. Its methods may be called concurrently.
type chance struct {
	mu     sync.Mutex
	random *rand.Rand
}

// longest is the longest delay. An input meets some twenty delays in a row, which together
// have to stay well below the 0.15 s that a campaign waits for something due.
const longest = 2 * time.Millisecond

func (c *chance) below(n int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.random.IntN(n)
}

// delay returns 0 half of the time.
func (c *chance) delay() time.Duration {
	if c.below(2) == 0 {
		return 0
	}
	return time.Duration(c.below(int(longest)))
}

// pause makes its caller late. Lateness is what these subjects are made for: no caller pauses to wait
// for something.
func (c *chance) pause() { <-time.After(c.delay()) }

// delayOf returns how late a command is carried out. The order of the codec's commands, and of
// those that open and close connections, matters to nobody, so they are not delayed.
func (c *chance) delayOf(line []byte) time.Duration {
	var m struct{ Op string }
	_ = json.Unmarshal(line, &m)
	switch m.Op {
	case adapter.OpRequest, adapter.OpWait, adapter.OpDo, adapter.OpRelease, adapter.OpSeen, adapter.OpTicks, adapter.OpShutdown, adapter.OpJoin:
		return c.delay()
	}
	return 0
}

// A late is an implementation whose connections are late.
type late struct {
	adapter.Implementation
	chance *chance
	bound  Bound
}

// Equal implements [adapter.Equaler].
func (l late) Equal(a, b adapter.Packet) (bool, error) {
	if i, ok := l.Implementation.(adapter.Equaler); ok {
		return i.Equal(a, b)
	}
	return false, adapter.Errorf(adapter.Unsupported, "no equality")
}

// String implements [adapter.Stringer].
func (l late) String(p adapter.Packet) (string, error) {
	if i, ok := l.Implementation.(adapter.Stringer); ok {
		return i.String(p)
	}
	return "", adapter.Errorf(adapter.Unsupported, "no text form")
}

// Open implements [adapter.Implementation].
func (l late) Open(recv io.ReadCloser, send io.WriteCloser, o adapter.OpenOptions, h adapter.Handler) (adapter.Connection, error) {
	closed := make(chan struct{})
	conn, err := l.Implementation.Open(lateReader{recv, l.chance}, lateWriter{send, l.chance}, o, l.handler(h, closed))
	if err != nil {
		return nil, err
	}
	c := &connection{Connection: conn, closed: closed}
	go func() {
		_, _ = conn.Join()
		c.shut.Store(true)
	}()
	return c, nil
}

// A connection is one whose second shutdown returns at once, and whose close frees the
// handlers that wait for a place.
type connection struct {
	adapter.Connection
	shut   atomic.Bool // by the local user, or by the end of the peer's stream
	closed chan struct{}
}

// Shutdown implements [adapter.Connection].
func (c *connection) Shutdown(block bool) error {
	if c.shut.Swap(true) { // a second shutdown may return at once (SHD-4)
		return nil
	}
	return c.Connection.Shutdown(block)
}

// Close implements [adapter.Connection].
func (c *connection) Close() error {
	close(c.closed)
	return c.Connection.Close()
}

// A lateReader sometimes reads late, and sometimes little at once.
type lateReader struct {
	io.ReadCloser
	chance *chance
}

// littleAtOnce is how many octets one in eight reads returns at most.
const littleAtOnce = 5

func (r lateReader) Read(b []byte) (int, error) {
	switch r.chance.below(8) {
	case 0:
		b = b[:min(len(b), 1+r.chance.below(littleAtOnce))]
	case 1:
		r.chance.pause()
	}
	return r.ReadCloser.Read(b)
}

// A lateWriter sometimes writes late.
type lateWriter struct {
	io.WriteCloser
	chance *chance
}

func (w lateWriter) Write(b []byte) (int, error) {
	if w.chance.below(4) == 0 {
		w.chance.pause()
	}
	return w.WriteCloser.Write(b)
}

// handler returns a handler that begins h late, in its turn, and returns late.
func (l late) handler(h adapter.Handler, closed <-chan struct{}) adapter.Handler {
	if h == nil {
		return nil
	}
	p := &places{bound: l.bound, chance: l.chance}
	return func(ctx context.Context, rqType, flags adapter.Integer, payload []byte) (adapter.Result, error) {
		l.chance.pause()
		calls := rqType == adapter.TypeCall.Integer()
		if !p.take(calls, closed) {
			return adapter.Result{}, adapter.Errorf(adapter.Internal, "the connection is closed")
		}
		defer p.leave(calls)
		defer l.chance.pause()
		return h(ctx, rqType, flags, payload)
	}
}

// places counts the handlers of one connection, and those that wait for room.
type places struct {
	bound  Bound
	chance *chance

	mu      sync.Mutex
	calling int // handlers that call the peer
	others  int
	waiting []waiting
}

// A waiting handler is let in by closing turn.
type waiting struct {
	calls bool
	turn  chan struct{}
}

// has reports whether there is room for one more.
func (p *places) has(calls bool) bool {
	switch {
	case p.bound == Unbounded:
		return true
	case p.bound == Pool:
		return p.calling+p.others < 64
	case calls:
		return p.calling < 64
	}
	return p.others < 2
}

func (p *places) add(calls bool, n int) {
	if calls {
		p.calling += n
	} else {
		p.others += n
	}
}

// take waits for room, and reports false if the connection is closed first.
func (p *places) take(calls bool, closed <-chan struct{}) bool {
	p.mu.Lock()
	if p.has(calls) {
		p.add(calls, 1)
		p.mu.Unlock()
		return true
	}
	turn := make(chan struct{})
	p.waiting = append(p.waiting, waiting{calls, turn})
	p.mu.Unlock()
	select {
	case <-turn:
		return true
	case <-closed:
		return false
	}
}

// leave frees a place and gives it to any handler that waits for one.
func (p *places) leave(calls bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.add(calls, -1)
	for range len(p.waiting) {
		i := p.chance.below(len(p.waiting))
		if w := p.waiting[i]; p.has(w.calls) {
			p.add(w.calls, 1)
			p.waiting = append(p.waiting[:i], p.waiting[i+1:]...)
			close(w.turn)
			return
		}
	}
}

package mutant

import (
	"io"
	"math/big"
	"sync"
	"syscall"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
)

// Open implements [adapter.Implementation].
func (i *implementation) Open(recv io.ReadCloser, send io.WriteCloser, o adapter.OpenOptions, h adapter.Handler) (adapter.Connection, error) {
	c := &connection{
		implementation: i, recv: recv, send: send, handler: h,
		grace: i.graceOf(o.Grace), tick: i.tickOf(o),
		lastTag: i.tagBeforeFirst(), gone: make(chan struct{}),
		memory: memory{marked: make(map[address]bool), failed: make(map[address]bool), channelTags: make(map[string]int64), highestTag: big.NewInt(-1)},
	}
	c.changed = sync.NewCond(&c.mu)
	i.open.Store(c, nil)
	go c.receive()
	go c.sendAll()
	return c, nil
}

const defaultGrace = 10 * time.Millisecond

// graceOf is the grace asked for in seconds.
func (m mutation) graceOf(seconds *float64) time.Duration {
	switch {
	case seconds == nil && m.has("grace-default-0"):
		return 0
	case seconds == nil && m.has("grace-default-100ms"):
		return 100 * time.Millisecond
	case seconds == nil && m.has("grace-default-1s"):
		return time.Second
	case seconds == nil, *seconds == 0 && m.has("grace-0-is-default"):
		return defaultGrace
	case *seconds != 0 && m.has("grace-in-milliseconds"):
		return time.Duration(*seconds * float64(time.Millisecond))
	case *seconds != 0 && m.has("grace-ignored"):
		return 0
	}
	return time.Duration(*seconds * float64(time.Second))
}

// tickOf is what is called at each packet, received or sent; nil: nothing.
func (i *implementation) tickOf(o adapter.OpenOptions) func(string) {
	toStderr := func(octets string) { _, _ = io.WriteString(i.stderr, octets) }
	switch {
	case o.TickStderr && !i.has("tick-true-silent"):
		return toStderr
	case o.Tick != nil && i.has("tick-without-octets"):
		return func(string) { o.Tick(nil) }
	case o.Tick != nil && i.has("tick-once"):
		var once sync.Once
		return func(octets string) { once.Do(func() { o.Tick([]byte(octets)) }) }
	case o.Tick != nil:
		return func(octets string) { o.Tick([]byte(octets)) }
	case i.has("tick-unasked"):
		return toStderr
	}
	return nil
}

// mayRun reports whether a request has its turn that so many stand before.
func (m mutation) mayRun(before int) bool {
	return (before < 1 || !m.has("one-handler")) &&
		(before < 4 || !m.has("four-handlers")) &&
		(before < 8 || !m.has("eight-handlers")) &&
		(before < 16 || !m.has("sixteen-handlers"))
}

// A connection is one connection. Its receiver and its sender have a goroutine each,
// and so has each running handler; they meet in the fields below mu.
type connection struct {
	*implementation
	recv    io.ReadCloser
	send    io.WriteCloser
	handler adapter.Handler
	grace   time.Duration
	tick    func(octets string)

	mu      sync.Mutex
	changed *sync.Cond // something below has changed

	lastTag *big.Int
	pending []*call   // local requests without an answer, in order of submission
	working []address // the peer's requests accepted and not answered, in order of arrival
	queue   []packet  // what the sender has not taken
	writing bool      // the sender has taken something and not asked for more

	requestsOver bool // the peer's, by its ERQ
	saidERQ      bool

	shutdowns int           // calls of Shutdown
	draining  bool          // nothing new is begun: EOF follows
	ended     string        // how the peer's stream ended; empty: it has not
	finished  bool          // the local stream has ended
	sendErr   error         // of its end
	gone      chan struct{} // closed by Close

	memory
}

// memory is what nothing but a fault remembers.
type memory struct {
	marked         map[address]bool // of the peer's requests
	failed         map[address]bool // of the peer's requests that were answered: by a failure
	highestTag     *big.Int         // of the peer's requests
	channelTags    map[string]int64 // the last tag for each channel
	how            ending           // of the peer's stream
	wasShutDown    bool             // then
	handlerDied    bool
	peerERQCloses  bool
	saidEOF        bool     // before what it should follow
	answers        int64    // to the peer's requests
	cancelled      int      // local requests
	answered       []*call  // local requests
	early          []packet // responses not delivered yet
	latestRequest  []byte   // its payload
	latestResponse []byte   // its payload
	latestAnswer   []byte   // its payload, which nothing reads: it is what a connection costs that is remembered
	joins          int
	told           bool // the end, by Join
	kept           [][]byte
}

// keep keeps a payload for ever, for a fault. c.mu is held.
func (c *connection) keep(fault string, payload []byte) {
	if c.has(fault) {
		c.kept = append(c.kept, payload)
	}
}

// change changes the state.
func (c *connection) change(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
	c.changed.Broadcast()
}

// await returns once the condition of the state holds, or the connection is closed.
func (c *connection) await(holds func() bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.awaitLocked(holds)
}

func (c *connection) awaitLocked(holds func() bool) {
	for !holds() && !c.isGone() {
		c.changed.Wait()
	}
}

func (c *connection) isGone() bool {
	select {
	case <-c.gone:
		return true
	default:
		return false
	}
}

// Close implements [adapter.Connection].
func (c *connection) Close() error {
	c.change(func() {
		if !c.isGone() {
			close(c.gone)
			c.cancel(c.pending)
		}
	})
	if !c.has("connections-remembered") {
		c.open.Delete(c)
	}
	if c.has("files-left-open") {
		leaveOpen(c.recv)
	}
	_ = c.recv.Close()
	_ = c.send.Close()
	return nil
}

// leaveOpen makes a file stay open when it is closed.
func leaveOpen(f any) {
	file, ok := f.(syscall.Conn)
	if !ok {
		return // it is in memory
	}
	if raw, err := file.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { _, _ = syscall.Dup(int(fd)) })
	}
}

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
		grace: i.graceFor(o.Grace), tick: i.tickFor(o),
		lastTag: i.tagBeforeFirst(), closed: make(chan struct{}),
		faultState: faultState{freed: make(map[requestKey]bool), wasFailure: make(map[requestKey]bool), channelTags: make(map[string]int64), highestTag: big.NewInt(-1)},
	}
	c.changed = sync.NewCond(&c.mu)
	i.connections.Store(c, nil)
	go c.receive()
	go c.sendAll()
	return c, nil
}

const defaultGrace = 10 * time.Millisecond

// graceOf is the grace asked for in seconds.
func (m mutant) graceFor(seconds *float64) time.Duration {
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
func (i *implementation) tickFor(o adapter.OpenOptions) func(string) {
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
func (m mutant) mayRun(before int) bool {
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

	lastTag  *big.Int
	pending  []*localRequest // local requests without an answer, in order of submission
	accepted []requestKey    // the peer's requests accepted and not answered, in order of arrival
	queue    []packet        // what the sender has not taken
	writing  bool            // the sender has taken something and not asked for more

	peerSentERQ bool // the peer's, by its ERQ
	sentERQ     bool

	shutdowns int           // calls of Shutdown
	draining  bool          // nothing new is begun: EOF follows
	ended     string        // how the peer's stream ended; empty: it has not
	finished  bool          // the local stream has ended
	sendErr   error         // of its end
	closed    chan struct{} // closed by Close

	faultState
}

// memory is what nothing but a fault remembers.
type faultState struct {
	freed               map[requestKey]bool // of the peer's requests
	wasFailure          map[requestKey]bool // of the peer's requests that were answered: by a failure
	highestTag          *big.Int            // of the peer's requests
	channelTags         map[string]int64    // the last tag for each channel
	endedBy             ending              // of the peer's stream
	endedAfterShutdown  bool                // then
	handlerStopped      bool
	refusesLocal        bool
	queuedEOF           bool            // before what it should follow
	answersSent         int64           // to the peer's requests
	cancellations       int             // local requests
	completed           []*localRequest // local requests
	earlyResponses      []packet        // responses not delivered yet
	lastRequestPayload  []byte          // its payload
	lastResponsePayload []byte          // its payload
	lastAnswerPayload   []byte          // its payload, which nothing reads: it is what a connection costs that is remembered
	joins               int
	reported            bool // the end, by Join
	leaked              [][]byte
}

// keep keeps a payload for ever, for a fault. c.mu is held.
func (c *connection) leak(fault string, payload []byte) {
	if c.has(fault) {
		c.leaked = append(c.leaked, payload)
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
	for !holds() && !c.isClosed() {
		c.changed.Wait()
	}
}

func (c *connection) isClosed() bool {
	select {
	case <-c.closed:
		return true
	default:
		return false
	}
}

// Close implements [adapter.Connection].
func (c *connection) Close() error {
	c.change(func() {
		if !c.isClosed() {
			close(c.closed)
			c.cancel(c.pending)
		}
	})
	if !c.has("connections-remembered") {
		c.connections.Delete(c)
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

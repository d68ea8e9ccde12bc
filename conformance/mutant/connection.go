package mutant

import (
	"io"
	"math/big"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
)

// Open implements [adapter.Implementation].
func (i *implementation) Open(recv io.ReadCloser, send io.WriteCloser, o adapter.OpenOptions, h adapter.Handler) (adapter.Connection, error) {
	c := &connection{
		implementation: i, recv: recv, send: send, handler: h,
		grace: i.graceFor(o.Grace), tick: i.tickFor(o),
		lastTag: zero, closed: make(chan struct{}),
		faultState: faultState{freed: make(map[requestKey]bool), wasFailure: make(map[requestKey]bool), channelTags: make(map[string]int64), highestTag: big.NewInt(-1)},
	}
	if i.later && !i.has("later-tags-from-1") {
		c.lastTag = one
	}
	c.changed = sync.NewCond(&c.mu)
	i.connections.Store(c, nil)
	go c.receive()
	go c.sendAll()
	return c, nil
}

// defaultGrace comes from SPEC.md, GRC-3.
const defaultGrace = 10 * time.Millisecond

// graceFor returns the grace for the given number of seconds; nil selects the default.
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

// tickFor returns the function to call for each packet received or sent, or nil.
func (i *implementation) tickFor(o adapter.OpenOptions) func(string) {
	toStderr := func(mark string) { _, _ = io.WriteString(i.stderr, mark) }
	switch {
	case o.TickStderr && !i.has("tick-true-silent"):
		return toStderr
	case o.Tick != nil && i.has("tick-without-octets"):
		return func(string) { o.Tick(nil) }
	case o.Tick != nil && i.has("tick-once"):
		var once sync.Once
		return func(mark string) { once.Do(func() { o.Tick([]byte(mark)) }) }
	case o.Tick != nil:
		return func(mark string) { o.Tick([]byte(mark)) }
	case i.has("tick-unasked"):
		return toStderr
	}
	return nil
}

// A connection is one connection. The receiver, the sender and each running handler have
// a goroutine of their own. They share the fields below mu, and mu guards these.
type connection struct {
	*implementation
	recv      io.ReadCloser
	send      io.WriteCloser
	handler   adapter.Handler // nil: every request is refused
	grace     time.Duration
	tick      func(mark string) // nil: no ticks
	closed    chan struct{}     // closed by Close
	shutdowns atomic.Int64      // number of calls of Shutdown

	mu      sync.Mutex
	changed *sync.Cond // signalled after a change of the fields below

	lastTag  *big.Int        // the tag of the latest local request
	pending  []*localRequest // local requests without a response, in order of submission
	accepted []requestKey    // the peer's requests to be answered, in order of arrival
	queue    []packet        // packets for the sender
	writing  bool            // the sender is writing a packet that it took off the queue

	peerSentERQ bool
	sentERQ     bool

	draining bool   // only the responses to accepted requests are still sent, then EOF
	ended    string // how the peer's stream ended; empty: it has not
	finished bool   // the local stream has ended
	sendErr  error  // the error of writing EOF

	faultState
}

// A faultState holds what only faults read.
type faultState struct {
	freed               map[requestKey]bool // tags that a refusal has freed
	wasFailure          map[requestKey]bool // for each request answered so far, whether with a failure
	highestTag          *big.Int            // the highest tag of an accepted request
	channelTags         map[string]int64    // the last tag for each channel
	endedBy             ending              // what ended the peer's stream
	endedAfterShutdown  bool                // a shutdown came before the end of the peer's stream
	handlerStopped      bool                // no request is handled any more
	refusesLocal        bool                // the peer's ERQ has stopped local requests
	queuedEOF           bool                // EOF was queued too early
	answersSent         int64               // number of accepted requests answered
	cancellations       int                 // number of local requests cancelled
	completed           []*localRequest     // the last local requests that got a response
	earlyResponses      []packet            // responses kept for later
	lastRequestPayload  []byte
	lastResponsePayload []byte
	lastAnswerPayload   []byte // not read: it makes a leaked connection large
	joins               int    // number of calls of Join
	reported            bool   // Join has reported the end
	leaked              [][]byte
}

// leak keeps a payload forever if the mutant has the fault. The caller holds c.mu.
func (c *connection) leak(fault string, payload []byte) {
	if c.has(fault) {
		c.leaked = append(c.leaked, payload)
	}
}

// change calls f, which changes the state, and wakes those that wait for a change.
func (c *connection) change(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
	c.changed.Broadcast()
}

// await returns once the condition holds or the connection is closed.
func (c *connection) await(holds func() bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.awaitLocked(holds)
}

// awaitLocked does the same for a caller that holds c.mu.
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
		leakFile(c.recv)
	}
	_ = c.recv.Close()
	_ = c.send.Close()
	return nil
}

// leakFile duplicates the file descriptor of a stream, so that closing the stream leaves one
// open. A stream in memory has no descriptor.
func leakFile(stream io.Closer) {
	file, ok := stream.(syscall.Conn)
	if !ok {
		return
	}
	if raw, err := file.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { _, _ = syscall.Dup(int(fd)) })
	}
}

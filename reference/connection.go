package reference

import (
	"context"
	"errors"
	"io"
	"sync"
)

// A PacketConnection is one end of a connection, requester and responder at once. Its
// zero value is not usable: [New] or [FromFDs] makes one. Its methods may be called
// concurrently.
//
// Its goroutines are a receiver, the only reader of recv; a sender, the only writer of
// send; and at most one for each handler that has begun. The receiver waits neither for
// the sender nor for a handler, except when too much is held for the peer (see
// [WithBacklog]): a peer that does not read, or a slow handler, must not keep responses
// from arriving. [PacketConnection.Join] waits for all of them.
type PacketConnection struct {
	config
	handler Handler
	recv    io.Reader
	send    io.Writer

	streams // closes recv and send

	ctx    context.Context // of the handlers: ends when no response can be sent any more
	cancel context.CancelFunc

	wakeSender   chan struct{} // has room for one element, like wakeReceiver
	wakeReceiver chan struct{}
	finished     chan struct{} // closed once EOF is sent, or cannot be, and no call is pending
	ended        chan struct{} // closed once both directions have ended and every handler has returned

	calls sync.Pool // calls of Do that have ended

	mu    sync.Mutex // guards state
	state state      // only update uses it
}

// New starts a connection that reads recv and writes send. The connection owns both: it
// closes each, once, at the end of its direction, if it is an [io.Closer]. recv and send
// may be the same stream, such as a [net.Conn], or wrappers of one: a send that has a
// method CloseWrite, or that is a [net.Conn], is closed as a whole only when both
// directions have ended. With a nil handler the connection refuses every request of the
// peer. (HND-8)
//
// The connection ends when both directions have ended. The peer's direction ends with
// its EOF packet, with the end of its octets, or with an error. The local direction
// ends by [PacketConnection.Shutdown], which the end of the peer's direction causes too.
func New(recv io.Reader, send io.Writer, h Handler, opts ...Option) *PacketConnection {
	recv, send = interruptible(recv, send)
	c := &PacketConnection{
		config: newConfig(opts), handler: h, recv: recv, send: send, streams: newStreams(recv, send),
		wakeSender: make(chan struct{}, 1), wakeReceiver: make(chan struct{}, 1), finished: make(chan struct{}), ended: make(chan struct{}),
	}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.calls.New = func() any { return &Call{answered: make(chan struct{}, 1)} }
	c.state.pending = make(map[id]*Call)
	c.state.accepted = make(map[uint64]struct{})
	go c.receive()
	go c.transmit()
	return c
}

// Name returns the name that [WithName] set.
func (c *PacketConnection) Name() string { return c.name }

// Shutdown ends the local direction. From now on the connection refuses or drops new
// requests of either end. It answers the requests that it has accepted, sends what is
// queued, sends the EOF packet as its last octets, and closes send. Local requests stay
// pending: their responses are delivered until the peer's stream ends. (SHD-1 to SHD-9)
//
// If block is false, Shutdown returns nil at once. If block is true, it returns when EOF
// has been sent and every local request is answered or cancelled; the error is the one
// that kept EOF from being sent, or nil. A call with block inside a handler deadlocks,
// because it waits for that handler. Further calls only wait, if block is true.
func (c *PacketConnection) Shutdown(block bool) error {
	c.update(func(s *state) { s.closing = true })
	if !block {
		return nil
	}
	<-c.finished
	var err error
	c.update(func(s *state) { err = s.sendErr })
	return err
}

// ShutdownContext shuts the connection down and waits like [PacketConnection.Join]. If ctx
// ends first, it calls [PacketConnection.Close] and returns ctx.Err(). Inside a handler
// of the connection, with the handler's context, it shuts down and returns an error.
func (c *PacketConnection) ShutdownContext(ctx context.Context) error {
	_ = c.Shutdown(false)
	err := c.Join(ctx)
	if ctx.Err() != nil {
		_ = c.Close()
	}
	return err
}

// Join waits until both directions have ended and every handler has returned. The result
// says how the peer's stream ended: nil for an EOF packet; or [ErrCut], a
// [*MalformedError], [ErrRange], [ErrTooLarge], [ErrOverload] or the stream's own error;
// or [ErrClosed] if [PacketConnection.Close] came first. If ctx ends earlier, Join returns
// ctx.Err(). Inside a handler, with its context, Join returns an error at once, because
// it would wait for that handler. (JOI-1, JOI-2)
func (c *PacketConnection) Join(ctx context.Context) error {
	if own := slotOf(ctx); own != nil && own.conn == c {
		return errors.New("called in a handler of the connection, for which it would wait")
	}
	select {
	case <-c.ended:
	case <-ctx.Done():
		select {
		case <-c.ended:
		default:
			return ctx.Err()
		}
	}
	var err error
	c.update(func(s *state) { err = s.reason })
	return err
}

// Done returns a channel that is closed once both directions have ended and every handler
// has returned.
func (c *PacketConnection) Done() <-chan struct{} { return c.ended }

// Err returns why a direction has ended badly: the reasons of both, joined, if both have.
// It returns nil as long as none has.
func (c *PacketConnection) Err() (err error) {
	c.update(func(s *state) { err = errors.Join(s.reason, s.sendErr) })
	return err
}

// Close abandons the connection: it cancels the pending calls and the handlers' context,
// drops what is queued, and closes recv and send. No EOF packet is sent, unless the
// sender has begun to. Close does not wait: a read or write under way ends if closing
// its stream interrupts it, and Join waits for that. Close always returns nil.
func (c *PacketConnection) Close() error {
	c.update(func(s *state) {
		s.closing, s.abandoned = true, true
		s.cancelPending(0, ErrClosed)
		s.dropWork()
	})
	c.cancel()
	c.closeBoth()
	return nil
}

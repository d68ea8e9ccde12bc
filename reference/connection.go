package reference

import (
	"context"
	"io"
	"reflect"
	"sync"
	"sync/atomic"
)

// A PacketConnection is one end of a connection, requester and responder at once. Its
// zero value is not usable: [New] or [FromFDs] makes one. Its methods may be called
// concurrently.
//
// Its goroutines are a receiver, the only reader of recv; a sender, the only writer of
// send; and one for each handler that runs or waits. The receiver waits neither for the
// sender nor for a handler, except when too much is held for the peer (see
// [WithBacklog]): a peer that does not read, or a slow handler, must not keep responses
// from arriving. [PacketConnection.Join] waits for all of them.
type PacketConnection struct {
	config
	handler Handler
	recv    io.Reader
	send    io.Writer

	closeRecv, closeSend func() // the first call of each closes; further calls do nothing

	ctx    context.Context // of the handlers: ends when no response can be sent any more
	cancel context.CancelFunc

	mu    sync.Mutex // guards state
	state state      // only update and await use it
}

// New starts a connection that reads recv and writes send. The connection owns both: it
// closes each, once, at the end of its direction, if it is an [io.Closer]. recv and send
// may be the same stream, such as a [net.Conn]. With a nil handler the connection refuses
// every request of the peer. (HND-8)
//
// The connection ends when both directions have ended. The peer's direction ends with
// its EOF packet, with the end of its octets, or with an error. The local direction
// ends by [PacketConnection.Shutdown], which the end of the peer's direction causes too.
func New(recv io.Reader, send io.Writer, h Handler, opts ...Option) *PacketConnection {
	c := &PacketConnection{config: newConfig(opts), handler: h, recv: recv, send: send}
	c.closeRecv, c.closeSend = closers(recv, send)
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.state.pending = make(map[id]*Call)
	c.state.accepted = make(map[uint64]struct{})
	go c.receive()
	go c.transmit()
	return c
}

// Name returns the name that [WithName] set.
func (c *PacketConnection) Name() string { return c.name }

// Request submits r and returns without waiting for its response. If many packets are
// queued it waits for room; inside a handler it keeps the handler's slot meanwhile,
// which Do does not. Requests get the tags 1, 2, 3 and so on (TAG-1). The error is
// [ErrClosed] after a shutdown, or [ErrRange]; then nothing is sent and no tag is used.
func (c *PacketConnection) Request(r Request) (*Call, error) {
	return c.submit(context.Background(), r)
}

// Do submits r and waits for its response, with the errors of Request and [Call.Wait].
// If ctx ends while r waits for room, r is not sent. Inside a handler pass the handler's
// context, as to Wait.
func (c *PacketConnection) Do(ctx context.Context, r Request) (Response, error) {
	defer c.yield(ctx)() // also while submit waits for room
	call, err := c.submit(ctx, r)
	if err != nil {
		return Response{}, err
	}
	return call.Wait(ctx)
}

// Shutdown ends the local direction. From now on the connection refuses or drops new
// requests of either end. It answers the requests that it has accepted, sends what is
// queued, sends the EOF packet as its last octets, and closes send. Local requests stay
// pending: their responses are delivered until the peer's stream ends. (SHD-1 to SHD-9)
//
// If block is false, Shutdown returns nil at once. If block is true, it returns when EOF
// has been sent and every local request is answered or cancelled; the error is the one
// that kept EOF from being sent, or nil. A call with block inside a handler deadlocks,
// because it waits for that handler. Further calls only wait, if block is true.
func (c *PacketConnection) Shutdown(block bool) (err error) {
	c.update(func(s *state) { s.closing = true })
	if block {
		await(c, never, func(s *state) bool {
			err = s.sendErr
			return s.sent && len(s.pending) == 0
		})
	}
	return err
}

// Join waits until both directions have ended and every handler has returned. The result
// says how the peer's stream ended: nil for an EOF packet; or [ErrCut], a
// [*MalformedError], [ErrRange], [ErrTooLarge], [ErrOverload] or the stream's own error;
// or [ErrClosed] if [PacketConnection.Close] came first. If ctx ends earlier, Join returns
// ctx.Err(). Inside a handler it deadlocks, because it waits for that handler. (JOI-1,
// JOI-2)
func (c *PacketConnection) Join(ctx context.Context) (err error) {
	if !await(c, ctx.Done(), func(s *state) bool { err = s.reason; return s.idle() }) {
		return ctx.Err()
	}
	return err
}

// Close abandons the connection: it cancels the pending calls and the handlers' context,
// drops what is queued, and closes recv and send. No EOF packet is sent, unless the
// sender has begun to. Close does not wait: a read or write under way ends if closing
// its stream interrupts it, and Join waits for that. Close always returns nil.
func (c *PacketConnection) Close() error {
	c.update(func(s *state) {
		s.closing, s.abandoned = true, true
		s.dropWork()
		s.cancelPending()
	})
	c.cancel()
	c.closeSend()
	c.closeRecv()
	return nil
}

// closers returns two functions that close recv and send; calls after the first do
// nothing. If recv and send are the same stream, it is closed when both functions have
// been called. closeSend then ends only the writing half, if the stream can do that, so
// that late responses still arrive.
func closers(recv io.Reader, send io.Writer) (closeRecv, closeSend func()) {
	if !same(recv, send) {
		return sync.OnceFunc(func() { closeStream(recv) }), sync.OnceFunc(func() { closeStream(send) })
	}
	var ended atomic.Int32
	end := func() {
		if ended.Add(1) == 2 {
			closeStream(recv)
		}
	}
	return sync.OnceFunc(end), sync.OnceFunc(func() {
		if half, ok := send.(interface{ CloseWrite() error }); ok {
			_ = half.CloseWrite()
		}
		end()
	})
}

// same reports whether a and b are the same stream. Values that cannot be compared,
// such as a struct with a slice, are not: comparing them would panic.
func same(a, b any) bool {
	return reflect.ValueOf(a).Comparable() && a == b
}

// closeStream closes stream if it can be closed.
func closeStream(stream any) {
	if closer, ok := stream.(io.Closer); ok {
		_ = closer.Close() // everything was flushed, or its loss is reported already
	}
}

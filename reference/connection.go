package reference

import (
	"context"
	"io"
	"reflect"
	"sync"
	"sync/atomic"
)

// A PacketConnection is one end of a connection: requester and responder at once.
// All its methods may be called from several goroutines.
//
// Three kinds of goroutine work for it: one receiver, the only reader of recv; one
// sender, the only writer of send; and handlers, at most so many at work at once.
// None waits for another while it holds what that one needs: the receiver never
// waits for the sender or a handler (but see [WithBacklog]), so that a full pipe or
// a slow handler stops no answer from coming in.
type PacketConnection struct {
	config
	handler Handler
	recv    io.Reader
	send    io.Writer

	closeRecv, closeSend func() // as often as wanted

	ctx    context.Context // for handlers: ends when nothing can be sent any more
	cancel context.CancelFunc

	mu    sync.Mutex
	state state // see update and await
}

// New starts a connection that reads recv and writes send, and owns both: each is
// closed once, when it is done with, if it is an [io.Closer]. They may be one stream,
// such as a [net.Conn]. A nil handler refuses every request of the peer (HND-8).
//
// The connection works until both directions have ended: the peer's by its EOF
// packet (or the end of its octets, or malformed ones), the local one by
// [PacketConnection.Shutdown], which the peer's end brings about too.
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

// Name is what [WithName] set.
func (c *PacketConnection) Name() string { return c.name }

// Request submits r and returns without waiting for its answer; while many packets
// wait to be sent it waits for room. Each request gets the next tag, from 1 (TAG-1).
// The error is [ErrClosed] after a shutdown, or [ErrRange]; nothing is sent then.
func (c *PacketConnection) Request(r Request) (*Call, error) {
	return c.submit(context.Background(), r)
}

// Do submits r and waits for its answer, as Request and [Call.Wait] do.
func (c *PacketConnection) Do(ctx context.Context, r Request) (Response, error) {
	defer c.yield(ctx)() // while it waits for room, too
	call, err := c.submit(ctx, r)
	if err != nil {
		return Response{}, err
	}
	return call.Wait(ctx)
}

// Shutdown refuses new work in both directions, lets accepted requests be answered
// and those answers go out, then sends the EOF packet, as the last octets, and closes
// send. Requests pending at the peer stay so: late answers are delivered until the
// peer's stream ends. (SHD-1 to SHD-9)
//
// With block it returns when EOF is sent and every local request is answered or
// cancelled; its error is then the one that kept EOF from being sent. Without, it
// returns at once, and [PacketConnection.Join] waits for the rest. It must not block
// inside a handler, which it would wait for. A second call only waits.
func (c *PacketConnection) Shutdown(block bool) (err error) {
	c.update(func(s *state) { s.closing = true })
	if block {
		await(c, always, func(s *state) bool {
			err = s.sendErr
			return s.sent && len(s.pending) == 0
		})
	}
	return err
}

// Join waits until the peer's stream has ended and the connection, which shuts
// itself down then, has finished. It reports how that stream ended: nil after the
// EOF packet, otherwise [ErrCut], a [*MalformedError], [ErrRange], [ErrTooLarge],
// [ErrOverload] or the stream's own error. When ctx ends first it returns ctx's error. (JOI-1)
func (c *PacketConnection) Join(ctx context.Context) (err error) {
	if !await(c, ctx.Done(), func(s *state) bool { err = s.reason; return s.idle() }) {
		return ctx.Err()
	}
	return err
}

// Close abandons the connection: pending calls are cancelled, nothing more is sent,
// and recv and send are closed, which should end a read or write under way.
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

// closers returns what ends the use of recv and what ends that of send. Each closes
// its stream once, however often it is called. One stream that is both is closed
// when both have ended; its peer is told of the end of send before, if it can be.
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

func same(a, b any) bool {
	return reflect.ValueOf(a).Comparable() && a == b
}

func closeStream(stream any) {
	if closer, ok := stream.(io.Closer); ok {
		_ = closer.Close() // what mattered was flushed; the rest is not ours to save
	}
}

package reference

import (
	"log/slog"
	"os"
	"time"
)

// The defaults of the options. [DefaultMaxPacket] is another.
const (
	// DefaultGrace is the packet_grace without [WithGrace]. GRC-3 asks for about 10 ms.
	DefaultGrace = 10 * time.Millisecond
	// DefaultHandlers is the number of handlers that run at once without
	// [WithHandlers]: as many as the original has workers.
	DefaultHandlers = 4
	// DefaultBacklog is the number of bytes without [WithBacklog]. It equals
	// DefaultMaxPacket, so that one request of the largest size fills it.
	DefaultBacklog = 64 << 20
)

// overload is the multiple of the backlog at which awaitRoom fails if it cannot pause.
// The value is not measured: it only has to exceed 1 and bound the memory.
const overload = 4

// sendQueue is the number of queued packets at which a local request waits for room:
// enough to keep the sender busy.
const sendQueue = 16

// A config holds the values of all options.
type config struct {
	name      string
	grace     time.Duration
	tick      func([]byte)
	handlers  int
	maxPacket int
	backlog   int
	log       *slog.Logger
}

// An Option sets one property of a new connection. If one is given twice, the last wins.
type Option func(*config)

// WithName sets the name that the connection's log records carry.
func WithName(name string) Option { return func(c *config) { c.name = name } }

// WithGrace sets packet_grace: the time for which the sender, once nothing more is
// queued, waits for other packets before it flushes. With 0 or less it flushes at
// once. (GRC-1, GRC-2)
func WithGrace(d time.Duration) Option { return func(c *config) { c.grace = d } }

// WithTick makes the connection call tick at each step, with a few bytes that name it
// (TCK-1, TCK-2):
//
//	<     the receiver is about to read a packet
//	>     the sender is about to write a packet
//	Sg    the sender begins to wait for the grace
//	F     the sender is about to flush
//	>EOF  the sender is about to write and flush the EOF packet
//
// The receiver and the sender may call tick concurrently. It must not block, or keep or
// change the bytes. A nil tick is not called.
func WithTick(tick func([]byte)) Option { return func(c *config) { c.tick = tick } }

// TickFD2 writes a tick's bytes to the standard error; pass it to [WithTick]. (TCK-3)
func TickFD2(b []byte) { _, _ = os.Stderr.Write(b) }

// WithHandlers sets how many handlers run at once; fewer than 1 counts as 1. A handler
// that waits for a response from the peer, with its own context, does not count.
func WithHandlers(n int) Option { return func(c *config) { c.handlers = max(1, n) } }

// WithMaxPacket sets the largest body, in octets, that the receiver accepts. A larger
// one ends the peer's stream with [ErrTooLarge].
func WithMaxPacket(octets int) Option { return func(c *config) { c.maxPacket = octets } }

// WithBacklog sets how many bytes the connection holds for the peer before the receiver
// pauses. Each unanswered request and each unsent response counts, with about 1 KiB more
// than its payload. The receiver reads on when less is held.
//
// If no handler is running but local calls still wait for responses, pausing could
// deadlock both ends. The receiver then keeps reading, and ends the peer's stream with
// [ErrOverload] once four times this much is held. After a shutdown the receiver never
// pauses, and refusals are held without a bound.
func WithBacklog(bytes int) Option { return func(c *config) { c.backlog = bytes } }

// WithLogger sets the logger for what the connection survives, such as a handler's panic
// or a response to no request. By default nothing is logged.
func WithLogger(l *slog.Logger) Option { return func(c *config) { c.log = l } }

// newConfig returns the defaults, changed by opts.
func newConfig(opts []Option) config {
	c := config{
		grace: DefaultGrace, tick: func([]byte) {},
		handlers: DefaultHandlers, maxPacket: DefaultMaxPacket, backlog: DefaultBacklog,
		log: slog.New(slog.DiscardHandler),
	}
	for _, o := range opts {
		o(&c)
	}
	if c.tick == nil {
		c.tick = func([]byte) {}
	}
	c.log = c.log.With("connection", c.name)
	return c
}

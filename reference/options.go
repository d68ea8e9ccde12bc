package reference

import (
	"cmp"
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
	// DefaultBacklog is the number of bytes without [WithBacklog]: room for several packets
	// of DefaultMaxPacket.
	DefaultBacklog = 64 << 20
	// DefaultLinger is the time without [WithLinger]. A connection that has lost its peer
	// is not urgent, and a peer on a slow link gets its responses.
	DefaultLinger = 30 * time.Second
)

// overload is the multiple of the backlog at which the receiver fails if it cannot pause.
// The value is not measured: it only has to exceed 1 and bound the memory.
const overload = 4

// A config holds the values of all options.
type config struct {
	name       string
	grace      time.Duration
	tick       func([]byte) // may be nil
	handlers   int
	maxPacket  int
	backlog    int
	lingerTime time.Duration
	log        *slog.Logger
}

// An Option sets one property of a new connection. If one is given twice, the last wins.
type Option func(*config)

// WithName sets the name that the connection's log records carry.
func WithName(name string) Option { return func(c *config) { c.name = name } }

// WithGrace sets packet_grace: the time for which the sender, once nothing more is
// queued, waits for other packets before it flushes. A lone request and its response are
// held for it once each: by default a round trip takes 20 ms. With 0 or less the sender
// flushes at once. (GRC-1, GRC-2)
func WithGrace(d time.Duration) Option { return func(c *config) { c.grace = d } }

// WithTick makes the connection call tick for each packet, with a few bytes that name it
// (TCK-1, TCK-2):
//
//	<     the receiver is about to read a packet
//	>     the sender is about to write a packet, or EOF
//
// The receiver and the sender may call tick concurrently. It must not block, or keep or
// change the bytes. A nil tick is not called.
func WithTick(tick func([]byte)) Option { return func(c *config) { c.tick = tick } }

// ticks calls the tick, if there is one.
func (c *config) ticks(text string) {
	if c.tick != nil {
		c.tick([]byte(text))
	}
}

// TickFD2 writes a tick's bytes to the standard error; pass it to [WithTick]. (TCK-3)
func TickFD2(b []byte) { _, _ = os.Stderr.Write(b) }

// WithHandlers sets how many handlers run at once; fewer than 1 counts as 1. A handler
// that waits for a response, with its own context, does not count.
func WithHandlers(n int) Option { return func(c *config) { c.handlers = max(1, n) } }

// WithMaxPacket sets the largest body, in octets, that the connection receives or sends.
// A larger one of the peer ends its stream with [ErrTooLarge]. A larger request fails
// with that error, and a larger reply becomes a failure response.
func WithMaxPacket(octets int) Option { return func(c *config) { c.maxPacket = octets } }

// WithBacklog sets how many bytes the connection holds for the peer before the receiver
// pauses. Each unanswered request and each unsent response counts, with about 1 KiB more
// than its payload. The receiver reads on when less is held.
//
// If no handler is running but local calls still wait for responses, pausing could
// deadlock both ends. The receiver then keeps reading, and so it does after a shutdown; it
// ends the peer's stream with [ErrOverload] once four times this much is held. Meanwhile
// requests that no handler sends wait for room.
func WithBacklog(bytes int) Option { return func(c *config) { c.backlog = bytes } }

// WithLinger sets how long a connection whose peer's stream has ended without an EOF
// packet goes on as if the peer were there, at least a millisecond. Then the handlers'
// contexts end, and a write that has made no progress for that time ends the local direction.
func WithLinger(d time.Duration) Option {
	return func(c *config) { c.lingerTime = max(d, time.Millisecond) }
}

// WithLogger sets the logger for what the connection survives, such as a handler's panic
// or a response to no request. Without it the connection logs to [slog.Default], and with nil
// nothing.
func WithLogger(l *slog.Logger) Option {
	return func(c *config) { c.log = cmp.Or(l, slog.New(slog.DiscardHandler)) }
}

// newConfig returns the defaults, changed by opts.
func newConfig(opts []Option) config {
	c := config{
		grace: DefaultGrace, handlers: DefaultHandlers, maxPacket: DefaultMaxPacket, backlog: DefaultBacklog,
		lingerTime: DefaultLinger, log: slog.Default(),
	}
	for _, o := range opts {
		o(&c)
	}
	c.log = c.log.With("connection", c.name)
	return c
}

package reference

import (
	"log/slog"
	"os"
	"time"
)

const (
	// DefaultGrace is how long the sender waits for another packet before it flushes.
	DefaultGrace = 10 * time.Millisecond
	// DefaultHandlers is how many handlers run at once.
	DefaultHandlers = 4
	// DefaultBacklog is how many octets are held for a peer before the receiver pauses.
	DefaultBacklog = 64 << 20
)

// overload is how many times the backlog may be held when the receiver cannot pause.
const overload = 4

// sendQueue is how many packets wait to be sent before a local request waits too.
const sendQueue = 16

type config struct {
	name      string
	grace     time.Duration
	tick      func([]byte)
	handlers  int
	maxPacket int
	backlog   int
	log       *slog.Logger
}

// An Option sets one property of a new connection.
type Option func(*config)

// WithName names the connection in its log records.
func WithName(name string) Option { return func(c *config) { c.name = name } }

// WithGrace sets packet_grace: for how long, once nothing is queued, written octets
// wait for more before they are flushed. 0 flushes at once. (GRC-1)
func WithGrace(d time.Duration) Option { return func(c *config) { c.grace = d } }

// WithTick calls tick with a few octets at each step of the receiver ("<" before a
// packet is read) and the sender (">" before one is written, "Sg" when a grace
// begins, "F" before a flush, ">EOF" before the last). It is called from both at
// once; it must not block, nor keep or change the octets. (TCK-1)
func WithTick(tick func([]byte)) Option { return func(c *config) { c.tick = tick } }

// TickFD2 is the tick that writes to the standard error.
func TickFD2(b []byte) { _, _ = os.Stderr.Write(b) }

// WithHandlers sets how many handlers run at once, at least 1. One that waits for
// an answer from the peer does not count.
func WithHandlers(n int) Option { return func(c *config) { c.handlers = max(1, n) } }

// WithMaxPacket sets the largest body, in octets, that is taken from the peer.
func WithMaxPacket(octets int) Option { return func(c *config) { c.maxPacket = octets } }

// WithBacklog sets how many octets of the peer's unanswered requests and of unsent
// responses are held before the receiver pauses, to go on when some have left. When no
// handler is at work and answers of the peer's are awaited, which would have to wait,
// it does not pause, but ends the peer's stream with [ErrOverload] at four times as much.
func WithBacklog(octets int) Option { return func(c *config) { c.backlog = octets } }

// WithLogger sets where what is noticed and survived is told; the default is nowhere.
func WithLogger(l *slog.Logger) Option { return func(c *config) { c.log = l } }

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

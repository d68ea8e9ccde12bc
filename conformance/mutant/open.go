package mutant

import (
	"io"
	"math/big"
	"sync"
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

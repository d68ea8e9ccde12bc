package doctor

import (
	"context"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
)

// A Look is a quick part of the checks, on the first process of a run of the suite. It takes some
// milliseconds on a sound adapter. It blames nobody whom the suite can judge: it reports only what is the
// adapter's mistake, and no silence, for which the suite has limits of its own.
type Look struct {
	lines *lines
	run   *run
}

// NewLook returns a look. Nothing is looked at before [Look.Take].
func NewLook() *Look {
	look := &Look{run: &run{}}
	look.lines = newLines(false, look.run.add)
	return look
}

// Context returns the context for the start of the process to look at.
func (l *Look) Context(ctx context.Context) context.Context {
	return adapter.WithStreams(ctx, l.lines.between)
}

// The patience of a look. A look in which an adapter may be silent for less than leastLook makes no checks
// of what it does meanwhile: it may only be slow.
const (
	mostLook  = 3 * time.Second
	leastLook = time.Second
)

// Take looks at the session that was started with the look's context, with named pipes in dir. If
// connections is false, it opens none. It returns what it found, and whether the process is in the state
// in which it was; one that is not was ended.
func (l *Look) Take(ctx context.Context, session *adapter.Session, dir string, timeout time.Duration, connections bool) (found []Finding, usable bool) {
	l.run.Timeout, l.run.dir = min(timeout, mostLook), dir
	c := &conversation{ctx: ctx, run: l.run, session: session, lines: l.lines}
	c.unknownCommands()
	c.codec()
	c.longLineOf(lookPayload)
	if connections {
		c.lookAtConnections(timeout >= leastLook)
	}
	c.do(adapter.Message{Op: adapter.OpHello, Version: adapter.Version})
	l.lines.set(func(l *lines) { l.off = true })
	if c.over || session.Err() != nil {
		session.Kill()
		return l.adapters(), false
	}
	return l.adapters(), true
}

// lookPayload is how many octets the packet in the longest line of a look has. The line is longer than the
// 64 KiB of a usual buffer.
const lookPayload = 34 << 10

// lookAtConnections checks what connections show quickly.
func (c *conversation) lookAtConnections(patient bool) {
	conn := c.open(adapter.Message{})
	if conn == nil {
		return
	}
	c.close(conn)
	if !patient {
		return
	}
	if !c.session.Can(adapter.CanSockets) {
		c.order()
	}
	c.handling()
	c.waiting()
	c.releasedFirst()
}

// adapters returns the findings that are the adapter's alone.
func (l *Look) adapters() (all []Finding) {
	l.run.mu.Lock()
	defer l.run.mu.Unlock()
	for _, f := range l.run.found.all {
		if f.Blames == Adapter {
			all = append(all, f)
		}
	}
	return all
}

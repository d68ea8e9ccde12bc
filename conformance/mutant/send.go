package mutant

import (
	"bufio"
	"io"
	"math/big"
	"time"
)

// enqueue puts a packet behind those that the sender will send. c.mu is held.
func (c *connection) enqueue(p packet) {
	if len(c.queue) >= 8 && c.has("full-pipe-drops-packets") ||
		c.has("full-pipe-drops-thousandth") && len(c.queue) >= 1000 {
		return
	}
	c.queue = append(c.queue, p)
}

// sendAll sends what is queued until the local stream ends. That the peer no longer
// reads is nothing that it could be told: what is left is thrown away.
func (c *connection) sendAll() {
	out := bufio.NewWriterSize(c.writer(), 64<<10)
	paused := false
	for {
		p, ok := c.nextPacket()
		if !ok {
			break
		}
		c.limitWriteTime()
		_, _ = out.Write(c.encode(p))
		c.tickUnless("tick-sender-silent", ">")
		paused = c.flushIfIdle(out, paused)
	}
	err := c.sendEOF(out)
	c.change(func() { c.finished, c.sendErr = true, err })
}

// writer is where the octets go: the pipe or, by a fault, one pipe at a time.
func (c *connection) writer() io.Writer {
	if c.has("pipe-holds-up-all-connections") {
		return exclusiveWriter{c}
	}
	return c.send
}

type exclusiveWriter struct{ *connection }

func (c exclusiveWriter) Write(octets []byte) (int, error) {
	c.writeLock.Lock()
	defer c.writeLock.Unlock()
	return c.send.Write(octets)
}

// nextPacket waits for a packet to send. There is none once the local stream is to
// end: after a shutdown, when every accepted request has been answered.
func (c *connection) nextPacket() (p packet, ok bool) {
	c.change(func() { c.writing = false })
	c.await(func() bool { return len(c.queue) > 0 || c.erqIsNext() || c.eofIsNext() })
	c.change(func() {
		if c.erqIsNext() {
			p, ok, c.writing = c.beginERQ(), true, true
			return
		}
		if ok = len(c.queue) > 0 && !c.isClosed(); ok {
			p, c.queue = c.queue[0], c.queue[1:]
			c.writing = true
		}
	})
	return p, ok
}

// saysNoMore reports whether EOF is next. c.mu is held.
func (c *connection) eofIsNext() bool {
	switch {
	case !c.draining:
		return false
	case len(c.pending) > 0 && c.has("eof-waits-for-answers-of-peer"), !c.localRequestsAreDone():
		return false
	case len(c.accepted) == 0:
		return true
	}
	return c.ended == "" && c.has("shutdown-ends-stream-at-once") || c.ended != "" && c.has("end-ends-stream-at-once")
}

// flushIfIdle flushes when nothing more is queued, after a pause of the grace in which
// more may be. What is queued in the pause is flushed without another, which it tells.
func (c *connection) flushIfIdle(out *bufio.Writer, paused bool) (again bool) {
	if c.grace > 0 && c.has("grace-for-each-packet") {
		c.pause(c.grace)
		_ = out.Flush()
	}
	if !c.isIdle() {
		return paused
	}
	if c.grace > 0 && c.has("grace-after-flush") {
		_ = out.Flush()
	}
	if !paused {
		shutdowns := c.shutdownsSoFar()
		c.pause(c.grace)
		if c.shutdownsSoFar() > shutdowns && c.has("shutdown-drops-unflushed") {
			out.Reset(c.send)
		}
	}
	if !c.isIdle() {
		return true
	}
	c.limitWriteTime()
	if !c.has("never-flushed") {
		_ = out.Flush()
	}
	return false
}

// hurryWriting bounds what follows in time, for a fault that gives a full pipe up.
func (c *connection) limitWriteTime() {
	pipe, ok := c.send.(interface{ SetWriteDeadline(time.Time) error })
	if ok && c.has("full-pipe-given-up") {
		_ = pipe.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
	}
}

func (c *connection) isIdle() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.queue) == 0
}

// pause lets time pass, unless the connection is closed.
func (c *connection) pause(d time.Duration) {
	if d <= 0 {
		return
	}
	over := time.NewTimer(d)
	defer over.Stop()
	select {
	case <-over.C:
	case <-c.closed:
	}
}

// sayEOF ends the local stream by the EOF packet, once.
func (c *connection) sendEOF(out *bufio.Writer) error {
	octets := c.encode(eof)
	switch {
	case c.isClosed():
		octets = nil
	case c.queuedEOF, c.has("eof-missing"), c.hasEnded() && c.has("end-answered-by-close"):
		octets = nil
	case c.has("eof-twice"):
		octets = append(octets, octets...)
	case c.has("eof-and-newline"):
		octets = append(octets, '\n')
	case c.has("eof-with-tag"):
		p := eof
		p.tag = new(big.Int).Add(c.lastTag, one)
		octets = c.encode(p)
	case c.shutdownsSoFar() > 1 && c.has("second-shutdown-says-eof"):
		octets = append(octets, octets...)
	}
	_, _ = out.Write(octets)
	err := out.Flush()
	if err != nil && c.has("broken-pipe-hangs") {
		<-c.closed
	}
	if !c.has("stream-left-open") {
		_ = c.send.Close()
	}
	return err
}

func (c *connection) hasEnded() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ended != ""
}

func (c *connection) shutdownsSoFar() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.shutdowns
}

// tickAt ticks, unless a fault keeps that silent.
func (c *connection) tickUnless(fault, octets string) {
	if c.tick != nil && !c.has(fault) {
		c.tick(octets)
	}
}

package mutant

import (
	"bufio"
	"io"
	"math/big"
	"time"
)

// enqueue queues a packet for the sender. The caller holds c.mu.
func (c *connection) enqueue(p packet) {
	if len(c.queue) >= 8 && c.has("full-pipe-drops-packets") ||
		c.has("full-pipe-drops-thousandth") && len(c.queue) >= 1000 {
		return
	}
	c.queue = append(c.queue, p)
}

// sendAll sends queued packets, and EOF last. It ignores write errors: they mean that the
// peer no longer reads, so there is nobody to report them to, and the packets are lost.
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

func (c *connection) writer() io.Writer {
	if c.has("pipe-holds-up-all-connections") {
		return exclusiveWriter{c}
	}
	return c.send
}

// An exclusiveWriter writes while no other connection does.
type exclusiveWriter struct{ *connection }

func (c exclusiveWriter) Write(octets []byte) (int, error) {
	c.writeLock.Lock()
	defer c.writeLock.Unlock()
	return c.send.Write(octets)
}

// nextPacket waits for a packet to send. It reports false once EOF is next or the
// connection is closed.
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

// eofIsNext reports whether only EOF remains to be sent. The caller holds c.mu.
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

// flushIfIdle flushes if the queue is empty and still is after a pause of the grace. It
// reports whether packets were queued during the pause: they are flushed without another.
func (c *connection) flushIfIdle(out *bufio.Writer, paused bool) (pausedNow bool) {
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
		shutdowns := c.shutdowns.Load()
		c.pause(c.grace)
		if c.shutdowns.Load() > shutdowns && c.has("shutdown-drops-unflushed") {
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

// limitWriteTime sets a deadline for the next write, for a fault that gives up a full pipe.
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

// pause waits for d, or until the connection is closed.
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

// sendEOF ends the local stream with the EOF packet.
func (c *connection) sendEOF(out *bufio.Writer) error {
	octets := c.encode(eof)
	switch {
	case c.isClosed(), c.queuedEOF, c.has("eof-missing"), c.hasEnded() && c.has("end-answered-by-close"):
		octets = nil
	case c.has("eof-twice"):
		octets = append(octets, octets...)
	case c.has("eof-and-newline"):
		octets = append(octets, '\n')
	case c.has("eof-with-tag"):
		p := eof
		p.tag = new(big.Int).Add(c.lastTag, one)
		octets = c.encode(p)
	case c.shutdowns.Load() > 1 && c.has("second-shutdown-says-eof"):
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

func (c *connection) tickUnless(fault, mark string) {
	if c.tick != nil && !c.has(fault) {
		c.tick(mark)
	}
}

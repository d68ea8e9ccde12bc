package reference

import (
	"fmt"
	"io"
	"net"
	"runtime"
	"slices"
	"time"
)

// transmit runs as the sender: it writes packets until the connection is shut down and
// every accepted request is answered, then the EOF packet, and nothing after it. If a
// write fails, it cancels the local requests that may not have left whole; the others
// may still be answered. (EOS-4, SHD-11)
func (c *PacketConnection) transmit() {
	written, err := c.sendPackets()
	c.closeSend()
	if err != nil && c.ctx.Err() == nil {
		c.log.Debug("sending ended", "reason", err)
	}
	c.update(func(s *state) {
		if err != nil && s.abandoned {
			err = ErrClosed
		}
		s.closing, s.sent, s.sendErr = true, true, err
		if err != nil {
			s.cancelPending(written, err)
		}
		s.dropWork()
	})
	c.cancel()
}

// bulk is the size, in octets, of a batch that is written before the grace is over: it is
// enough for a write of its own.
const bulk = 4 << 10

// A work is what the sender does next.
type work int

const (
	nothing work = iota // but wait
	write               // write what is queued
	end                 // send EOF
	stop                // stop at once: the connection is abandoned
)

// work returns what the sender has to do.
func (s *state) work() work {
	switch {
	case s.abandoned:
		return stop
	case s.out.packets > 0 && (s.gracious == nil || *s.gracious || s.drained() || s.out.octets >= bulk):
		return write
	case s.out.packets == 0 && s.drained():
		return end
	}
	return nothing
}

// sendPackets sends packets until the EOF packet has left, and returns nil then; or until a
// write fails or the connection is abandoned. written is the number of octets that have left.
func (c *PacketConnection) sendPackets() (written uint64, err error) {
	for {
		next := c.awaitWork()
		if next == write && c.grace > 0 {
			next = c.awaitGrace()
		}
		sending := "send"
		switch next {
		case stop:
			return written, ErrClosed
		case end:
			sending = "send EOF"
			c.update(func(s *state) { s.out.add(&Packet{IsRequest: true}) })
		}
		n, err := c.flush()
		written += uint64(n)
		if err != nil {
			return written, fmt.Errorf("%s: %w", sending, err)
		}
		if next == end {
			return written, nil
		}
	}
}

// awaitWork waits until the sender has something to do.
//
// A sender that was woken lets other goroutines run first: they often queue more packets,
// which then leave in the same write. Without that, 64 requests in flight take 1.8 times
// as long.
func (c *PacketConnection) awaitWork() (next work) {
	for {
		c.update(func(s *state) {
			next = s.work()
			s.senderWaits = next == nothing
		})
		if next != nothing {
			return next
		}
		<-c.wakeSender
		runtime.Gosched()
	}
}

// awaitGrace waits for packet_grace, so that one flush sends all packets that are queued
// meanwhile. The time runs once: a packet that arrives in it does not start it anew, or a
// steady trickle of packets would delay the flush for ever. It ends early when only EOF is
// left to send, and when there is enough for a write of its own. (GRC-2)
func (c *PacketConnection) awaitGrace() work {
	over := false
	c.update(func(s *state) { s.gracious = &over })
	timer := time.AfterFunc(c.grace, func() { c.update(func(*state) { over = true }) })
	next := c.awaitWork()
	timer.Stop()
	c.update(func(s *state) { s.gracious = nil })
	return next
}

// flush writes what is queued, and returns how many octets were written.
func (c *PacketConnection) flush() (n int64, err error) {
	var b batch
	c.update(func(s *state) {
		b = s.out.take()
		s.writes++
	})
	for range b.packets {
		c.ticks(">")
	}
	n, err = c.writeChunks(b.chunks)
	c.update(func(s *state) {
		s.held -= b.held
		s.writes++
		s.out.reuse(b.chunks)
	})
	return n, err
}

// writeChunks returns how many octets were written. A connection of package net sends
// several chunks by one system call.
func (c *PacketConnection) writeChunks(chunks [][]byte) (n int64, err error) {
	if _, gathers := c.send.(net.Conn); gathers && len(chunks) > 1 {
		gathered := net.Buffers(slices.Clone(chunks)) // WriteTo changes the list
		return gathered.WriteTo(c.send)
	}
	for _, chunk := range chunks {
		m, err := c.send.Write(chunk)
		n += int64(max(0, m))
		if err == nil && m < len(chunk) {
			err = io.ErrShortWrite
		}
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

package reference

import (
	"bufio"
	"fmt"
	"time"
)

// transmit runs as the sender: it writes packets until the connection is shut down and
// every accepted request is answered, then the EOF packet, and nothing after it. If a
// write fails, it cancels the local requests that are queued or may not have left whole;
// the others may still be answered. (EOS-4, SHD-11)
func (c *PacketConnection) transmit() {
	t := transmitter{c: c, w: bufio.NewWriter(c.send)}
	err := t.run()
	c.closeSend()
	c.update(func(s *state) {
		if err != nil && s.abandoned {
			err = ErrClosed
		}
		for _, call := range t.unflushed {
			s.resolve(call, Response{}, ErrCancelled)
		}
		s.dropWork()
		s.closing, s.sent, s.sendErr = true, true, err
	})
	c.cancel()
}

// A transmitter is the state of the sender. Only the sender's goroutine uses it, without
// the mutex.
type transmitter struct {
	c         *PacketConnection
	w         *bufio.Writer
	unflushed []*Call // for each packet that may not have left whole; nil for a response
}

// run sends packets until the EOF packet has left, and returns nil then; or until a
// write fails or the connection is abandoned.
func (t *transmitter) run() error {
	for {
		switch next(t, never) {
		case stop:
			return ErrClosed
		case end:
			return t.end()
		}
		if err := t.writeQueue(); err != nil {
			return err
		}
		if err := t.grace(); err != nil {
			return err
		}
		t.c.tick([]byte("F"))
		if err := t.flush(); err != nil {
			return err
		}
	}
}

// A work is what the sender does next.
type work int

const (
	nothing work = iota // giveUp came first
	write               // write the queue
	end                 // send EOF
	stop                // stop at once: the connection is abandoned
)

// next waits until there is work, or for giveUp, and returns the work.
func next[T any](t *transmitter, giveUp <-chan T) (w work) {
	await(t.c, giveUp, func(s *state) bool {
		switch {
		case s.abandoned:
			w = stop
		case len(s.queue) > 0:
			w = write
		case s.drained():
			w = end
		}
		return w != nothing
	})
	return w
}

// writeQueue writes packets to the buffer until the queue is empty.
func (t *transmitter) writeQueue() error {
	for {
		var out outgoing
		var ok bool
		t.c.update(func(s *state) { out, ok = s.dequeue() })
		if !ok {
			return nil
		}
		t.c.tick([]byte(">"))
		t.unflushed = append(t.unflushed, out.call)
		if _, err := t.w.Write(out.octets); err != nil {
			return fmt.Errorf("send: %w", err)
		}
		// If the buffer holds no more than this packet, the packets before it have left.
		if t.w.Buffered() <= len(out.octets) {
			t.unflushed = t.unflushed[len(t.unflushed)-1:]
		}
	}
}

// grace waits for packet_grace and writes the packets that are queued meanwhile, so that
// one flush sends them all. The time runs once: a packet that arrives in it does not
// start it anew, or a steady trickle of packets would delay the flush for ever. It ends
// early when only EOF is left to send. (GRC-2)
func (t *transmitter) grace() error {
	if t.c.grace <= 0 {
		return nil
	}
	t.c.tick([]byte("Sg"))
	over := time.NewTimer(t.c.grace)
	defer over.Stop()
	for {
		switch next(t, over.C) {
		case write:
			if err := t.writeQueue(); err != nil {
				return err
			}
		case stop:
			return ErrClosed
		default:
			return nil
		}
	}
}

// end writes and flushes the EOF packet.
func (t *transmitter) end() error {
	t.c.tick([]byte(">EOF"))
	octets, err := Packet{IsRequest: true}.AppendBinary(nil)
	if err == nil {
		_, err = t.w.Write(octets)
	}
	if err == nil {
		err = t.flush()
	}
	if err != nil {
		return fmt.Errorf("send EOF: %w", err)
	}
	return nil
}

// flush writes the buffer to send; everything written so far has left then.
func (t *transmitter) flush() error {
	if err := t.w.Flush(); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	t.unflushed = t.unflushed[:0]
	return nil
}

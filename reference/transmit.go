package reference

import (
	"bufio"
	"fmt"
	"time"
)

// transmit is the sender: it writes packets until everything accepted is answered
// and the connection is closing, then the EOF packet, and nothing after it. If send
// fails, requests that never left are cancelled; others may still be answered. (EOS-4, SHD-11)
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

// transmitter is the sender's own: what it has written and not flushed.
type transmitter struct {
	c         *PacketConnection
	w         *bufio.Writer
	unflushed []*Call // of each packet; nil if it is a response
}

func (t *transmitter) run() error {
	for {
		switch next(t, always) {
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

// What the sender is to do next.
type work int

const (
	nothing work = iota // the time to wait for work is over
	write               // what is queued
	end                 // the stream
	stop                // at once: the connection was abandoned
)

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

// writeQueue writes packets until none is queued.
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
		if t.w.Buffered() <= len(out.octets) { // the buffer was full: all before has left
			t.unflushed = t.unflushed[len(t.unflushed)-1:]
		}
	}
}

// grace writes what is queued in the time that packet_grace gives, so that it is
// flushed together with what was written before. The time runs once: a steady
// trickle of packets does not put the flush off. (GRC-2)
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

// end sends what says that nothing more will come.
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

func (t *transmitter) flush() error {
	if err := t.w.Flush(); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	t.unflushed = t.unflushed[:0]
	return nil
}

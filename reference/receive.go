package reference

import (
	"fmt"
	"io"
	"time"
)

// receive runs as the receiver: it handles packets until the peer's stream ends. Every
// kind of end has the same effect: it cancels the pending calls and shuts the
// connection down, so that the sender finishes and sends EOF. (EOS-2, EOS-3)
//
// If the stream broke, the handlers' contexts end. If it merely stopped without EOF, or was
// malformed, their responses are still due for the time of [WithLinger].
func (c *PacketConnection) receive() {
	r := NewReader(c.recv, c.maxPacket)
	reason := c.receivePackets(r)
	c.closeRecv()
	abandoned := false
	c.update(func(s *state) {
		if abandoned = s.abandoned; abandoned {
			reason = ErrClosed
		}
		s.closing, s.received, s.reason = true, true, reason
		s.cancelPending(0, reason)
	})
	if reason == nil || abandoned {
		return
	}
	c.log.Debug("the peer's stream ended", "reason", reason)
	if r.broken {
		c.cancel()
	}
	c.linger()
}

// receivePackets handles packets until the peer's stream ends, and returns the reason:
// nil after an EOF packet.
func (c *PacketConnection) receivePackets(r *Reader) error {
	strays, logged := 0, 1
	for {
		c.ticks("<")
		start := r.Offset()
		p, err := r.Next()
		switch {
		case err == io.EOF: //nolint:errorlint // Next returns just this
			return ErrCut
		case err != nil:
			return err
		case p.IsEOF():
			return nil
		case p.IsRequest && p.Channel == 0 && p.Type == 0:
			return &MalformedError{Offset: start, Reason: "an EOF packet has a tag, flags or a payload"}
		}
		left, stray := ample, false
		c.update(func(s *state) {
			if p.IsRequest {
				c.accept(s, &p)
			} else {
				stray = !s.deliver(&p)
			}
			left = c.room(s)
			s.receiverWaits = left == full
		})
		if stray {
			if strays++; strays == logged { // the 1st, 10th, 100th: a peer could fill the log
				logged *= 10
				c.log.Warn("ignored a response to no pending request", "channel", p.Channel, "tag", p.Tag, "ignored so far", strays)
			}
		}
		if left == full {
			<-c.wakeReceiver
			c.update(func(s *state) { left = c.room(s) })
		}
		if left == overfull {
			return ErrOverload
		}
	}
}

// A roomLeft says what a receiver does.
type roomLeft int

const (
	ample    roomLeft = iota // it reads on
	full                     // it pauses
	overfull                 // it ends the peer's stream
)

// room reports what the backlog lets the receiver do. While accepted requests and unsent
// responses cost as much as [WithBacklog] allows, it pauses: the pipe fills up, and the peer
// has to wait until a handler or the sender makes room. It must not pause if only a response
// of the peer can make room, as when handlers wait for the peer:
//
//  1. The peer's requests fill the backlog. Each handler sends the peer a request and
//     waits for the response.
//  2. The receiver pauses, and never reads these responses.
//
// It also happens if no handler waits, but both ends send requests:
//
//  1. Each end has a full backlog of responses, which its sender cannot write, because
//     the other end does not read.
//  2. Each receiver pauses until its sender makes room.
//
// So the receiver pauses only if a handler runs, which will finish or begin to wait, or if no
// local call is pending, so that no response is missed. In all other cases it reads on past
// the limit. A peer that never answers could then make it hold any amount: at overload times
// the limit the connection fails with [ErrOverload]. (BID-3)
//
// If nothing is held, there is room for a packet, however small the limit. After a
// shutdown the receiver never pauses, since no more requests are accepted: what it holds
// are refusals, which are bounded like everything else.
func (c *PacketConnection) room(s *state) roomLeft {
	switch {
	case s.held < c.backlog, s.held == 0, s.sent, s.abandoned:
		return ample
	case s.held >= overload*c.backlog && (s.closing || s.running == 0 && len(s.pending) > 0):
		return overfull
	case s.closing, s.running == 0 && len(s.pending) > 0:
		return ample
	}
	return full
}

// deliver resolves the call that p answers. It reports whether such a call is pending:
// if not, p is ignored. (RSP-5)
func (s *state) deliver(p *Packet) bool {
	call := s.pending[id{p.Channel, p.Tag}]
	if call == nil {
		return false
	}
	s.remove(call)
	call.finish(Response{OK: p.Flags&okBit != 0, Reply: Reply{Flags: p.Flags >> replyShift, Payload: p.Payload}}, nil)
	return true
}

// accept queues a request for the handler, or refuses it with a failure response.
// (HND-8, CHN-1, TAG-4)
//
// After a shutdown it drops the request without a response, as SHD-10 allows, unless a
// local handler waits for the peer. Dropping could then keep both ends waiting:
//
//  1. A's handler asks B and waits. A is shut down, and its EOF waits for this handler.
//  2. To answer, B's handler asks A, and waits.
//  3. A drops that. B's handler waits for ever, so A's does too, and A never sends EOF.
func (c *PacketConnection) accept(s *state, p *Packet) {
	_, inFlight := s.accepted[p.Tag]
	switch {
	case s.closing && s.live == s.running:
	case s.closing:
		s.refuse(p, "the connection is shut down")
	case p.Channel != 0:
		s.refuse(p, fmt.Sprintf("unknown channel %d", p.Channel))
	case c.handler == nil:
		s.refuse(p, "no request handler")
	case inFlight:
		s.refuse(p, fmt.Sprintf("tag %d is already in use", p.Tag))
	default:
		s.accepted[p.Tag] = struct{}{}
		s.held += cost(p.Payload)
		s.waiting = append(s.waiting, job{p.Tag, Request{Type: p.Type - 1, Flags: p.Flags, Payload: p.Payload}})
		c.dispatch(s)
	}
}

// refuse queues a failure response to p.
func (s *state) refuse(p *Packet, why string) {
	s.enqueue(&Packet{Channel: p.Channel, Tag: p.Tag, Payload: []byte(why)})
}

// enqueue queues a response for the sender, or drops it if nothing more is sent.
func (s *state) enqueue(p *Packet) {
	if s.sent || s.abandoned {
		return
	}
	s.held += cost(p.Payload)
	s.out.add(p)
}

// linger ends the handlers' contexts after the time of [WithLinger]. From then on it closes
// send if a write makes no progress for that time.
func (c *PacketConnection) linger() {
	for before := 0; ; {
		select {
		case <-time.After(c.lingerTime):
		case <-c.ended:
			return
		}
		c.cancel()
		writes, sent := 0, false
		c.update(func(s *state) { writes, sent = s.writes, s.sent })
		if writes == before && writes%2 == 1 {
			c.closeBoth()
		}
		if sent {
			return
		}
		before = writes
	}
}

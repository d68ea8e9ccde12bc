package reference

import (
	"errors"
	"fmt"
	"io"
)

// receive runs as the receiver: it handles packets until the peer's stream ends. Every
// kind of end has the same effect: it cancels the pending calls and shuts the
// connection down, so that the sender finishes and sends EOF. (EOS-2, EOS-3)
func (c *PacketConnection) receive() {
	reason := c.receivePackets()
	if reason != nil {
		c.log.Warn("the peer's stream ended", "reason", reason)
	}
	c.closeRecv()
	c.update(func(s *state) {
		if s.abandoned {
			reason = ErrClosed
		}
		s.closing, s.received, s.reason = true, true, reason
		s.cancelPending()
	})
}

// receivePackets handles packets until the peer's stream ends, and returns the reason:
// nil after an EOF packet.
func (c *PacketConnection) receivePackets() error {
	r := NewReader(c.recv, c.maxPacket)
	for {
		if err := c.awaitRoom(); err != nil {
			return err
		}
		c.tick([]byte("<"))
		start := r.Offset()
		p, err := r.Next()
		switch {
		case errors.Is(err, io.EOF):
			return ErrCut
		case err != nil:
			return err
		case !p.IsRequest:
			c.deliver(p)
		case p.IsEOF():
			return nil
		case p.Channel == 0 && p.Type == 0:
			return &MalformedError{Offset: start, Reason: "an EOF packet has a tag, flags or a payload"}
		default:
			c.accept(p)
		}
	}
}

// awaitRoom pauses the receiver while the backlog is full: while accepted requests and
// unsent responses cost as much as [WithBacklog] allows. Then the pipe fills up, and
// the peer has to wait. The pause ends when a handler or the sender makes room.
//
// The receiver must not pause if only a response of the peer can make room: it would
// not read that response. It happens when handlers wait for the peer:
//
//  1. The peer's requests fill the backlog. Each handler sends the peer a request and
//     waits for the response.
//  2. The receiver pauses until a handler finishes.
//  3. The peer sends its responses. They stay in the pipe, unread, and no handler
//     finishes.
//
// It also happens if no handler waits, but both ends send requests:
//
//  1. Each end sends the other many requests, and its handlers answer those it gets.
//  2. Each end has a full backlog of responses, which its sender cannot write, because
//     the other end does not read.
//  3. Each receiver pauses until its sender makes room.
//
// So the receiver pauses only in two cases: a handler runs, which will finish or begin to
// wait; or no local call is pending, so that no response is missed. In all other cases it
// reads on past the limit. A peer that never answers could then make it hold any amount:
// at overload times the limit awaitRoom returns [ErrOverload], which ends the peer's
// stream. (BID-3)
//
// If nothing is held, there is room for a packet, however small the limit. After a
// shutdown there is always room, since no more requests are accepted; refusals that
// are queued then are not bounded.
func (c *PacketConnection) awaitRoom() (err error) {
	await(c, never, func(s *state) bool {
		switch {
		case s.closing, s.held < c.backlog, s.held == 0:
			return true
		case s.running > 0, len(s.pending) == 0:
			return false
		case s.held >= overload*c.backlog:
			err = ErrOverload
		}
		return true
	})
	return err
}

// deliver resolves the call that p answers. It ignores p if no such call is pending. (RSP-5)
func (c *PacketConnection) deliver(p Packet) {
	known := false
	c.update(func(s *state) {
		var call *Call
		if call, known = s.pending[id{p.Channel, p.Tag}]; known {
			reply := Reply{Flags: p.Flags >> replyShift, Payload: p.Payload}
			s.resolve(call, Response{OK: p.Flags&okBit != 0, Reply: reply}, nil)
		}
	})
	if !known {
		c.log.Warn("ignored a response to no pending request", "channel", p.Channel, "tag", p.Tag)
	}
}

// accept queues a request for the handler, or refuses it with a failure response.
// (HND-8, CHN-1, TAG-4)
//
// After a shutdown it drops the request without a response, as SHD-10 allows, unless a
// local handler waits for the peer. Dropping could then keep both ends waiting:
//
//  1. A's handler sends B a request and waits. A is shut down, and EOF waits for this
//     handler.
//  2. B's handler for that request sends A a request of its own and waits.
//  3. A drops it. B's handler waits for ever, so A's handler does too, and A never
//     sends EOF.
//
// A failure response lets B's handler go on. If no handler of A waits, A does send EOF,
// which cancels B's request.
func (c *PacketConnection) accept(p Packet) {
	c.update(func(s *state) {
		_, inFlight := s.accepted[p.Tag]
		switch {
		case s.closing && s.live == s.running:
		case s.closing:
			refuse(s, p, "the connection is shut down")
		case p.Channel != 0:
			refuse(s, p, fmt.Sprintf("unknown channel %d", p.Channel))
		case c.handler == nil:
			refuse(s, p, "no request handler")
		case inFlight:
			refuse(s, p, fmt.Sprintf("tag %d is already in use", p.Tag))
		default:
			s.accepted[p.Tag] = struct{}{}
			s.held += cost(p.Payload)
			s.waiting = append(s.waiting, job{
				tag:     p.Tag,
				request: Request{Type: p.Type - 1, Flags: p.Flags, Payload: p.Payload},
			})
			c.dispatch(s)
		}
	})
}

// refuse queues a failure response to p.
func refuse(s *state, p Packet, why string) {
	s.enqueue(answer(p.Channel, p.Tag, false, failure(why)), nil)
}

package reference

import (
	"errors"
	"fmt"
	"io"
)

// receive is the receiver: it reads packets until the peer's stream ends, then
// leaves the connection in the same state whatever the end was: pending calls
// cancelled, no new work, its own EOF on the way. (EOS-2, EOS-3)
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
			return &MalformedError{Offset: start, Reason: "an EOF packet with a tag, flags or payload"}
		default:
			c.accept(p)
		}
	}
}

// awaitRoom waits while as much is held for the peer as may be; after a shutdown
// nothing more is accepted, so that there is nothing to wait for. It does not wait for
// room that only an answer of the peer's may make, when no handler is at work and some
// call is pending: two ends could wait for each other. It fails when that leads to
// overload times what may be held. (BID-3)
func (c *PacketConnection) awaitRoom() (err error) {
	await(c, always, func(s *state) bool {
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

// deliver completes the call that p answers. Without one, p is ignored. (RSP-5)
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

// accept takes a request for the handler or refuses it by a failure response. After a
// shutdown it drops it, unless a handler waits for the peer: the peer's own may wait
// for this request, and neither would ever be answered. (SHD-10, HND-8, CHN-1, TAG-4)
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

func refuse(s *state, p Packet, why string) {
	s.enqueue(answer(p.Channel, p.Tag, false, failure(why)), nil)
}

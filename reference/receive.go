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
	closeStream(c.recv)
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
		c.awaitRoom()
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

// awaitRoom waits while as much is held for the peer as may be. After a shutdown
// nothing more is accepted, so that there is nothing to wait for.
func (c *PacketConnection) awaitRoom() {
	await(c, always, func(s *state) bool { return s.held < c.backlog || s.held == 0 || s.closing })
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

// accept takes a request for the handler, refuses it by a failure response, or,
// after a shutdown, drops it. (SHD-5, HND-9, CHN-1, TAG-4)
func (c *PacketConnection) accept(p Packet) {
	c.update(func(s *state) {
		if s.closing {
			return
		}
		_, inFlight := s.accepted[p.Tag]
		switch {
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

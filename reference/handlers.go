package reference

import (
	"context"
	"errors"
	"fmt"
)

// job is an accepted request that has not been answered.
type job struct {
	tag     uint64
	request Request
}

// dispatch starts handlers while there are both requests and slots. Handlers that
// want their slot back go first.
func (c *PacketConnection) dispatch(s *state) {
	for len(s.waiting) > 0 && s.running+s.resuming < c.handlers {
		j := s.waiting[0]
		s.waiting[0] = job{}
		s.waiting = s.waiting[1:]
		s.running++
		s.live++
		go c.handle(j)
	}
}

// handle runs the handler for one request and queues its response.
func (c *PacketConnection) handle(j job) {
	reply, err := c.callHandler(j.request)
	if err == nil && reply.Flags > maxReplyFlags {
		err = fmt.Errorf("%w: reply flags %d", ErrRange, reply.Flags)
	}
	if err != nil {
		reply = failure(err.Error())
	}
	octets := answer(0, j.tag, err == nil, reply)
	c.update(func(s *state) {
		delete(s.accepted, j.tag)
		s.held -= cost(j.request.Payload)
		s.enqueue(octets, nil)
		s.running--
		s.live--
		c.dispatch(s)
	})
}

// errPanicked is all that a peer learns of a panic.
var errPanicked = errors.New("panic in the request handler")

func (c *PacketConnection) callHandler(r Request) (reply Reply, err error) {
	defer func() {
		if p := recover(); p != nil {
			c.log.Error("handler panicked", "panic", p)
			err = errPanicked
		}
	}()
	return c.handler(context.WithValue(c.ctx, slotOf{c}, true), r)
}

// slotOf is the context key under which a handler of a connection finds that it
// holds one of the connection's slots.
type slotOf struct{ *PacketConnection }

// yield gives up the slot of the handler whose context ctx is, if it is one, while
// it waits for an answer: otherwise handlers that wait for each other's peers could
// take every slot and wait for ever. The function returned takes the slot back. (BID-3)
func (c *PacketConnection) yield(ctx context.Context) (resume func()) {
	if ctx.Value(slotOf{c}) == nil {
		return func() {}
	}
	c.update(func(s *state) { s.running--; c.dispatch(s) })
	return func() {
		c.update(func(s *state) { s.resuming++ })
		await(c, always, func(s *state) bool {
			if s.running >= c.handlers {
				return false
			}
			s.resuming--
			s.running++
			return true
		})
	}
}

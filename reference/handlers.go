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
	var reply Reply
	err := errNoReply
	defer func() { c.respond(j, reply, err) }() // even if the handler ends its goroutine
	reply, err = c.callHandler(j.request)
}

// respond queues the response to j, whose handler has ended.
func (c *PacketConnection) respond(j job, reply Reply, err error) {
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

var (
	errPanicked = errors.New("panic in the request handler") // all that a peer learns of it
	errNoReply  = errors.New("the request handler did not return")
)

func (c *PacketConnection) callHandler(r Request) (reply Reply, err error) {
	defer func() {
		if p := recover(); p != nil {
			c.log.Error("handler panicked", "panic", p)
			err = errPanicked
		}
	}()
	return c.handler(context.WithValue(c.ctx, slotOf{c}, new(slot)), r)
}

// slotOf is the context key under which a handler of a connection finds its slot.
type slotOf struct{ *PacketConnection }

// slot is a handler's place among those at work. It is given up while the handler,
// in one or several goroutines, waits for answers.
type slot struct{ waits int }

// yield gives up the slot of the handler whose context ctx is, if it is one, while
// it waits for an answer: otherwise handlers that wait for each other's peers could
// take every slot and wait for ever. The function returned takes the slot back. (BID-3)
func (c *PacketConnection) yield(ctx context.Context) (resume func()) {
	slot, ok := ctx.Value(slotOf{c}).(*slot)
	if !ok {
		return func() {}
	}
	c.update(func(s *state) {
		if slot.waits++; slot.waits == 1 {
			s.running--
			c.dispatch(s)
		}
	})
	return func() {
		c.update(func(s *state) { s.resuming++ })
		await(c, always, func(s *state) bool {
			last := slot.waits == 1
			if last && s.running >= c.handlers {
				return false
			}
			s.resuming--
			if slot.waits--; last {
				s.running++
			}
			return true
		})
	}
}

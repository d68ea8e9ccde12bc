package reference

import (
	"context"
	"errors"
	"fmt"
)

// A job is an accepted request that has not been answered.
type job struct {
	tag     uint64
	request Request
}

// dispatch starts handlers while requests wait and slots are free. It leaves a slot
// free for each handler that waits to take its slot back.
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

// handle runs the handler for one request and queues its response. The deferred call
// queues one even if the handler calls runtime.Goexit.
func (c *PacketConnection) handle(j job) {
	var reply Reply
	err := errNoReply
	defer func() { c.respond(j, reply, err) }()
	reply, err = c.callHandler(j.request)
}

// respond queues the response to j, whose handler has ended, and frees the handler's
// slot. An error, or flags that do not fit, make it a failure response.
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
	errPanicked = errors.New("panic in the request handler") // the peer does not get the value
	errNoReply  = errors.New("the request handler did not return")
)

// callHandler calls the handler with a context that leads to its slot, and recovers
// from a panic, whose value it logs.
func (c *PacketConnection) callHandler(r Request) (reply Reply, err error) {
	defer func() {
		if p := recover(); p != nil {
			c.log.Error("handler panicked", "panic", p)
			err = errPanicked
		}
	}()
	return c.handler(context.WithValue(c.ctx, slotOf{c}, new(slot)), r)
}

// slotOf is the key of a handler's slot in the handler's context. It contains the
// connection, since a handler may also wait for a request on another connection:
// yield of that connection then finds no slot, and this one keeps its own.
type slotOf struct{ *PacketConnection }

// A slot is the right of one handler to run: at most config.handlers handlers have
// theirs at once. A handler that waits for a response from the peer gives its slot up,
// or the two ends could deadlock. With four slots at each end:
//
//  1. A sends four requests. B's four handlers start, and occupy all slots of B.
//  2. Each of them sends a request to A and waits. A's four handlers start, and each
//     sends a request to B and waits.
//  3. These four requests wait at B for a slot. B's slots are occupied by handlers
//     that wait for A's handlers, which wait for these four requests.
//
// No fixed number of slots is enough: requests can be nested more deeply, and a peer may
// answer nothing until it has seen all the requests that it expects (BID-3).
//
// When its response has arrived, the handler needs a slot again. It takes the first
// that is free, before any request that has not begun: if new requests went first, a
// busy peer could keep the handler from finishing for ever.
//
// The handler has its slot while waits, which the connection's mutex guards, is 0. waits
// counts the calls of yield that have not resumed: a handler may wait in several
// goroutines at once, and [PacketConnection.Do] yields around the yield of [Call.Wait].
type slot struct{ waits int }

// yield gives up the slot of the handler that ctx belongs to; without such a handler it
// does nothing. The function that it returns waits until a slot is free and takes it
// back. Several yields of one handler give up its only slot once, and the last that
// resumes takes it back. (BID-3)
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
		await(c, never, func(s *state) bool {
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

package reference

import (
	"context"
	"errors"
	"runtime/debug"
)

// A job is an accepted request that has not been answered.
type job struct {
	tag     uint64
	request Request
}

// dispatch hands out free slots: first to handlers that want theirs back, then to requests
// that no handler has begun.
func (c *PacketConnection) dispatch(s *state) {
	for s.running < c.handlers {
		switch {
		case len(s.resuming) > 0:
			pop(&s.resuming).take(s)
		case len(s.waiting) > 0:
			go c.work(c.begin(s))
		default:
			return
		}
	}
}

// begin removes the first waiting request and gives it a slot.
func (c *PacketConnection) begin(s *state) *handling {
	s.live++
	h := &handling{Context: c.ctx, job: pop(&s.waiting), slot: slot{conn: c}}
	h.take(s)
	return h
}

// work runs the handler for a request, and for others as long as some wait: a new
// goroutine for each would cost more. The deferred call answers a request whose handler
// calls runtime.Goexit, which ends this goroutine.
func (c *PacketConnection) work(h *handling) {
	defer func() {
		if h != nil {
			if next := c.respond(h, failure(errNoReply), errNoReply); next != nil {
				go c.work(next)
			}
		}
	}()
	for h != nil {
		reply, err := c.callHandler(h, h.request)
		h = c.respond(h, reply, err)
	}
}

var (
	errPanicked = errors.New("panic in the request handler") // the peer does not get the value
	errNoReply  = errors.New("the request handler did not return")
)

// callHandler calls the handler. If it returns an error or panics, so does callHandler
// return one, and reply is that of the failure response.
func (c *PacketConnection) callHandler(ctx context.Context, r Request) (reply Reply, err error) {
	defer func() {
		if p := recover(); p != nil {
			c.log.Error("handler panicked", "panic", p, "stack", string(debug.Stack()))
			reply, err = failure(errPanicked), errPanicked
		}
	}()
	if reply, err = c.handler(ctx, r); err != nil {
		reply = failure(err) // here, because err.Error may panic
	}
	return reply, err
}

// respond queues the response of a handler that has ended, and frees its slot. It returns
// the next request for the same goroutine, or nil.
func (c *PacketConnection) respond(h *handling, reply Reply, err error) (next *handling) {
	p, unsendable := c.response(h.tag, reply, err == nil)
	if unsendable != nil {
		c.log.Warn("a reply cannot be sent", "tag", h.tag, "reason", unsendable)
		p, _ = c.response(h.tag, failure(unsendable), false)
	}
	c.update(func(s *state) {
		delete(s.accepted, h.tag)
		s.held -= cost(h.request.Payload)
		s.enqueue(&p)
		s.live--
		h.end(s)
		if len(s.waiting) > 0 && len(s.resuming) == 0 && s.running < c.handlers {
			next = c.begin(s)
		}
		c.dispatch(s)
	})
	return next
}

// A handling is one call of the handler: its context, its request and its slot.
type handling struct {
	context.Context
	job
	slot
}

type slotKey struct{}

// Value implements [context.Context].
func (h *handling) Value(key any) any {
	if key == (slotKey{}) {
		return &h.slot
	}
	return h.Context.Value(key)
}

// Connection returns the connection whose handler was called with ctx, or with a context
// that ctx is derived from. It returns nil if there is none.
func Connection(ctx context.Context) *PacketConnection {
	if s := slotOf(ctx); s != nil {
		return s.conn
	}
	return nil
}

// A slot is the right of one handler to run: at most config.handlers handlers have
// theirs at once. A handler that waits for a response, or for room to send a request,
// gives its slot up, or the two ends could deadlock. With four slots at each end:
//
//  1. A sends four requests. Each of B's four handlers asks A and waits.
//  2. Each of the four handlers that this starts at A asks B and waits.
//  3. These requests wait at B for a slot. B's slots are occupied by handlers that wait
//     for A's handlers, which wait for these requests.
//
// No fixed number of slots is enough, because requests can be nested more deeply (BID-3). It
// is the same if the request goes to another connection, which may lead back to this one.
//
// When its response has arrived, the handler gets the first slot that is free, before any
// request that has not begun: a busy peer could keep it from finishing for ever. If its
// context ends, it goes on without a free slot: it has a deadline to keep.
//
// The mutex of the connection guards the fields.
type slot struct {
	conn  *PacketConnection
	held  bool
	waits int           // goroutines of the handler that wait for something else
	ended bool          // the handler has returned: goroutines that it left behind need no slot
	ready chan struct{} // closed once the slot is held again; nil if no goroutine wants it back
}

// slotOf returns the slot of the handler that ctx belongs to, or nil.
func slotOf(ctx context.Context) *slot {
	own, _ := ctx.Value(slotKey{}).(*slot)
	return own
}

// giveUp gives up the slot of the handler that ctx belongs to, and returns it. Several
// goroutines of one handler give its only slot up once, and the last of them takes it back.
func giveUp(ctx context.Context) *slot {
	own := slotOf(ctx)
	if own == nil {
		return nil
	}
	own.conn.update(func(s *state) {
		own.waits++
		own.release(s)
		own.conn.dispatch(s)
	})
	return own
}

// takeBack waits until a slot is free, or until ctx ends, and takes it. It does nothing
// without a slot.
func (own *slot) takeBack(ctx context.Context) {
	if own == nil {
		return
	}
	var ready chan struct{}
	own.conn.update(func(s *state) {
		own.waits--
		switch {
		case own.held, own.ended, own.waits > 0:
		case s.running < own.conn.handlers:
			own.take(s)
		default:
			if own.ready == nil {
				own.ready = make(chan struct{})
				s.resuming = append(s.resuming, own)
			}
			ready = own.ready
		}
	})
	if ready == nil {
		return
	}
	select {
	case <-ready:
	case <-ctx.Done():
		own.conn.update(func(s *state) {
			if own.ready == ready { // dispatch was not quicker
				s.resuming = without(s.resuming, own)
				own.take(s)
			}
		})
	}
}

// take takes the slot, and wakes the goroutines that want it back.
func (own *slot) take(s *state) {
	own.held = true
	s.running++
	own.wake()
}

// release frees the slot, if it is held.
func (own *slot) release(s *state) {
	if own.held {
		own.held = false
		s.running--
	}
}

// end frees the slot of a handler that has returned.
func (own *slot) end(s *state) {
	own.release(s)
	own.ended = true
	if own.ready != nil {
		s.resuming = without(s.resuming, own)
		own.wake()
	}
}

func (own *slot) wake() {
	if own.ready != nil {
		close(own.ready)
		own.ready = nil
	}
}

package reference

import "fmt"

// A state holds everything that changes in a connection. PacketConnection.mu guards it:
// only functions that update runs read or write it, and none of them blocks.
//
// These invariants hold whenever the mutex is free:
//   - closing, abandoned, received and sent never become false again. abandoned, received
//     and sent each imply closing.
//   - pending contains a call from its submission until it is answered, cancelled or
//     forgotten. Only remove takes it out.
//   - accepted contains the tag of a request of the peer from its acceptance until its
//     response is queued. If the request is dropped unanswered, because nothing more is
//     sent, the tag stays.
//   - held is the cost of the requests in accepted and of the responses that the sender
//     has not written.
//   - If a request or a handler waits for a slot, running >= handlers.
//   - running <= live. The difference is the number of handlers that wait for a response
//     or for their slot. running exceeds handlers only by handlers whose wait was ended
//     by its context: they go on without waiting for a slot.
//   - Once closing, nothing is added to pending, accepted or waiting.
//   - Once sent or abandoned, out is empty.
//   - No goroutine waits for what is there already: wake ends each such wait.
type state struct {
	closing   bool  // shut down: no new work in either direction
	abandoned bool  // by Close: nothing more is sent
	received  bool  // the receiver has ended, for reason
	reason    error // nil after the peer's EOF packet
	sent      bool  // the sender has ended: after its EOF packet if sendErr is nil
	sendErr   error

	lastTag uint64 // of a local request
	pending map[id]*Call
	large   int // octets of large payloads in pending

	accepted map[uint64]struct{} // tags of the peer's requests
	waiting  []job               // accepted, and no handler has begun
	resuming []*slot             // handlers that want their slot back
	running  int                 // handlers that occupy a slot
	live     int                 // handlers that have begun and not returned

	out  outbox // what the sender has not taken
	held int    // bytes held for the peer, as cost counts them

	senderWaits bool
	gracious    *bool // whether the grace that the sender waits for is over; nil without
	writes      int   // how often a write has begun or ended: during one, it is odd

	receiverWaits bool                   // for room
	submitters    [kinds][]chan struct{} // local requests that wait for room
	allFinished   bool                   // finished is closed
	allEnded      bool                   // ended is closed
}

// An id identifies a request in flight. (CHN-3)
type id struct{ channel, tag uint64 }

// overhead is the number of bytes that a packet costs beyond its payload: a generous
// estimate of the bookkeeping, so that many empty packets fill the backlog too.
const overhead = 1 << 10

// cost returns the number of bytes that a payload counts in the backlog.
func cost(payload []byte) int { return overhead + len(payload) }

// drained reports whether the connection is shut down and every accepted request has its
// response queued, so that nothing but the EOF packet will be.
func (s *state) drained() bool { return s.closing && len(s.accepted) == 0 }

// idle reports whether every goroutine of the connection has ended or is about to.
func (s *state) idle() bool { return s.received && s.sent && s.live == 0 }

// remove takes a call out of pending and reports whether it was there.
func (s *state) remove(call *Call) bool {
	if s.pending[call.id] != call {
		return false
	}
	delete(s.pending, call.id)
	s.large -= call.large
	return true
}

// cancelPending cancels, for a reason, every pending call whose last octet is the one
// numbered from or a later one.
func (s *state) cancelPending(from uint64, reason error) {
	if reason != nil {
		reason = fmt.Errorf("%w: %w", ErrCancelled, reason)
	} else {
		reason = ErrCancelled
	}
	for _, call := range s.pending {
		if call.end > from && s.remove(call) {
			call.finish(Response{}, &RequestError{s.out.begun(call), reason})
		}
	}
}

// dropWork drops what is pointless once nothing more is sent: the requests that no
// handler has begun, and what is queued.
func (s *state) dropWork() {
	s.waiting = nil
	s.held -= s.out.take().held
}

// update runs f under the mutex, and then wakes whoever waits for what f has changed.
func (c *PacketConnection) update(f func(*state)) {
	c.mu.Lock()
	f(&c.state)
	c.wake(&c.state)
	c.mu.Unlock()
}

// wake ends the waits whose condition holds. Each goroutine has a channel of its own: a
// channel that all of them share costs 12 µs a request with 500 requests in flight.
func (c *PacketConnection) wake(s *state) {
	if s.senderWaits && s.work() != nothing {
		s.senderWaits = false
		c.wakeSender <- struct{}{}
	}
	if s.receiverWaits && c.room(s) != full {
		s.receiverWaits = false
		c.wakeReceiver <- struct{}{}
	}
	for k := range kinds {
		for len(s.submitters[k]) > 0 && (s.closing || c.maySubmit(s, k)) {
			pop(&s.submitters[k]) <- struct{}{}
			if !s.closing {
				break // it takes the room, and wakes the next if there is more
			}
		}
	}
	if s.sent && len(s.pending) == 0 && !s.allFinished {
		s.allFinished = true
		close(c.finished)
	}
	if s.idle() && !s.allEnded {
		s.allEnded = true
		close(c.ended)
	}
}

// pop removes and returns the first item of a queue.
func pop[T any](queue *[]T) T {
	q := *queue
	item := q[0]
	clear(q[:1])
	if *queue = q[1:]; len(q) == 1 {
		*queue = q[:0] // a queue that is mostly empty keeps its memory
	}
	return item
}

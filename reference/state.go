package reference

import "context"

// A state holds everything that changes in a connection. PacketConnection.mu guards it:
// only the functions passed to update and await read or write it, and none of them
// blocks.
//
// These invariants hold whenever the mutex is free:
//   - closing, abandoned, received and sent never become false again. abandoned, received
//     and sent each imply closing.
//   - pending contains a call from its submission until it is answered or cancelled.
//     Only resolve removes it, and closes done: once for each call.
//   - accepted contains the tag of a request of the peer from its acceptance until its
//     response is queued. If the request is dropped unanswered, because nothing more is
//     sent, the tag stays.
//   - held is the cost of the requests in accepted and of the responses in queue.
//   - If requests are waiting, running + resuming >= handlers. One exception: if a
//     handler waits in several goroutines and not the last of them resumes, a request
//     that arrived meanwhile may wait until the next dispatch.
//   - running <= handlers, and running <= live. The difference of live and running is the
//     number of handlers that wait for the peer or to take their slot back.
//   - Once closing, nothing is added to pending, accepted or waiting.
//   - Once sent or abandoned, queue is empty.
type state struct {
	closing   bool  // shut down: no new work in either direction
	abandoned bool  // by Close: nothing more is sent
	received  bool  // the receiver has ended, for reason
	reason    error // nil after the peer's EOF packet
	sent      bool  // the sender has ended: after its EOF packet if sendErr is nil
	sendErr   error

	lastTag uint64 // of a local request
	pending map[id]*Call

	accepted map[uint64]struct{} // tags of the peer's requests
	waiting  []job               // accepted, and no handler has begun
	running  int                 // handlers that occupy a slot
	resuming int                 // calls that wait to take back the slot of their handler
	live     int                 // goroutines that run a handler

	queue []outgoing
	held  int // bytes held for the peer, as cost counts them

	changed chan struct{} // closed at the next update; nil if no goroutine waits
}

// An id identifies a request in flight. (CHN-3)
type id struct{ channel, tag uint64 }

// An outgoing is an encoded packet; call is nil unless it is a local request.
type outgoing struct {
	octets []byte
	call   *Call
}

// overhead is the number of bytes that a packet costs beyond its payload: a generous
// estimate of the bookkeeping, so that many empty packets fill the backlog too.
const overhead = 1 << 10

// cost returns the number of bytes that a payload counts in the backlog.
func cost(payload []byte) int { return overhead + len(payload) }

// held returns the number of bytes that out counts in the backlog. A local request
// counts 0: it is not held for the peer. If it counted, two ends that send each other
// many requests would fill their own backlogs, and pause or fail.
func (out outgoing) held() int {
	if out.call != nil {
		return 0
	}
	return cost(out.octets)
}

// enqueue queues a packet for the sender, or drops it if nothing more is sent.
func (s *state) enqueue(octets []byte, call *Call) {
	if s.sent || s.abandoned {
		return
	}
	out := outgoing{octets, call}
	s.held += out.held()
	s.queue = append(s.queue, out)
}

// dequeue removes and returns the first packet of the queue; ok is false if it is empty.
func (s *state) dequeue() (out outgoing, ok bool) {
	if len(s.queue) == 0 {
		return outgoing{}, false
	}
	out = s.queue[0]
	s.queue[0] = outgoing{}
	s.queue = s.queue[1:]
	s.held -= out.held()
	return out, true
}

// drained reports whether the connection is shut down, every accepted request is
// answered, and nothing is queued.
func (s *state) drained() bool {
	return s.closing && len(s.accepted) == 0 && len(s.queue) == 0
}

// idle reports whether every goroutine of the connection has ended or is about to.
func (s *state) idle() bool { return s.received && s.sent && s.live == 0 }

// resolve completes a pending call with a response or an error, and wakes the goroutines
// that wait for it. It ignores nil and a call that is not pending.
func (s *state) resolve(call *Call, r Response, err error) {
	if call == nil || s.pending[call.id] != call {
		return
	}
	delete(s.pending, call.id)
	call.response, call.err = r, err
	close(call.done)
}

// dropWork drops what is pointless once nothing more is sent: the requests that no
// handler has begun, and the queue, whose local requests it cancels.
func (s *state) dropWork() {
	s.waiting = nil
	for {
		out, ok := s.dequeue()
		if !ok {
			return
		}
		s.resolve(out.call, Response{}, ErrCancelled)
	}
}

// cancelPending cancels every pending call.
func (s *state) cancelPending() {
	for _, call := range s.pending {
		s.resolve(call, Response{}, ErrCancelled)
	}
}

// broadcast wakes every goroutine that waits in await.
func (s *state) broadcast() {
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
}

// update runs f under the mutex, then wakes every goroutine that waits in await.
func (c *PacketConnection) update(f func(*state)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f(&c.state)
	c.state.broadcast()
}

// await runs step under the mutex, again after every update, until it returns true; then
// await wakes the other waiting goroutines and returns true. If giveUp delivers or is
// closed first, await returns false. step runs at least once, and must not change the
// state unless it returns true.
func await[T any](c *PacketConnection, giveUp <-chan T, step func(*state) bool) bool {
	for {
		c.mu.Lock()
		if step(&c.state) {
			c.state.broadcast()
			c.mu.Unlock()
			return true
		}
		if c.state.changed == nil {
			c.state.changed = make(chan struct{})
		}
		changed := c.state.changed
		c.mu.Unlock()
		select {
		case <-changed:
		case <-giveUp:
			return false
		}
	}
}

// never is a giveUp channel that neither delivers nor is closed.
var never = context.Background().Done()

package reference

import "context"

// state is everything about a connection that changes. It is read and written
// only inside update and await, under one lock; nothing in there blocks.
//
// Invariants:
//   - A request is in pending from its submission until it is answered or cancelled,
//     and done is closed for it exactly once, on leaving.
//   - A tag of the peer's is in accepted from its acceptance until its response is in queue.
//   - If requests are waiting, running + resuming >= handlers.
//   - Once closing, nothing new enters pending or accepted; once sent or abandoned, nothing
//     enters queue.
type state struct {
	closing   bool  // no new work in either direction
	abandoned bool  // by Close: nothing more is sent
	received  bool  // the receiver has ended, for reason
	reason    error // nil: by the peer's EOF packet
	sent      bool  // the sender has ended, by its own EOF packet unless sendErr
	sendErr   error

	lastTag uint64
	pending map[id]*Call

	accepted map[uint64]struct{}
	waiting  []job
	running  int // handlers at work
	resuming int // handlers that had given up their slot and want it back
	live     int // goroutines that run handlers

	queue []outgoing
	held  int // octets of accepted requests and of queued responses, as cost counts them

	changed chan struct{} // closed at the next update; nil if nobody waits
}

// id identifies a request until it has been answered. (CHN-3)
type id struct{ channel, tag uint64 }

// outgoing is a packet in its octets; call is set if it is a local request.
type outgoing struct {
	octets []byte
	call   *Call
}

// holding is what a packet costs beyond its payload, for bookkeeping that counts.
const holding = 1 << 10

func cost(payload []byte) int { return holding + len(payload) }

// held is what out costs on behalf of the peer: nothing if it is a local request.
// Else two ends that send each other much would pause, and wait for each other.
func (out outgoing) held() int {
	if out.call != nil {
		return 0
	}
	return cost(out.octets)
}

// enqueue hands a packet to the sender, or drops it if nothing more is sent.
func (s *state) enqueue(octets []byte, call *Call) {
	if s.sent || s.abandoned {
		return
	}
	out := outgoing{octets, call}
	s.held += out.held()
	s.queue = append(s.queue, out)
}

func (s *state) dequeue() (outgoing, bool) {
	if len(s.queue) == 0 {
		return outgoing{}, false
	}
	out := s.queue[0]
	s.queue[0] = outgoing{}
	s.queue = s.queue[1:]
	s.held -= out.held()
	return out, true
}

// drained: all that was accepted is answered and sent, and no more will come.
func (s *state) drained() bool {
	return s.closing && len(s.accepted) == 0 && len(s.queue) == 0
}

// idle: every goroutine of the connection has ended, or is about to.
func (s *state) idle() bool { return s.received && s.sent && s.live == 0 }

// resolve ends a pending call; it does nothing for nil, or one that has ended.
func (s *state) resolve(call *Call, r Response, err error) {
	if call == nil || s.pending[call.id] != call {
		return
	}
	delete(s.pending, call.id)
	call.response, call.err = r, err
	close(call.done)
}

// dropWork gives up what can have no effect when nothing is sent any more: what is
// queued, whose calls can never be answered, and requests that no handler has begun.
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

func (s *state) cancelPending() {
	for _, call := range s.pending {
		s.resolve(call, Response{}, ErrCancelled)
	}
}

// broadcast wakes all who wait for a change.
func (s *state) broadcast() {
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
}

// update is the door: it runs f alone with the state and wakes all who wait for a change.
func (c *PacketConnection) update(f func(*state)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f(&c.state)
	c.state.broadcast()
}

// await waits until step reports true, running it under the lock after every
// change, or until giveUp delivers or is closed; then it reports false. A step that
// changes the state does so only when it reports true, which counts as an update.
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

// always is a giveUp that never comes.
var always = context.Background().Done()

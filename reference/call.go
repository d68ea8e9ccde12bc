package reference

import (
	"context"
	"fmt"
	"slices"
	"sync"
)

// A Call is a submitted request, answered or not (Request_State in the original). Any
// number of goroutines may wait for it.
type Call struct {
	id         id
	start, end uint64        // its first octet among all that were queued, and the one after its last
	large      int           // octets that it counts in state.large
	answered   chan struct{} // has an element once response and err are set; a goroutine that takes it puts it back
	response   Response
	err        error
	stop       func() bool // of the watch over the context that the request came with; may be nil

	decode Decoder
	once   sync.Once // guards the decoder's results, which replace response and err
}

// A RequestError reports a request without a response. Err is or wraps [ErrClosed],
// [ErrRange], [ErrTooLarge], [ErrCancelled] or the context's error.
type RequestError struct {
	// Sent reports that the request, or a part of it, may have left. Then the peer may
	// have carried it out. If Sent is false, it may be tried again on another connection.
	Sent bool
	Err  error
}

// Error returns the reason, and whether the request may have been carried out.
func (e *RequestError) Error() string {
	if e.Sent {
		return e.Err.Error() + " (the peer may have carried the request out)"
	}
	return e.Err.Error() + " (the request was not sent)"
}

// Unwrap returns the reason.
func (e *RequestError) Unwrap() error { return e.Err }

// A DecodeError reports that an ok response arrived, but its [Decoder] failed.
type DecodeError struct{ Err error }

// Error returns the decoder's error with a prefix.
func (e *DecodeError) Error() string { return fmt.Sprintf("response decoder: %v", e.Err) }

// Unwrap returns the decoder's own error.
func (e *DecodeError) Unwrap() error { return e.Err }

// Wait waits for the response and returns it. The error is a [*RequestError], a
// [*DecodeError], or ctx.Err() if ctx ended first: a later Wait may still return the
// response. A response that has arrived wins over a ctx that has ended. The decoder runs
// in the goroutine of the first Wait, and only once.
//
// Inside a handler pass the handler's context, or one derived from it: Wait then gives
// up the handler's slot meanwhile; see [Handler].
func (call *Call) Wait(ctx context.Context) (Response, error) {
	if err := call.await(ctx); err != nil {
		return Response{}, err
	}
	call.answered <- struct{}{}
	call.once.Do(call.runDecoder)
	return call.response, call.err
}

// await takes the element of answered, with the handler's slot given up meanwhile.
func (call *Call) await(ctx context.Context) error {
	select {
	case <-call.answered: // whether or not ctx has ended
		return nil
	default:
	}
	slot := giveUp(ctx)
	defer slot.takeBack(ctx)
	select {
	case <-call.answered:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// runDecoder replaces the response by what its decoder makes of it. The receiver does not
// run it: a slow decoder would delay every other response.
func (call *Call) runDecoder() {
	if call.err != nil || !call.response.OK || call.decode == nil {
		return
	}
	value, err := call.decode(call.response.Flags, call.response.Payload)
	if err != nil {
		call.response, call.err = Response{}, &DecodeError{err}
		return
	}
	call.response.Value = value
}

// finish sets the result of a call that was pending, and wakes one of the goroutines that
// wait for it, which wakes the next.
func (call *Call) finish(r Response, err error) {
	call.response, call.err = r, err
	if call.stop != nil {
		call.stop()
	}
	call.answered <- struct{}{}
}

// forget makes the connection forget a call that has no response yet, for a reason. Its
// tag is not used again, and a response that comes later is ignored. (RSP-5)
func (c *PacketConnection) forget(call *Call, reason error) {
	c.update(func(s *state) {
		if s.remove(call) {
			call.finish(Response{}, &RequestError{s.out.begun(call), reason})
		}
	})
}

// Request submits r and returns without waiting for its response. If much is queued it
// waits for room; inside a handler it gives up the handler's slot meanwhile, if ctx is
// the handler's. If ctx ends before the response has come, the connection forgets the
// call, whose Wait then returns ctx's error. Requests get the tags 1, 2, 3 and so on
// (TAG-1). The payload must not change before the response has come, and not at all after
// an error whose Sent is true.
//
// The error is a [*RequestError] with [ErrClosed] after a shutdown, [ErrRange],
// [ErrTooLarge], or ctx.Err(). Then nothing is sent and no tag is used.
func (c *PacketConnection) Request(ctx context.Context, r Request) (*Call, error) {
	call := &Call{answered: make(chan struct{}, 1)}
	if err := c.submit(ctx, r, call); err != nil {
		return nil, err
	}
	if ctx.Done() != nil {
		c.update(func(s *state) {
			if s.pending[call.id] == call {
				call.stop = context.AfterFunc(ctx, func() { c.forget(call, ctx.Err()) })
			}
		})
	}
	return call, nil
}

// Do submits r and waits for its response. The errors are those of Request and
// [Call.Wait]. If ctx ends first, Do returns a [*RequestError] with ctx.Err() at once, and
// the connection forgets the request. The payload is Do's until it returns, and for good
// after an error whose Sent is true: a write may be reading it. Inside a handler pass the
// handler's context, as to Wait.
func (c *PacketConnection) Do(ctx context.Context, r Request) (Response, error) {
	call := c.calls.Get().(*Call)
	if err := c.submit(ctx, r, call); err != nil {
		return Response{}, err
	}
	if err := call.await(ctx); err != nil {
		c.forget(call, err)
		<-call.answered // by forget, or by the response that was quicker
	}
	call.runDecoder()
	response, err := call.response, call.err
	*call = Call{answered: call.answered}
	c.calls.Put(call)
	return response, err
}

// submit waits for room, gives r the next tag and queues it as call.
func (c *PacketConnection) submit(ctx context.Context, r Request, call *Call) error {
	p := Packet{IsRequest: true, Channel: r.Channel, Flags: r.Flags, Type: r.Type + 1, Payload: r.Payload}
	invalid, err := c.check(&p), ctx.Err()
	if err == nil && r.Type >= MaxInteger {
		err = fmt.Errorf("%w: request type %d is above 2^61-2: the wire carries one more", ErrRange, r.Type)
	}
	call.decode = r.Decode
	k := large
	switch {
	case slotOf(ctx) != nil:
		k = nested
	case len(p.Payload) <= inline:
		k = small
	}
	var room chan struct{}
	for {
		submitted := false
		c.update(func(s *state) {
			switch {
			case err != nil:
			case s.closing:
				err = ErrClosed
			case invalid != nil:
				err = invalid
			case c.maySubmit(s, k):
				submitted = true
				s.lastTag++
				p.Tag = s.lastTag
				call.id, call.start = id{p.Channel, p.Tag}, s.out.total
				s.out.add(&p)
				call.end = s.out.total
				s.pending[call.id] = call
				if len(p.Payload) > inline {
					call.large = len(p.Payload)
					s.large += call.large
				}
			default:
				if room == nil {
					room = make(chan struct{}, 1)
				}
				s.submitters[k] = append(s.submitters[k], room)
			}
		})
		switch {
		case err != nil:
			return &RequestError{Err: err}
		case submitted:
			return nil
		}
		err = c.awaitRoom(ctx, k, room)
	}
}

// awaitRoom waits until wake says that there may be room for a request, with the
// handler's slot given up meanwhile.
func (c *PacketConnection) awaitRoom(ctx context.Context, k kind, room chan struct{}) error {
	slot := giveUp(ctx)
	defer slot.takeBack(ctx)
	select {
	case <-room:
		return nil
	case <-ctx.Done():
		c.update(func(s *state) {
			s.submitters[k] = without(s.submitters[k], room)
		}) // which wakes another, if room was for this one
		return ctx.Err()
	}
}

// without returns items without one of them.
func without[T comparable](items []T, item T) []T {
	return slices.DeleteFunc(items, func(other T) bool { return other == item })
}

// sendRoom is the number of octets of local requests that may be queued before a request
// waits: enough to keep the sender busy.
const sendRoom = 64 << 10

// A kind of local request says what it waits for.
type kind int

const (
	large  kind = iota // its payload is above inline, and no handler sends it
	small              // no handler sends it
	nested             // a handler sends it
	kinds
)

// maySubmit reports whether there is room for a local request. A request that no handler
// sends also waits while much is held for the peer, or if it is large and many octets of
// others are unanswered:
//
//  1. Each end sends the other many requests, and answers those it gets.
//  2. Each receiver reads on past the backlog, so that responses arrive.
//  3. Without this wait one end would send faster than the other answers, which would end
//     the connection with [ErrOverload].
//
// A handler's request does not wait for that, because what is held may be waiting for it.
// Neither does a small one wait for answers: it may be what makes the peer answer.
func (c *PacketConnection) maySubmit(s *state, k kind) bool {
	return s.out.requests < sendRoom &&
		(k == nested || s.held < c.backlog || s.held == 0) &&
		(k != large || s.large < c.backlog)
}

// check returns an error if a packet cannot be sent: an integer is out of range, or the
// body is larger than [WithMaxPacket] allows.
func (c *PacketConnection) check(p *Packet) error {
	if err := p.checkRange(); err != nil {
		return err
	}
	if _, size := p.sizes(); size > c.maxPacket {
		return fmt.Errorf("%w: a body of %d octets, at most %d allowed", ErrTooLarge, size, c.maxPacket)
	}
	return nil
}

package reference

import (
	"context"
	"fmt"
	"sync"
)

// A Call is a submitted request, answered or not (Request_State in the original). Any
// number of goroutines may wait for it.
type Call struct {
	conn   *PacketConnection
	id     id
	done   chan struct{}            // closed once response and err are set
	decode func() (Response, error) // called only after that

	response Response
	err      error
}

// A DecodeError reports that an ok response arrived, but its [Decoder] failed.
type DecodeError struct{ Err error }

// Error returns the decoder's error with a prefix.
func (e *DecodeError) Error() string { return fmt.Sprintf("response decoder: %v", e.Err) }

// Unwrap returns the decoder's own error.
func (e *DecodeError) Unwrap() error { return e.Err }

// Wait waits for the response and returns it. The error is [ErrCancelled] if the
// connection ended first, a [*DecodeError], or ctx.Err() if ctx ended first: a later
// Wait may still return the response. Wait returns a response that has arrived even
// if ctx has ended. While a [Decoder] runs, Wait ignores ctx.
//
// Inside a handler pass the handler's context, or one derived from it: Wait then gives
// up the handler's slot, and returns only when it has a slot again, even after ctx has
// ended. With another context the handler keeps its slot, and enough such handlers
// deadlock the connection; see [Handler].
func (call *Call) Wait(ctx context.Context) (Response, error) {
	select {
	case <-call.done: // whether or not ctx has ended
		return call.decode()
	default:
		defer call.conn.yield(ctx)()
	}
	select {
	case <-call.done:
		return call.decode()
	case <-ctx.Done():
		return Response{}, ctx.Err()
	}
}

// newCall returns a call for request that is not pending yet. The first goroutine that
// waits runs the decoder, once. The receiver does not run it: a slow decoder would
// delay every other response.
func newCall(c *PacketConnection, request Request) *Call {
	call := &Call{conn: c, id: id{channel: request.Channel}, done: make(chan struct{})}
	call.decode = sync.OnceValues(func() (Response, error) {
		r := call.response
		if call.err != nil || !r.OK || request.Decode == nil {
			return r, call.err
		}
		value, err := request.Decode(r.Flags, r.Payload)
		if err != nil {
			return Response{}, &DecodeError{err}
		}
		r.Value = value
		return r, nil
	})
	return call
}

// submit waits for room in the queue, gives r the next tag and queues it. If ctx ends
// before there is room, it uses up no tag and returns ctx.Err().
func (c *PacketConnection) submit(ctx context.Context, r Request) (*Call, error) {
	if r.Type >= MaxInteger {
		return nil, fmt.Errorf("%w: request type %d is above 2^61-2: the wire carries one more", ErrRange, r.Type)
	}
	call := newCall(c, r)
	p := Packet{IsRequest: true, Channel: r.Channel, Flags: r.Flags, Type: r.Type + 1, Payload: r.Payload}
	var err error
	if !await(c, ctx.Done(), func(s *state) bool {
		if err = ErrClosed; s.closing {
			return true
		}
		if len(s.queue) >= sendQueue {
			return false
		}
		p.Tag = s.lastTag + 1
		var octets []byte
		if octets, err = p.AppendBinary(nil); err == nil {
			s.lastTag, call.id.tag = p.Tag, p.Tag
			s.pending[call.id] = call
			s.enqueue(octets, call)
		}
		return true
	}) {
		err = ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	return call, nil
}

package reference

import (
	"context"
	"fmt"
	"sync"
)

// A Call is a request that was submitted and whose answer is to come (the
// original's Request_State).
type Call struct {
	conn   *PacketConnection
	id     id
	done   chan struct{} // closed once response and err are set
	decode func() (Response, error)

	response Response
	err      error
}

// A DecodeError reports that a response came and its [Decoder] failed.
type DecodeError struct{ Err error }

func (e *DecodeError) Error() string { return fmt.Sprintf("response decoder: %v", e.Err) }
func (e *DecodeError) Unwrap() error { return e.Err }

// Wait returns the answer. The error is [ErrCancelled] if the connection ended
// first, a [*DecodeError], or ctx's if that ends first; the answer may then be
// waited for again. Inside a handler ctx should be the handler's.
func (call *Call) Wait(ctx context.Context) (Response, error) {
	select {
	case <-call.done: // whatever ctx says
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

// newCall prepares a call whose response goes through r's decoder once, in the
// first waiter: not in the receiver, which a slow decoder would hold up.
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

// submit gives r a tag and queues it, once there is room in the queue.
func (c *PacketConnection) submit(ctx context.Context, r Request) (*Call, error) {
	if r.Type >= MaxInteger {
		return nil, fmt.Errorf("%w: request type %d leaves no room for the one added on the wire", ErrRange, r.Type)
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

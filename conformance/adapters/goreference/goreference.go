// Package goreference lets [adapter.Serve] put the reference under test. It is the model for
// adapters of other implementations in Go: an adapter needs nothing else.
package goreference

import (
	"context"
	"errors"
	"io"
	"runtime"
	"slices"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/reference"
)

// An Implementation puts the reference under test.
type Implementation struct {
	Release string             // the release that hello reports
	Options []reference.Option // for every connection; those of the open command override them
}

// Hello implements [adapter.Implementation]. It omits the abilities that Go's types rule
// out: integers that are negative or above 2^64−1, and invalid replies.
func (i Implementation) Hello() adapter.Hello {
	return adapter.Hello{
		Name: "packetspec reference", Release: i.Release, Language: runtime.Version(),
		Supports: []adapter.Ability{
			adapter.CanEqual, adapter.CanString, adapter.CanGrace, adapter.CanTick,
			adapter.CanDecode, adapter.CanDecodeFlags, adapter.CanChannels, adapter.CanEndReason,
		},
	}
}

// Encode implements [adapter.Implementation].
func (Implementation) Encode(p adapter.Packet) ([]byte, error) {
	packet, err := toPacket(p)
	if err != nil {
		return nil, err
	}
	octets, err := packet.AppendBinary(nil)
	return octets, translate(err)
}

// Decode implements [adapter.Implementation].
func (Implementation) Decode(b []byte) (adapter.Packet, int, error) {
	p, n, err := reference.Decode(b)
	if errors.Is(err, reference.ErrRange) {
		return adapter.Packet{}, 0, adapter.Errorf(adapter.Malformed, "%v", err)
	}
	return FromPacket(p), n, translate(err)
}

// Equal implements [adapter.Equaler].
func (Implementation) Equal(a, b adapter.Packet) (bool, error) {
	p, err := toPacket(a)
	if err != nil {
		return false, err
	}
	q, err := toPacket(b)
	return p.Equal(q), err
}

// String implements [adapter.Stringer].
func (Implementation) String(p adapter.Packet) (string, error) {
	packet, err := toPacket(p)
	return packet.String(), err
}

// Open implements [adapter.Implementation].
func (i Implementation) Open(recv io.ReadCloser, send io.WriteCloser, o adapter.OpenOptions, h adapter.Handler) (adapter.Connection, error) {
	// A tick may write to the standard error, where log records would hide it.
	opts := append(slices.Clone(i.Options), reference.WithName(o.Name), reference.WithLogger(nil))
	if o.Grace != nil {
		opts = append(opts, reference.WithGrace(time.Duration(*o.Grace*float64(time.Second))))
	}
	switch {
	case o.TickStderr:
		opts = append(opts, reference.WithTick(reference.TickFD2))
	case o.Tick != nil:
		opts = append(opts, reference.WithTick(o.Tick))
	}
	return connection{reference.New(recv, send, handler(h), opts...)}, nil
}

// handler returns h as a handler of the reference, or nil if h is nil.
func handler(h adapter.Handler) reference.Handler {
	if h == nil {
		return nil
	}
	return func(ctx context.Context, r reference.Request) (reference.Reply, error) {
		result, err := h(ctx, adapter.Int(r.Type), adapter.Int(r.Flags), r.Payload)
		if err != nil {
			return reference.Reply{}, err
		}
		flags, err := result.Flags.Uint64()
		if err != nil {
			return reference.Reply{}, err
		}
		switch result.Form {
		case adapter.FormNone:
			return reference.Reply{}, nil
		case adapter.FormFlags:
			return reference.Reply{Flags: flags}, nil
		case adapter.FormBytes:
			return reference.Reply{Payload: result.Payload}, nil
		case adapter.FormText:
			return reference.Text(result.Text), nil
		case adapter.FormBoth:
			return reference.Reply{Flags: flags, Payload: result.Payload}, nil
		}
		return reference.Reply{}, errors.New("the reference cannot express an invalid reply")
	}
}

type connection struct{ *reference.PacketConnection }

func (c connection) Request(ctx context.Context, r adapter.Request) (adapter.Call, error) {
	request := reference.Request{Payload: r.Payload}
	err := convert([]integer{{&request.Type, r.RqType}, {&request.Flags, r.Flags}, {&request.Channel, r.Channel}})
	if err != nil {
		return nil, err
	}
	if r.Decode != nil {
		request.Decode = func(flags uint64, payload []byte) (any, error) {
			return r.Decode(adapter.Int(flags), payload)
		}
	}
	submitted, err := c.PacketConnection.Request(ctx, request)
	if err != nil {
		return nil, translate(err)
	}
	return call{submitted}, nil
}

func (c connection) Shutdown(block bool) error {
	// The error says that EOF could not be sent, because the peer no longer reads. The
	// call itself has not failed.
	_ = c.PacketConnection.Shutdown(block)
	return nil
}

func (c connection) Join() (ended string, err error) {
	err = c.PacketConnection.Join(context.Background())
	var malformed *reference.MalformedError
	switch {
	case err == nil:
		return adapter.EndedEOF, nil
	case errors.As(err, &malformed), errors.Is(err, reference.ErrRange), errors.Is(err, reference.ErrTooLarge):
		return adapter.EndedMalformed, nil
	case errors.Is(err, reference.ErrCut):
		return adapter.EndedCut, nil
	}
	return "", translate(err)
}

type call struct{ *reference.Call }

func (c call) Wait(ctx context.Context) (adapter.Response, error) {
	r, err := c.Call.Wait(ctx)
	if err != nil {
		return adapter.Response{}, translate(err)
	}
	if decoded, ok := r.Value.([]byte); ok {
		r.Payload = decoded
	}
	return adapter.Response{OK: r.OK, Flags: adapter.Int(r.Flags), Payload: r.Payload}, nil
}

// translate returns an error of the reference with its kind in the adapter protocol.
func translate(err error) error {
	var (
		kind      adapter.Kind
		malformed *reference.MalformedError
		decode    *reference.DecodeError
	)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &decode):
		kind = adapter.BadDecode
	case errors.Is(err, reference.ErrCancelled): // whatever the reason that it wraps
		kind = adapter.Cancelled
	case errors.As(err, &malformed):
		kind = adapter.Malformed
	case errors.Is(err, reference.ErrIncomplete):
		kind = adapter.Incomplete
	case errors.Is(err, reference.ErrRange), errors.Is(err, reference.ErrTooLarge):
		kind = adapter.Invalid
	case errors.Is(err, reference.ErrClosed):
		kind = adapter.Closed
	default:
		return err
	}
	return adapter.Errorf(kind, "%v", err)
}

func toPacket(p adapter.Packet) (q reference.Packet, err error) {
	q = reference.Packet{IsRequest: p.IsRequest, Payload: p.Payload}
	err = convert([]integer{{&q.Channel, p.Channel}, {&q.Tag, p.Tag}, {&q.Flags, p.Flags}, {&q.Type, p.RqType}})
	return q, err
}

// An integer is a field of the reference, and its value in the adapter protocol.
type integer struct {
	to   *uint64
	from adapter.Integer
}

// convert sets fields to their values. It stops at the first value that does not fit.
func convert(fields []integer) (err error) {
	for _, f := range fields {
		if *f.to, err = f.from.Uint64(); err != nil {
			return err
		}
	}
	return nil
}

// FromPacket returns a packet in the form of the adapter protocol.
func FromPacket(p reference.Packet) adapter.Packet {
	q := adapter.Packet{
		IsRequest: p.IsRequest, Channel: adapter.Int(p.Channel), Tag: adapter.Int(p.Tag),
		Flags: adapter.Int(p.Flags), Payload: p.Payload,
	}
	if p.IsRequest {
		q.RqType = adapter.Int(p.Type)
	}
	return q
}

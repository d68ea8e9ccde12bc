package adapter

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"unicode/utf8"
)

// The request types of the standard handler; the wire carries one more.
const (
	TypeNone    Integer = "0"  // nothing
	TypeFlags   Integer = "1"  // an int: the request's flags
	TypeBytes   Integer = "2"  // the payload as bytes
	TypeText    Integer = "3"  // the payload, decoded as UTF-8, as a string
	TypeBoth    Integer = "4"  // (flags, payload)
	TypeFail    Integer = "5"  // raises
	TypeHold    Integer = "6"  // waits for the gate that the payload names, then as bytes
	TypeReverse Integer = "7"  // (0x11, the payload reversed)
	TypeLarge   Integer = "8"  // as many octets as the payload says, octet i being i mod 251
	TypeCall    Integer = "9"  // asks the peer for type 2 with the payload; returns its answer
	TypeInvalid Integer = "10" // returns what is none of the five
)

// reverseFlags are the flags of TypeReverse's answer.
const reverseFlags Integer = "17"

// maxLarge bounds TypeLarge, in octets.
const maxLarge = 64 << 20

// desk is the standard handler at work for one connection: it keeps the gates and
// what was seen.
type desk struct {
	call func(ctx context.Context, payload []byte) (Response, error) // a request of type 2 to the peer

	mu     sync.Mutex
	seen   []Seen
	gates  map[string]chan struct{}
	closed chan struct{}
}

func newDesk() *desk {
	return &desk{gates: make(map[string]chan struct{}), closed: make(chan struct{})}
}

// gate is closed once it is released.
func (d *desk) gate(name string) chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.gates[name] == nil {
		d.gates[name] = make(chan struct{})
	}
	return d.gates[name]
}

func (d *desk) release(name string) {
	gate := d.gate(name)
	d.mu.Lock()
	defer d.mu.Unlock()
	select {
	case <-gate:
	default:
		close(gate)
	}
}

func (d *desk) calls() []Seen {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.seen)
}

func (d *desk) handle(ctx context.Context, rqType, flags Integer, payload []byte) (Result, error) {
	d.mu.Lock()
	d.seen = append(d.seen, Seen{RqType: rqType, Flags: flags, Payload: payload})
	d.mu.Unlock()
	switch rqType {
	case TypeNone:
		return Result{}, nil
	case TypeFlags:
		return Result{Form: FormFlags, Flags: flags}, nil
	case TypeBytes:
		return Result{Form: FormBytes, Payload: payload}, nil
	case TypeText:
		if !utf8.Valid(withoutSurrogates(payload)) {
			return Result{}, errors.New("the payload is not UTF-8")
		}
		return Result{Form: FormText, Text: string(payload)}, nil
	case TypeBoth:
		return Result{Form: FormBoth, Flags: flags, Payload: payload}, nil
	case TypeFail:
		return Result{}, errors.New(string(payload))
	case TypeHold:
		select {
		case <-d.gate(string(payload)):
		case <-d.closed:
		}
		return Result{Form: FormBytes, Payload: payload}, nil
	case TypeReverse:
		return Result{Form: FormBoth, Flags: reverseFlags, Payload: reversed(payload)}, nil
	case TypeLarge:
		return large(payload)
	case TypeCall:
		r, err := d.call(ctx, payload)
		return Result{Form: FormBytes, Payload: r.Payload}, err
	case TypeInvalid:
		return Result{Form: FormInvalid, Text: string(payload)}, nil
	}
	return Result{}, fmt.Errorf("the standard handler has no type %s", rqType)
}

func reversed(b []byte) []byte {
	r := slices.Clone(b)
	slices.Reverse(r)
	return r
}

// withoutSurrogates leaves out what UTF-8 would write for lone surrogates: texts may
// have them, though UTF-8 has not.
func withoutSurrogates(text []byte) (rest []byte) {
	for len(text) > 0 {
		if len(text) >= 3 && text[0] == 0xed && text[1]&0xe0 == 0xa0 && text[2]&0xc0 == 0x80 {
			text = text[3:]
			continue
		}
		rest, text = append(rest, text[0]), text[1:]
	}
	return rest
}

func large(payload []byte) (Result, error) {
	n, err := strconv.Atoi(string(payload))
	if err != nil || n < 0 || n > maxLarge {
		return Result{}, fmt.Errorf("%q is no size from 0 to %d", payload, maxLarge)
	}
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i % 251)
	}
	return Result{Form: FormBytes, Payload: b}, nil
}

// decoder is the response decoder that a request asks for by name.
func decoder(name string) (func(Integer, []byte) ([]byte, error), error) {
	switch name {
	case "":
		return nil, nil
	case DecodeReverse:
		return func(_ Integer, payload []byte) ([]byte, error) { return reversed(payload), nil }, nil
	case DecodeRaise:
		return func(Integer, []byte) ([]byte, error) { return nil, errors.New("the decoder was asked to fail") }, nil
	case DecodeFlags:
		return func(flags Integer, _ []byte) ([]byte, error) { return []byte(flags), nil }, nil
	}
	return nil, Errorf(Invalid, "decode %q is none of %q, %q, %q", name, DecodeReverse, DecodeRaise, DecodeFlags)
}

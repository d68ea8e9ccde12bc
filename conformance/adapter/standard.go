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

// A Type is a request type of the standard handler, as requesters and handlers know it:
// on the wire it is one higher.
type Type uint64

// The types of the standard handler, and what each returns.
const (
	TypeNone    Type = iota // 0, on the wire 1: nothing
	TypeFlags               // 1, on the wire 2: an integer, the request's flags
	TypeBytes               // 2, on the wire 3: the payload as bytes
	TypeText                // 3, on the wire 4: the payload, decoded as UTF-8, as text
	TypeBoth                // 4, on the wire 5: the flags and the payload
	TypeFail                // 5, on the wire 6: an error; its message is the payload
	TypeHold                // 6, on the wire 7: the payload, once the gate that it names is released
	TypeReverse             // 7, on the wire 8: flags 0x11 and the payload reversed
	TypeLarge               // 8, on the wire 9: as many bytes as the payload says; byte i is i mod 251
	TypeCall                // 9, on the wire 10: the peer's answer to a request of TypeBytes with the payload
	TypeInvalid             // 10, on the wire 11: a value that is not a valid result
)

// Wire returns the type as requests carry it on the wire.
func (t Type) Wire() uint64 { return uint64(t) + 1 }

// Integer returns the type as the adapter protocol writes it.
func (t Type) Integer() Integer { return Int(uint64(t)) }

// reverseFlags is what TypeReverse returns as flags: 0x11.
const reverseFlags Integer = "17"

// maxLarge bounds what TypeLarge returns, in bytes.
const maxLarge = 64 << 20

// A standardHandler is the standard handler of one connection.
type standardHandler struct {
	call func(ctx context.Context, payload []byte) (Response, error) // sends a request of TypeBytes to the peer

	mu     sync.Mutex
	seen   []Seen
	gates  map[string]chan struct{}
	closed chan struct{}
}

func newStandardHandler(call func(ctx context.Context, payload []byte) (Response, error)) *standardHandler {
	return &standardHandler{call: call, gates: make(map[string]chan struct{}), closed: make(chan struct{})}
}

// gate returns a channel that is closed once the gate is released.
func (h *standardHandler) gate(name string) chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.gates[name] == nil {
		h.gates[name] = make(chan struct{})
	}
	return h.gates[name]
}

func (h *standardHandler) release(name string) {
	gate := h.gate(name)
	h.mu.Lock()
	defer h.mu.Unlock()
	select {
	case <-gate:
	default:
		close(gate)
	}
}

func (h *standardHandler) calls() []Seen {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]Seen{}, h.seen...)
}

func (h *standardHandler) handle(ctx context.Context, rqType, flags Integer, payload []byte) (Result, error) {
	h.mu.Lock()
	h.seen = append(h.seen, Seen{RqType: rqType, Flags: flags, Payload: payload})
	h.mu.Unlock()
	t, err := rqType.Uint64()
	if err != nil {
		return Result{}, errNoType(rqType)
	}
	switch Type(t) {
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
		case <-h.gate(string(payload)):
		case <-h.closed:
		}
		return Result{Form: FormBytes, Payload: payload}, nil
	case TypeReverse:
		return Result{Form: FormBoth, Flags: reverseFlags, Payload: reversed(payload)}, nil
	case TypeLarge:
		return large(payload)
	case TypeCall:
		r, err := h.call(ctx, payload)
		return Result{Form: FormBytes, Payload: r.Payload}, err
	case TypeInvalid:
		return Result{Form: FormInvalid, Text: string(payload)}, nil
	}
	return Result{}, errNoType(rqType)
}

func errNoType(rqType Integer) error {
	return fmt.Errorf("the standard handler has no type %s", rqType)
}

func reversed(b []byte) []byte {
	r := slices.Clone(b)
	slices.Reverse(r)
	return r
}

// withoutSurrogates returns the text without the octets that encode lone surrogates. UTF-8
// does not allow them, but the texts of some languages contain them.
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
		return Result{}, fmt.Errorf("%q is not a size from 0 to %d", payload, maxLarge)
	}
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i % 251)
	}
	return Result{Form: FormBytes, Payload: b}, nil
}

// decoder returns the response decoder with this name, or nil for no name.
func decoder(name string) (decode func(flags Integer, payload []byte) ([]byte, error), err error) {
	switch name {
	case "":
	case DecodeReverse:
		decode = func(_ Integer, payload []byte) ([]byte, error) { return reversed(payload), nil }
	case DecodeRaise:
		fails := errors.New("the request asks for a decoder that fails")
		decode = func(Integer, []byte) ([]byte, error) { return nil, fails }
	case DecodeFlags:
		decode = func(flags Integer, _ []byte) ([]byte, error) { return []byte(flags), nil }
	default:
		err = Errorf(Invalid, "decode is %q; it must be %q, %q or %q", name, DecodeReverse, DecodeRaise, DecodeFlags)
	}
	return decode, err
}

package adapter

import (
	"context"
	"io"
)

// An Implementation is what an adapter in Go puts under test; [Serve] does the rest.
// An error that is no [*Error] is reported as internal.
type Implementation interface {
	Hello() Hello
	Encode(Packet) ([]byte, error)
	// Decode reports the octets used beside the packet.
	Decode([]byte) (p Packet, consumed int, err error)
	// Open starts a connection that reads recv and writes send. The connection owns
	// both and closes them; if Open fails, the caller closes them. A nil handler
	// means that the connection has no request handler.
	Open(recv io.ReadCloser, send io.WriteCloser, o OpenOptions, h Handler) (Connection, error)
}

// An Equaler is an implementation with the ability equal.
type Equaler interface {
	Equal(a, b Packet) (bool, error)
}

// A Stringer is an implementation with the ability string.
type Stringer interface {
	String(Packet) (string, error)
}

// OpenOptions holds the fields of open that do not name its streams.
type OpenOptions struct {
	Grace      *float64     // in seconds; nil: the implementation's default
	Tick       func([]byte) // nil: no ticks; given with TickStderr false
	TickStderr bool         // ticks go to the standard error
	Name       string
}

// A Connection is one connection of an implementation.
type Connection interface {
	// Request submits a request; it may block where the implementation pushes back.
	// Inside a handler ctx is the handler's.
	Request(ctx context.Context, r Request) (Call, error)
	Shutdown(block bool) error
	// Join returns how the peer's stream ended, if the implementation can tell.
	Join() (ended string, err error)
	// Close closes both streams and forgets the connection, whatever state it is in.
	Close() error
}

// A Call is a submitted request.
type Call interface {
	Wait(ctx context.Context) (Response, error)
}

// A Request is a request of the caller's. Its RqType is the caller's, before the +1.
type Request struct {
	RqType, Flags, Channel Integer
	Payload                []byte
	// Decode is the response decoder, if one is asked for.
	Decode func(flags Integer, payload []byte) ([]byte, error)
}

// A Response is what a requester gets.
type Response struct {
	OK      bool
	Flags   Integer
	Payload []byte
}

// A Form is one of the forms in which a handler answers.
type Form int

// The five results of the documentation, and what is none of them.
const (
	FormNone Form = iota
	FormFlags
	FormBytes
	FormText
	FormBoth
	FormInvalid
)

// A Result is what the standard handler wants the implementation's own handler to
// return. An error from a [Handler] is to be raised in the implementation's way.
type Result struct {
	Form    Form
	Flags   Integer // FormFlags, FormBoth
	Payload []byte  // FormBytes, FormBoth
	Text    string  // FormText; FormInvalid: which, as the guide names them
}

// A Handler is the standard handler of the adapter guide, for one connection.
type Handler func(ctx context.Context, rqType, flags Integer, payload []byte) (Result, error)

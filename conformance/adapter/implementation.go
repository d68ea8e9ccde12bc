package adapter

import (
	"context"
	"io"
)

// An Implementation is an implementation under test that is written in Go. [Serve] makes it
// an adapter. Its methods, and those of its connections and calls, must allow concurrent
// callers. An error that is not an [*Error] is reported with the kind internal.
type Implementation interface {
	Hello() Hello
	Encode(Packet) ([]byte, error)
	// Decode reads one packet from the start of b and returns how many bytes it used.
	Decode(b []byte) (p Packet, consumed int, err error)
	// Open starts a connection that reads recv and writes send. The connection owns
	// both and closes them; if Open fails, the caller closes them. A nil handler
	// means that the connection has no request handler.
	Open(recv io.ReadCloser, send io.WriteCloser, o OpenOptions, h Handler) (Connection, error)
}

// An Equaler is an Implementation with the ability equal.
type Equaler interface {
	Equal(a, b Packet) (bool, error)
}

// A Stringer is an Implementation with the ability string.
type Stringer interface {
	String(Packet) (string, error)
}

// OpenOptions holds the fields of open that do not name its streams.
type OpenOptions struct {
	Grace      *float64     // in seconds; nil: the implementation's default
	Tick       func([]byte) // called with each tick; nil if ticks are not recorded
	TickStderr bool         // write ticks to standard error; Tick is nil then
	Name       string
}

// A Connection is one connection of an implementation.
type Connection interface {
	// Request submits a request. It may block while the implementation applies back
	// pressure. A handler passes its own ctx.
	Request(ctx context.Context, r Request) (Call, error)
	Shutdown(block bool) error
	// Join waits until the connection has ended. It returns how the peer's stream ended,
	// or "" if the implementation does not know.
	Join() (ended string, err error)
	// Close closes both streams in any state of the connection.
	Close() error
}

// A Call is a submitted request.
type Call interface {
	// Wait returns the response. An error is a failure to get one, for example because
	// the connection ended.
	Wait(ctx context.Context) (Response, error)
}

// A Request is a local request. Its RqType is one less than on the wire.
type Request struct {
	RqType, Flags, Channel Integer
	Payload                []byte
	// Decode is the response decoder; nil if the request has none.
	Decode func(flags Integer, payload []byte) ([]byte, error)
}

// A Response is the peer's answer to a request.
type Response struct {
	OK      bool // false: the peer refused the request or its handler failed
	Flags   Integer
	Payload []byte
}

// A Form is one of the forms of a handler's result.
type Form int

// The five forms that the documentation allows, and one for every invalid result.
const (
	FormNone Form = iota
	FormFlags
	FormBytes
	FormText
	FormBoth
	FormInvalid
)

// A Result is the value that a [Handler] returns. The implementation converts it to its own form.
type Result struct {
	Form    Form
	Flags   Integer // FormFlags, FormBoth
	Payload []byte  // FormBytes, FormBoth
	Text    string  // FormText; with FormInvalid, the name that the guide gives the invalid value
}

// A Handler is the standard handler of one connection. The implementation turns an error
// into the failure of its own handler: it raises, panics or returns an error.
type Handler func(ctx context.Context, rqType, flags Integer, payload []byte) (Result, error)

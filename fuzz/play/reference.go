package play

import (
	"context"
	"errors"
	"io"
	"time"
	"unicode/utf8"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/adapters/goreference"
	"github.com/packetspec/packetspec/fuzz/plan"
)

// A Reference opens connections of the reference in this process, over memory. Its zero value
// is ready for use, and several goroutines may call Open.
type Reference struct{}

// Open opens a connection as a plan requires.
func (Reference) Open(ctx context.Context, required *plan.Plan) (Endpoint, error) {
	return InProcess{plainFailures{}}.Open(ctx, required)
}

// An InProcess opens connections of an implementation in this process, over memory.
type InProcess struct{ Implementation adapter.Implementation }

// Open opens a connection as a plan requires, except that its grace is always 0: the
// grace changes only how long an answer takes.
func (p InProcess) Open(_ context.Context, required *plan.Plan) (Endpoint, error) {
	e := &memoryEndpoint{
		server: adapter.NewServer(p.Implementation), noChannels: required.NoChannels,
		in: newStream(), out: newStream(),
	}
	handler := !required.NoHandler
	return e, e.server.Open(e.in, e.out, adapter.Message{Conn: memoryConn, Handler: &handler, Grace: new(float64)})
}

// A memoryEndpoint is a connection of an implementation, alone on its server.
type memoryEndpoint struct {
	server     *adapter.Server
	noChannels bool    // refuse requests on channels other than 0
	in, out    *stream // to the implementation and from it
}

// memoryConn names the connection on its server.
const memoryConn = "c"

func (e *memoryEndpoint) Write(octets []byte)      { _, _ = e.in.Write(octets) }
func (e *memoryEndpoint) CloseSend()               { _ = e.in.Close() }
func (e *memoryEndpoint) Drain(time.Duration)      {}
func (e *memoryEndpoint) Take() ([]byte, bool)     { return e.out.take() }
func (e *memoryEndpoint) SentByNow() int           { total, _ := e.out.size(); return total }
func (e *memoryEndpoint) Changed() <-chan struct{} { return e.out.changed }
func (e *memoryEndpoint) Dead() <-chan struct{}    { return nil }
func (e *memoryEndpoint) Close()                   { e.server.Close() }

// Do runs a command. It returns before the command does only if that may wait for the peer.
func (e *memoryEndpoint) Do(m adapter.Message) Pending {
	m.Conn = memoryConn
	r := &returned{done: make(chan struct{})}
	run := func() {
		defer close(r.done)
		if e.noChannels && m.Channel != "" {
			r.reply.Error = adapter.Errorf(adapter.Invalid, "channel %s is not offered", m.Channel)
			return
		}
		r.reply = e.server.Do(context.Background(), m)
	}
	switch m.Op {
	case adapter.OpWait, adapter.OpShutdown, adapter.OpJoin:
		go run()
	default:
		run()
	}
	return r
}

// A returned is a command that runs in this process, and later its reply.
type returned struct {
	done  chan struct{} // closed once reply is set
	reply adapter.Reply
}

func (r *returned) Done() <-chan struct{} { return r.done }

func (r *returned) Wait(context.Context) (adapter.Reply, error) {
	<-r.done
	return r.reply, r.reply.Err()
}

// A plainFailures is the reference, except that the text of a failure does not contain the
// payload, and that text with lone surrogates is a failure. The text is part of the trace:
// if it contained payloads, failures that are alike would each count as new.
type plainFailures struct{ goreference.Implementation }

// Open implements [adapter.Implementation].
func (p plainFailures) Open(recv io.ReadCloser, send io.WriteCloser, o adapter.OpenOptions, h adapter.Handler) (adapter.Connection, error) {
	if h == nil {
		return p.Implementation.Open(recv, send, o, nil)
	}
	return p.Implementation.Open(recv, send, o, func(ctx context.Context, rqType, flags adapter.Integer, payload []byte) (adapter.Result, error) {
		r, err := h(ctx, rqType, flags, payload)
		var e *adapter.Error
		switch {
		case errors.As(err, &e):
			err = errors.New(e.Message)
		case err != nil && rqType == adapter.TypeLarge.Integer():
			err = errors.New("no size")
		case err != nil, r.Form == adapter.FormInvalid, !utf8.ValidString(r.Text):
			err = errors.New("the handler raises")
		}
		return r, err
	})
}

package inprocess

import (
	"context"
	"fmt"
	"time"

	"github.com/packetspec/packetspec/reference"
)

// Session reads data as a program of operations on two connected endpoints: how many
// handlers each has, and what their users do, one operation after the other. It reports a
// [Violation] if after an operation a connection has not done all that its model says, or
// has done anything else, and if not everything ends in the end.
func Session(data []byte) error { return opener(reference.New).runSession(data, maxDuration) }

func (open opener) runSession(data []byte, limit time.Duration) error {
	return guard(limit, func(ctx context.Context) error {
		// Half of the time is left to report what has not happened.
		ctx, cancel := context.WithTimeout(ctx, limit/2)
		defer cancel()
		handlers, program := decodeProgram(data)
		s := newSession(ctx, open, handlers, nil, reference.WithGrace(0))
		defer s.tearDown()
		if err := s.do(program...); err != nil {
			return err
		}
		return s.finish()
	})
}

// An operation is one step of a session. Every operation is possible in any state.
type operation struct {
	kind       kind
	end        int        // the index of the endpoint; for hold and resume, of the sender
	which      int        // release: the index of the handler, among those that are held
	submission submission // request
}

type kind string

const (
	request  kind = "requests"
	release  kind = "releases handler"
	hold     kind = "sends, but nothing arrives"
	resume   kind = "sends, and it arrives again"
	shutDown kind = "shuts down"
	block    kind = "shuts down and waits"
	sever    kind = "is cut off from the other"
	abandon  kind = "closes"
)

// A submission is a request of a local user, and how its handler ends if it is accepted.
type submission struct {
	channel, rqType, flags uint64
	decode                 bool
	released               bool // its handler does not wait
	outcome                outcome
}

func (o operation) String() string {
	s := fmt.Sprintf("%c %s", 'A'+o.end, o.kind)
	switch q := o.submission; o.kind {
	case request:
		return s + fmt.Sprintf(" (channel %d, type %d, flags %d, decode %t, released %t, handler outcome %s)",
			q.channel, q.rqType, q.flags, q.decode, q.released, q.outcome.named)
	case release:
		return s + fmt.Sprintf(" %d", o.which)
	}
	return s
}

// run runs the operation and returns what is wrong at once.
func (o operation) run(s *session) error {
	x := s.ends[o.end]
	switch o.kind {
	case request:
		return s.submit(x, o.submission)
	case release:
		s.change(func() { x.release(o.which) })
	case hold, resume:
		s.change(func() { x.out.held = o.kind == hold })
	case shutDown:
		if err := x.conn.Shutdown(false); err != nil {
			return violates("SHD-4", "shutting down without waiting").expected("no error").got("%v", err)
		}
		s.change(x.model.shutdown)
	case block:
		s.change(x.model.shutdown)
		s.start(x, blockingShutdown, func() error { return x.conn.Shutdown(true) })
	case sever:
		s.change(func() { x.out.writesFail, x.out.severed, x.model.noReader = true, true, true })
	case abandon:
		// Writes of the other endpoint fail first. If they did not, what it writes while x
		// closes its two streams might arrive or not.
		s.change(func() {
			x.closed, x.other.out.writesFail, x.other.model.noReader = true, true, true
			x.model.abandon()
		})
		_ = x.conn.Close()
	}
	return nil
}

func (s *session) submit(x *endpoint, q submission) error {
	s.calls++
	local := &localRequest{request: reference.Request{
		Channel: q.channel, Type: q.rqType, Flags: q.flags, Payload: fmt.Appendf(nil, "request %d", s.calls),
	}}
	if q.decode {
		local.countDecodes()
	}
	p := &peerRequest{outcome: q.outcome, gate: make(chan struct{})}
	p.packet = reference.Packet{IsRequest: true, Channel: q.channel, Flags: q.flags, Type: q.rqType + 1, Payload: local.request.Payload}
	if q.released {
		p.release()
	}
	var want error
	s.change(func() {
		x.other.requests = append(x.other.requests, p)
		want = x.model.submit(local)
		p.packet.Tag = local.tag
	})
	call, err := x.conn.Request(context.Background(), local.request)
	if !isError(err, want) {
		return violates("SHD-1", "requesting").expected("error %v", want).got("%v", err)
	}
	if err == nil {
		local.call = call
		go func() {
			got, err := call.Wait(context.Background())
			s.change(func() { local.got, local.gotErr, local.done = got, err, true })
		}()
	}
	return nil
}

func (x *endpoint) release(which int) {
	if held := x.model.held(); len(held) > 0 {
		held[which%len(held)].release()
		x.model.advance()
	}
}

// maxProgram is how many operations of a program are run.
const maxProgram = 64

// decodeProgram turns any bytes into a program: one byte for the handlers, then one for
// each operation and its endpoint, and two more for a request. Missing bytes read as zero.
func decodeProgram(data []byte) (handlers [2]int, program []operation) {
	next := func() (b byte) {
		if len(data) > 0 {
			b, data = data[0], data[1:]
		}
		return b
	}
	first := next()
	handlers = [2]int{int(first % 4), int(first / 4 % 4)}
	for len(data) > 0 && len(program) < maxProgram {
		b := next()
		o := operation{kind: kinds[b%16], end: int(b / 16 % 2), which: int(b / 32)}
		if o.kind == request {
			o.submission = decodeSubmission(next(), next())
		}
		program = append(program, o)
	}
	return handlers, program
}

// kinds are the operations by their number. Those after which more can happen come more
// often.
var kinds = [16]kind{
	request, request, request, request, request, request, release, release,
	release, release, hold, resume, shutDown, block, sever, abandon,
}

func decodeSubmission(how, what byte) submission {
	all := outcomes()
	q := submission{
		rqType: uint64(what % 16), flags: uint64(what / 16), released: how&0x10 != 0, decode: how&0x20 != 0,
		outcome: all[int(how%16)%len(all)],
	}
	if how >= 0xc0 {
		q.channel = 5
	}
	return q
}

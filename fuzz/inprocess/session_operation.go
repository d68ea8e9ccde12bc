package inprocess

import (
	"context"
	"fmt"
	"time"

	"github.com/packetspec/packetspec/reference"
)

// An operation is one step of a session. Each is possible in any state.
type operation struct {
	kind  kind
	side  int    // whose it is; of a wire: who sends
	which int    // release: which of the handlers that are held
	ask   asking // request
}

type kind string

const (
	request  kind = "requests"
	release  kind = "answers"
	hold     kind = "cannot be heard"
	letGo    kind = "can be heard"
	shutDown kind = "shuts down"
	block    kind = "shuts down and waits"
	sever    kind = "is cut off"
	abandon  kind = "closes"
)

// An asking is a request, and what becomes of it if it is accepted.
type asking struct {
	channel, rqType, flags uint64
	decode                 bool
	atOnce                 bool // it is not held
	outcome                outcome
}

func (o operation) String() string {
	s := fmt.Sprintf("%c %s", 'A'+o.side, o.kind)
	switch o.kind {
	case request:
		return s + fmt.Sprintf(" (channel %d, type %d, flags %d, decode %t, at once %t, planned %s)",
			o.ask.channel, o.ask.rqType, o.ask.flags, o.ask.decode, o.ask.atOnce, o.ask.outcome.named)
	case release:
		return s + fmt.Sprintf(" %d", o.which)
	}
	return s
}

// on does o. The error is what is wrong at once.
func (o operation) on(s *session) error {
	x := s.sides[o.side]
	switch o.kind {
	case request:
		return s.request(x, o.ask)
	case release:
		s.change(func() { x.release(o.which) })
	case hold, letGo:
		s.change(func() { x.out.held = o.kind == hold })
	case shutDown:
		if err := x.conn.Shutdown(false); err != nil {
			return violates("SHD-4", "shutting down without waiting").expected("no error").got("%v", err)
		}
		s.change(x.model.shutdown)
	case block:
		s.change(x.model.shutdown)
		s.start(x, &returning{
			name:   "Shutdown(true)",
			holds:  func(m *model) bool { return m.sent && !m.anyPending() },
			reason: func(m *model) error { return m.sendErr },
		}, func() error { return x.conn.Shutdown(true) })
	case sever:
		s.change(func() { x.out.refuses, x.out.cut, x.model.peerDeaf = true, true, true })
	case abandon:
		// What the other writes while x closes its two ends would arrive, or not.
		s.change(func() {
			x.closed, x.other.out.refuses, x.other.model.peerDeaf = true, true, true
			x.model.abandon()
		})
		_ = x.conn.Close()
	}
	return nil
}

// request has the user of x request something.
func (s *session) request(x *side, ask asking) error {
	s.calls++
	c := &localCall{request: reference.Request{
		Channel: ask.channel, Type: ask.rqType, Flags: ask.flags, Payload: fmt.Appendf(nil, "request %d", s.calls),
	}}
	if ask.decode {
		c.counting()
	}
	v := &visit{outcome: ask.outcome, gate: make(chan struct{})}
	v.packet = reference.Packet{IsRequest: true, Channel: ask.channel, Flags: ask.flags, Type: ask.rqType + 1, Payload: c.request.Payload}
	if ask.atOnce {
		v.open()
	}
	var want error
	s.change(func() {
		x.other.visits = append(x.other.visits, v)
		want = x.model.request(c)
		v.packet.Tag = c.tag
	})
	call, err := x.conn.Request(c.request)
	if !isError(err, want) {
		return violates("SHD-1", "requesting").expected("error %v", want).got("%v", err)
	}
	if err == nil {
		c.call = call
		go func() {
			got, err := call.Wait(context.Background())
			s.change(func() { c.got, c.gotErr, c.done = got, err, true })
		}()
	}
	return nil
}

// release lets one of the handlers return that are held; the model of x knows it then.
func (x *side) release(which int) {
	var held []*visit
	for _, v := range x.model.accepted {
		if !v.opened {
			held = append(held, v)
		}
	}
	if len(held) > 0 {
		held[which%len(held)].open()
		x.model.settle()
	}
}

// Session takes data as a program: how many handlers each of two connected peers has,
// and then operations of their users, one after the other. After each, both peers have
// done all that a simple model says, and nothing else; in the end everything ends.
func Session(data []byte) error { return opener(reference.New).runSession(data, maxDuration) }

func (open opener) runSession(data []byte, limit time.Duration) error {
	return guard(limit, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, limit/2) // to tell what has not happened
		defer cancel()
		handlers, program := decodeProgram(data)
		s := newSession(open, handlers, nil, ctx.Done(), reference.WithGrace(0))
		defer s.tearDown()
		for _, o := range program {
			if err := s.do(o); err != nil {
				return err
			}
		}
		return s.finish()
	})
}

// maxProgram is how many operations of a program count.
const maxProgram = 64

// decodeProgram makes a program of any octets: one for the handlers, then one for each
// operation and its side, and for a request two more. What is missing is zero.
func decodeProgram(data []byte) (handlers [2]int, program []operation) {
	next := func() (octet byte) {
		if len(data) > 0 {
			octet, data = data[0], data[1:]
		}
		return octet
	}
	first := next()
	handlers = [2]int{int(first % 4), int(first / 4 % 4)}
	for len(data) > 0 && len(program) < maxProgram {
		octet := next()
		o := operation{kind: kinds[octet%16], side: int(octet / 16 % 2), which: int(octet / 32)}
		if o.kind == request {
			o.ask = decodeAsking(next(), next())
		}
		program = append(program, o)
	}
	return handlers, program
}

// kinds are the operations by their number: more of what leaves more to happen.
var kinds = [16]kind{
	request, request, request, request, request, request, release, release,
	release, release, hold, letGo, shutDown, block, sever, abandon,
}

func decodeAsking(how, what byte) asking {
	all := outcomes()
	a := asking{
		rqType: uint64(what % 16), flags: uint64(what / 16), atOnce: how&0x10 != 0, decode: how&0x20 != 0,
		outcome: all[int(how%16)%len(all)],
	}
	if how >= 0xc0 {
		a.channel = 5
	}
	return a
}

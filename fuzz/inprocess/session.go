package inprocess

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/packetspec/packetspec/reference"
)

// A session is two connected peers, and the model of each. After every operation both
// come to rest, and must then be where their models say.
type session struct {
	door
	sides [2]*side
	calls int      // requests so far, for payloads that differ
	done  []string // operations

	// atRest returns when every goroutine of the peers waits, for a test that can tell;
	// then they must have done everything. Otherwise the session waits until they have.
	atRest func()
	giveUp <-chan struct{}
}

// A side is one peer: its connection, its model, and what its users see.
type side struct {
	name   string
	other  *side
	conn   *reference.PacketConnection
	model  model
	out    *wire // to the other
	visits []*visit
	ends   []*returning
	closed bool
}

// A returning is a call that returns when something has ended.
type returning struct {
	name     string
	holds    func(*model) bool  // that it returns
	reason   func(*model) error // what it returns
	returned bool
	err      error
}

// newSession connects two peers, of which so many handlers run at once each; 0: it has
// none. Without atRest, whoever waits for what should happen gives up when giveUp says so.
func newSession(open opener, handlers [2]int, atRest func(), giveUp <-chan struct{}, opts ...reference.Option) *session {
	s := &session{atRest: atRest, giveUp: giveUp}
	a := &side{name: "A", out: &wire{door: &s.door}, model: model{handlers: handlers[0]}}
	b := &side{name: "B", out: &wire{door: &s.door}, model: model{handlers: handlers[1]}}
	a.other, b.other = b, a
	s.sides = [2]*side{a, b}
	for i, x := range s.sides {
		var h reference.Handler
		if handlers[i] > 0 {
			h = func(_ context.Context, r reference.Request) (reference.Reply, error) { return s.handle(x, r) }
		}
		options := append([]reference.Option{reference.WithHandlers(handlers[i])}, opts...)
		x.conn = open(receiving{x.other.out}, x.out, h, options...)
		s.start(x, &returning{
			name:   "Join",
			holds:  (*model).idle,
			reason: func(m *model) error { return m.reason },
		}, func() error { return x.conn.Join(context.Background()) })
	}
	return s
}

// start makes a call that returns when something has ended.
func (s *session) start(x *side, e *returning, call func() error) {
	s.change(func() { x.ends = append(x.ends, e) })
	go func() {
		err := call()
		s.change(func() { e.returned, e.err = true, err })
	}()
}

// handle is the request handler of x.
func (s *session) handle(x *side, r reference.Request) (reference.Reply, error) {
	var v *visit
	s.change(func() {
		if v = x.visitOf(r.Payload); v != nil {
			v.seen = append(v.seen, r)
		}
	})
	if v == nil {
		return reference.Reply{}, fmt.Errorf("a request that nobody sent: %+v", r)
	}
	return v.handle()
}

func (x *side) visitOf(payload []byte) *visit {
	i := slices.IndexFunc(x.visits, func(v *visit) bool { return bytes.Equal(v.packet.Payload, payload) })
	if i < 0 {
		return nil
	}
	return x.visits[i]
}

// do does one operation, and has the peers come to rest.
func (s *session) do(o operation) error {
	s.done = append(s.done, o.String())
	err := o.on(s)
	if err == nil {
		err = s.rest()
	}
	if err != nil {
		return fmt.Errorf("%w\nafter    %s", err, strings.Join(s.done, "; "))
	}
	return nil
}

// finish lets everything end that can, after which nothing may be left undone.
func (s *session) finish() error {
	for i := range s.sides {
		if err := s.do(operation{kind: letGo, side: i}); err != nil {
			return err
		}
	}
	for i, x := range s.sides {
		if err := s.do(operation{kind: shutDown, side: i}); err != nil {
			return err
		}
		for range x.visits {
			if err := s.do(operation{kind: release, side: i}); err != nil {
				return err
			}
		}
	}
	for _, x := range s.sides {
		if !x.model.idle() || x.model.anyPending() {
			return breaks("JOI-1", "ending the session").expected("the model of %s to have ended", x.name).got("%+v", x.model)
		}
		for _, c := range x.model.calls {
			if err := c.checkSecondWait(); err != nil {
				return err
			}
		}
	}
	return nil
}

// tearDown ends every goroutine, in whatever state a failure has left the peers.
func (s *session) tearDown() {
	for _, x := range s.sides {
		s.change(func() {
			for _, v := range x.visits {
				v.open()
			}
		})
		_ = x.conn.Close()
	}
}

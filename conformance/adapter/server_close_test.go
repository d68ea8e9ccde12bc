package adapter_test

import (
	"testing"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/peer"
)

// TestCloseInEveryState closes a connection in each state in which a scenario may leave it.
// The close and all running commands return, held handlers are freed, and the adapter
// continues. TestMain checks that no goroutine leaks.
func TestCloseInEveryState(t *testing.T) {
	on := func(m adapter.Message) adapter.Message { m.Conn = "c"; return m }
	hold := func(t *testing.T, p *peer.Peer) {
		t.Helper()
		send(t, p, request(1, 7, "g"), request(2, 3, "x")) // the second answer shows that the first request has arrived
		next(t, p, `response: tag 2, ok, payload "x"`)
	}
	ask := func(t *testing.T, s *adapter.Session, p *peer.Peer) {
		t.Helper()
		do(t, s, on(adapter.Message{Op: adapter.OpRequest, Call: "a", RqType: "0"}))
		next(t, p, "request: tag 1, wire type 1")
	}
	for name, reach := range map[string]func(*testing.T, *adapter.Session, *peer.Peer) []*adapter.Pending{
		"fresh": func(*testing.T, *adapter.Session, *peer.Peer) []*adapter.Pending { return nil },
		"a handler held": func(t *testing.T, _ *adapter.Session, p *peer.Peer) []*adapter.Pending {
			hold(t, p)
			return nil
		},
		"more requests than handlers": func(t *testing.T, _ *adapter.Session, p *peer.Peer) []*adapter.Pending {
			for tag := range int64(20) {
				send(t, p, request(tag, 7, "g"))
			}
			return nil
		},
		"a handler waiting for the peer": func(t *testing.T, _ *adapter.Session, p *peer.Peer) []*adapter.Pending {
			send(t, p, request(1, 10, "x"))
			next(t, p, `request: tag 1, wire type 3, payload "x"`)
			return nil
		},
		"a request pending": func(t *testing.T, s *adapter.Session, p *peer.Peer) []*adapter.Pending {
			ask(t, s, p)
			return []*adapter.Pending{s.Send(on(adapter.Message{Op: adapter.OpWait, Call: "a"}))}
		},
		"joined": func(_ *testing.T, s *adapter.Session, _ *peer.Peer) []*adapter.Pending {
			return []*adapter.Pending{s.Send(on(adapter.Message{Op: adapter.OpJoin}))}
		},
		"shutting down with a handler held and a request pending": func(t *testing.T, s *adapter.Session, p *peer.Peer) []*adapter.Pending {
			hold(t, p)
			ask(t, s, p)
			return []*adapter.Pending{
				s.Send(on(adapter.Message{Op: adapter.OpShutdown, Block: ptr(true)})),
				s.Send(on(adapter.Message{Op: adapter.OpShutdown, Block: ptr(false)})),
				s.Send(on(adapter.Message{Op: adapter.OpWait, Call: "a"})),
			}
		},
		"ended by the peer": func(t *testing.T, _ *adapter.Session, p *peer.Peer) []*adapter.Pending {
			send(t, p, peer.EOF)
			next(t, p, "EOF")
			return nil
		},
		"ended by the peer with a handler held": func(t *testing.T, s *adapter.Session, p *peer.Peer) []*adapter.Pending {
			hold(t, p)
			send(t, p, peer.EOF)
			return []*adapter.Pending{s.Send(on(adapter.Message{Op: adapter.OpJoin}))}
		},
		"ended by both": func(t *testing.T, s *adapter.Session, p *peer.Peer) []*adapter.Pending {
			do(t, s, on(adapter.Message{Op: adapter.OpShutdown, Block: ptr(true)}))
			next(t, p, "EOF")
			send(t, p, peer.EOF)
			do(t, s, on(adapter.Message{Op: adapter.OpJoin}))
			return nil
		},
		"inside a packet": func(t *testing.T, _ *adapter.Session, p *peer.Peer) []*adapter.Pending {
			if err := p.Send(patiently(t), []byte{5, 1, 2}); err != nil {
				t.Fatal(err)
			}
			return nil
		},
		"the peer does not read": func(t *testing.T, s *adapter.Session, p *peer.Peer) []*adapter.Pending {
			p.Pause()
			send(t, p, request(1, 9, "1000000"), request(2, 9, "1000000"))
			return []*adapter.Pending{s.Send(on(adapter.Message{Op: adapter.OpShutdown, Block: ptr(true)}))}
		},
		"the peer is gone": func(_ *testing.T, _ *adapter.Session, p *peer.Peer) []*adapter.Pending {
			p.EndReading()
			p.EndSending()
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, reference)
			p := connect(t, s)
			under := reach(t, s, p)
			do(t, s, on(adapter.Message{Op: adapter.OpClose}))
			for _, pending := range under {
				_, _ = await(t, pending) // any result is allowed
			}
			p.Resume()
			if _, err := p.AwaitEnd(patiently(t)); err != nil {
				t.Errorf("the subject's stream: got the error %v, expected its end", err)
			}
			fails(t, s, on(adapter.Message{Op: adapter.OpSeen}), adapter.Invalid)

			again := connect(t, s) // the name is free again
			send(t, again, request(1, 3, "x"))
			next(t, again, `response: tag 1, ok, payload "x"`)
		})
	}
}

// TestTheEndOfTheCommandsClosesEverything shows that Serve closes the connections left open.
func TestTheEndOfTheCommandsClosesEverything(t *testing.T) {
	s := start(t, reference)
	p := connect(t, s)
	send(t, p, request(1, 7, "g"))
	pending := s.Send(adapter.Message{Op: adapter.OpJoin, Conn: "c"})
	if err := s.Stop(); err != nil {
		t.Errorf("stop: got the error %v, expected none", err)
	}
	if _, err := p.AwaitEnd(patiently(t)); err != nil {
		t.Errorf("the subject's stream: got the error %v, expected its end", err)
	}
	_, _ = await(t, pending)
}

package reference_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/packetspec/packetspec/reference"
)

// nesting returns a handler. For type n > 0 it requests type n-1 from the other end, and
// returns the payload of the response with letter appended.
func nesting(end **reference.PacketConnection, letter string) reference.Handler {
	return func(ctx context.Context, r reference.Request) (reference.Reply, error) {
		if r.Type == 0 {
			return reference.Reply{}, nil
		}
		answer, err := (*end).Do(ctx, reference.Request{Type: r.Type - 1})
		return reference.Reply{Payload: append(answer.Payload, letter...)}, err
	}
}

// Nested requests are answered, even if they are nested more deeply than there are slots,
// or many at once are.
func TestNestedRequests(t *testing.T) {
	type nest struct {
		handlers, depth, atOnce int
	}
	each(t, map[string]nest{
		"20 deep":               {4, 20, 1},
		"20 deep, 20 at once":   {4, 20, 20},
		"one slot":              {1, 20, 20},
		"100 deep, 100 at once": {2, 100, 100},
		"fewer than the slots":  {4, 3, 2},
	}, func(t *testing.T, n nest) {
		var a, b *reference.PacketConnection
		a, b = pair(t, nesting(&a, "a"), nesting(&b, "b"), reference.WithHandlers(n.handlers))
		var all sync.WaitGroup
		for range n.atOnce {
			all.Go(func() {
				got, err := a.Do(ctx, reference.Request{Type: uint64(n.depth)})
				checkErr(t, "Do", err, nil)
				check(t, "ok", got.OK, true)
				check(t, "ends that answered", len(got.Payload), n.depth)
			})
		}
		all.Wait()
	})
}

// asking returns a handler that waits at the gate. For type 1 it first sends the peer as
// many requests as its flags say, each in a goroutine, and waits for the responses.
func asking(c **reference.PacketConnection, g *gate) reference.Handler {
	return func(ctx context.Context, r reference.Request) (reference.Reply, error) {
		if r.Type == 1 {
			var all sync.WaitGroup
			for range r.Flags {
				all.Go(func() { _, _ = (*c).Do(ctx, reference.Request{}) })
			}
			all.Wait()
		}
		return g.handler(ctx, r)
	}
}

// A handler that waits for a response gives up its slot. It goes on when one is free,
// before the handlers of requests that have not begun.
func TestWaitingHandlerGivesUpItsSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		var c *reference.PacketConnection
		c, p := connect(t, asking(&c, g), reference.WithHandlers(1))
		p.send("03 01 06 02") // tag 1, flags 1, type 1: asks once
		p.expect("03 01 02 01")
		p.send("04 02 02 01 62") // tag 2, type 0
		check(t, "handlers running", g.running(), 1)
		p.send("02 01 04")       // the response, while no slot is free
		p.send("04 03 02 01 63") // tag 3
		check(t, "handlers running", g.running(), 1)
		g.open(1)
		p.expect("03 02 04 62")
		g.open(1)
		p.expect("02 01 0c") // tag 1 before 3; flags 1<<1|ok
		g.open(1)
		p.expect("03 03 04 63")
	})
}

// A handler also gives up its slot while its request waits for room in the queue.
func TestHandlerThatWaitsForRoomGivesUpItsSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		var c *reference.PacketConnection
		c, p := connectUnread(t, asking(&c, g), reference.WithHandlers(1))
		fill(t, c)
		p.send("03 01 06 02") // tag 1, flags 1, type 1: asks once
		p.send("03 02 02 01") // tag 2, type 0
		check(t, "handlers running", g.running(), 1)
		g.open(1)
		go p.receive()
		p.take()
		p.send("02 0a 04") // the answer to the request with tag 10
		check(t, "handlers running", g.running(), 1)
		g.open(1)
		p.expect("02 01 0c")
	})
}

// A request that waits already gets the slot that a handler gives up.
func TestWaitingHandlerStartsAWaitingRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		var c *reference.PacketConnection
		c, p := connect(t, func(ctx context.Context, r reference.Request) (reference.Reply, error) {
			if _, err := g.handler(ctx, r); err != nil || r.Type == 0 {
				return reference.Reply{}, err
			}
			_, err := c.Do(ctx, reference.Request{})
			return reference.Reply{}, err
		}, reference.WithHandlers(1))
		p.send("03 01 02 02") // tag 1, type 1: asks after the gate
		p.send("03 02 02 01") // tag 2, type 0
		check(t, "handlers running", g.running(), 1)
		g.open(1)
		p.expect("03 01 02 01")
		check(t, "handlers running", g.running(), 1)
		g.open(1)
		p.expect("02 02 04")
		p.send("02 01 04")
		p.expect("02 01 04")
	})
}

// A handler gives up one slot, however many responses it waits for.
func TestHandlerWithConcurrentRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		var c *reference.PacketConnection
		c, p := connect(t, asking(&c, g), reference.WithHandlers(2))
		p.send("03 07 0e 02") // tag 7, flags 3, type 1: asks three times
		check(t, "octets of three requests", len(p.take()), 12)
		p.send("03 02 02 01" + "03 03 02 01" + "03 04 02 01" + "03 05 02 01")
		check(t, "handlers running", g.running(), 2)
		p.send("02 01 04" + "02 02 04")
		check(t, "handlers running", g.running(), 2)
		g.open(1)
		check(t, "octets of one answer", len(p.take()), 3)
		p.send("02 03 04") // the last response: the handler goes on when a slot is free
		check(t, "handlers running", g.running(), 2)
		for range 4 {
			g.open(1)
			g.running()
		}
		check(t, "octets of four answers", len(p.take()), 12)
		check(t, "handlers running", g.running(), 0)
	})
}

// A handler whose request is cancelled goes on, and its own request is answered.
func TestNestedRequestIsCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c *reference.PacketConnection
		c, p := connect(t, nesting(&c, ""))
		p.send("03 07 02 02") // tag 7, type 1
		p.expect("03 01 02 01")
		p.send(eof)
		got := p.take()
		if len(got) < 7 || string(got[1:3]) != "\x07\x00" || string(got[len(got)-4:]) != string(octets(t, eof)) {
			t.Errorf("octets sent: got [% x], expected a failure response to tag 7 and EOF", got)
		}
		p.expectClosed()
	})
}

// A request that arrives after a shutdown is refused, not dropped, if a handler waits for
// the peer: dropping it would keep both ends waiting.
func TestNestedInShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a, b *reference.PacketConnection
		a, b = pair(t, nesting(&a, "a"), func(ctx context.Context, r reference.Request) (reference.Reply, error) {
			_ = a.Shutdown(false)
			return nesting(&b, "b")(ctx, r)
		})
		returned := background(func() { _, _ = b.Do(ctx, reference.Request{Type: 3}) })
		check(t, "Do returned", returned(), true)
	})
}

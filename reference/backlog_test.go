package reference_test

import (
	"bytes"
	"fmt"
	"io"
	"testing"
	"testing/synctest"

	"github.com/packetspec/packetspec/reference"
)

const (
	plain = "02 01 78" // flags 0, type 0, "x"
	ask   = "02 02 78" // flags 0, type 1, "x": see nesting
)

// sendTen sends ten requests, with the tags 1 to 10, in a goroutine, since the connection
// may pause. Each counts about 1 KiB in the backlog.
func (p *peer) sendTen(request string) (sent func() bool) {
	return background(func() {
		for tag := 1; tag <= 10; tag++ {
			_, _ = p.out.Write(octets(p.t, fmt.Sprintf("04 %02x", tag)+request))
		}
	})
}

// count returns how many of the packets that arrived are requests, and how many responses.
func (p *peer) count() (requests, answers int) {
	r := reference.NewReader(bytes.NewReader(p.take()), 1000)
	for {
		switch packet, err := r.Next(); {
		case err != nil:
			return requests, answers
		case packet.IsRequest:
			requests++
		default:
			answers++
		}
	}
}

// With room for five requests, the receiver pauses after five and goes on when one is
// answered.
func TestBacklogPausesTheReceiver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		_, p := connect(t, g.handler, reference.WithBacklog(5<<10), reference.WithHandlers(100))
		sent := p.sendTen(plain)
		check(t, "handlers running", g.running(), 5)
		check(t, "all ten were read", sent(), false)
		g.open(1)
		check(t, "handlers running after an answer", g.running(), 5)
		g.open(5)
		check(t, "handlers running after six answers", g.running(), 4)
		check(t, "all ten were read", sent(), true)
		g.open(4)
		p.take()
		p.send(eof)
		p.expectEnd()
	})
}

// Responses that the peer does not read count in the backlog, refusals too.
func TestBacklogCountsAnswers(t *testing.T) {
	each(t, map[string]reference.Handler{
		"answers":  none,
		"refusals": nil,
	}, func(t *testing.T, h reference.Handler) {
		_, p := connectUnread(t, h, reference.WithBacklog(5<<10))
		p.send("03 0b 02 01")
		synctest.Wait() // the sender is blocked by the response to tag 11
		sent := p.sendTen(plain)
		check(t, "all ten were read from a peer that reads no response", sent(), false)
		go p.receive()
		check(t, "all ten were read", sent(), true)
		_, answers := p.count()
		check(t, "answers", answers, 11)
	})
}

// However small the backlog is, the receiver accepts one request at a time.
func TestBacklogOfZero(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		_, p := connect(t, g.handler, reference.WithBacklog(0), reference.WithHandlers(100))
		p.sendTen(plain)
		for range 10 {
			check(t, "handlers running", g.running(), 1)
			g.open(1)
		}
		check(t, "octets of ten answers", len(p.take()), 40)
	})
}

// After a shutdown the receiver goes on: it accepts no more requests.
func TestShutdownDuringAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		c, p := connect(t, g.handler, reference.WithBacklog(2<<10))
		sent := p.sendTen(plain)
		check(t, "all ten were read", sent(), false)
		checkErr(t, "Shutdown", c.Shutdown(false), nil)
		if !sent() {
			t.Fatal("the receiver still pauses after a shutdown, expected it to read on")
		}
		check(t, "handlers running", g.running(), 2)
		g.open(2)
		check(t, "octets of two answers and EOF", len(p.take()), 12)
	})
}

// While handlers run, the receiver pauses even if a local call waits: they make room.
func TestPauseWhileACallIsPending(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		c, p := connect(t, g.handler, reference.WithBacklog(5<<10), reference.WithHandlers(100))
		call := request(t, c, reference.Request{})
		sent := p.sendTen(plain)
		check(t, "handlers running", g.running(), 5)
		check(t, "all ten were read", sent(), false)
		g.open(10)
		p.send("03 01 04 61")
		checkAnswer(t, call, `ok=true flags=0x0 payload="a"`)
	})
}

// If every handler waits for a response, the receiver reads on.
func TestHandlersThatWaitDoNotPauseTheReceiver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c *reference.PacketConnection
		c, p := connect(t, nesting(&c, "x"), reference.WithBacklog(4<<10))
		sent := p.sendTen(ask)
		if !sent() {
			t.Fatal("the receiver pauses, and cannot read the responses that every handler waits for")
		}
		requests, _ := p.count()
		check(t, "requests to the peer", requests, 10)
		for tag := 1; tag <= 10; tag++ {
			p.send(fmt.Sprintf("02 %02x 04", tag))
		}
		_, answers := p.count()
		check(t, "answers", answers, 10)
	})
}

// A peer that sends requests without end and does not answer any ends the connection.
func TestOverload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c *reference.PacketConnection
		c, p := connect(t, nesting(&c, "x"), reference.WithBacklog(2<<10))
		sent := p.sendTen(ask)
		check(t, "all ten were read, or the write failed", sent(), true)
		_, answers := p.count()
		check(t, "answers to the accepted requests", answers, 8)
		p.expectClosed()
		checkErr(t, "Join", c.Join(ctx), reference.ErrOverload)
	})
}

// Two ends that send each other more than the backlog, and both read, do not deadlock: a
// local request does not count in the backlog.
func TestLocalRequestsDoNotPauseTheReceiver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pair(t, none, none, reference.WithBacklog(20<<10))
		const each = 50
		finished := background(func() {
			done := make(chan error)
			for range each {
				for _, c := range []*reference.PacketConnection{a, b} {
					go func() {
						_, err := c.Do(ctx, reference.Request{Payload: make([]byte, 5<<10)})
						done <- err
					}()
				}
			}
			for range 2 * each {
				checkErr(t, "Do", <-done, nil)
			}
		})
		if !finished() {
			t.Error("two ends that both read wait for each other, expected every request answered")
			_, _ = a.Close(), b.Close()
		}
	})
}

// pair returns two connections with each other.
func pair(t *testing.T, forA, forB reference.Handler, opts ...reference.Option) (a, b *reference.PacketConnection) {
	opts = append([]reference.Option{reference.WithGrace(0)}, opts...)
	fromA, toB := io.Pipe()
	fromB, toA := io.Pipe()
	a = reference.New(fromB, toB, forA, opts...)
	b = reference.New(fromA, toA, forB, opts...)
	t.Cleanup(func() {
		checkErr(t, "Shutdown", a.Shutdown(true), nil)
		for _, c := range []*reference.PacketConnection{a, b} {
			if err := c.Join(ctx); err != nil {
				t.Errorf("Join: got %v, expected the peer's EOF", err)
			}
		}
	})
	return a, b
}

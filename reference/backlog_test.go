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

// sendTen sends ten requests, with the tags 1 to 10, each of which costs the
// receiver about 1 KiB, in a goroutine, for the connection may stop to read.
func (p *peer) sendTen(request string) (sent func() bool) {
	return background(func() {
		for tag := 1; tag <= 10; tag++ {
			_, _ = p.out.Write(octets(p.t, fmt.Sprintf("04 %02x", tag)+request))
		}
	})
}

// count is how many of the packets that arrived are requests, and how many answers.
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

// With room for five requests the receiver pauses after five, and goes on as soon
// as one is answered.
func TestBacklogPausesTheReceiver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		_, p := connect(t, g.handler, reference.WithBacklog(5<<10), reference.WithHandlers(100))
		sent := p.sendTen(plain)
		check(t, "handlers at work", g.atWork(), 5)
		check(t, "all ten were taken", sent(), false)
		g.open(1)
		check(t, "handlers at work after an answer", g.atWork(), 5)
		g.open(5)
		check(t, "handlers at work after six answers", g.atWork(), 4)
		check(t, "all ten were taken", sent(), true)
		g.open(4)
		p.take()
		p.send(eof)
		p.expectEnd()
	})
}

// Answers that the peer does not read count, too, and so do refusals.
func TestBacklogCountsAnswers(t *testing.T) {
	each(t, map[string]reference.Handler{
		"answers":  none,
		"refusals": nil,
	}, func(t *testing.T, h reference.Handler) {
		_, p := connectDeaf(t, h, reference.WithBacklog(5<<10))
		p.send("03 0b 02 01")
		synctest.Wait() // the sender is stuck with the answer to tag 11
		sent := p.sendTen(plain)
		check(t, "all ten were taken from a peer that reads no answer", sent(), false)
		go p.listen()
		check(t, "all ten were taken", sent(), true)
		_, answers := p.count()
		check(t, "answers", answers, 11)
	})
}

// However small the backlog, one request at a time is taken.
func TestBacklogOfNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		_, p := connect(t, g.handler, reference.WithBacklog(0), reference.WithHandlers(100))
		p.sendTen(plain)
		for range 10 {
			check(t, "handlers at work", g.atWork(), 1)
			g.open(1)
		}
		check(t, "octets of ten answers", len(p.take()), 40)
	})
}

// After a shutdown nothing more is held for the peer, so that the receiver goes on.
func TestShutdownDuringAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		c, p := connect(t, g.handler, reference.WithBacklog(2<<10))
		sent := p.sendTen(plain)
		check(t, "all ten were taken", sent(), false)
		checkErr(t, "Shutdown", c.Shutdown(false), nil)
		if !sent() {
			t.Fatal("the receiver still pauses after a shutdown")
		}
		check(t, "handlers at work", g.atWork(), 2)
		g.open(2)
		check(t, "octets of two answers and EOF", len(p.take()), 12)
	})
}

// Handlers at work make room by themselves; an answer that is awaited comes later.
func TestPauseWhileAnAnswerIsAwaited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		c, p := connect(t, g.handler, reference.WithBacklog(5<<10), reference.WithHandlers(100))
		call := request(t, c, reference.Request{})
		sent := p.sendTen(plain)
		check(t, "handlers at work", g.atWork(), 5)
		check(t, "all ten were taken", sent(), false)
		g.open(10)
		p.send("03 01 04 61")
		checkAnswer(t, call, `ok=true flags=0x0 payload="a"`)
	})
}

// But for handlers that wait for answers the receiver goes on.
func TestHandlersThatWaitDoNotPauseTheReceiver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c *reference.PacketConnection
		c, p := connect(t, nesting(&c, "x"), reference.WithBacklog(4<<10))
		sent := p.sendTen(ask)
		if !sent() {
			t.Fatal("the receiver pauses, and cannot take the answers that all wait for")
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

// A peer that goes on for ever and does not answer is ended, as all ends are.
func TestOverload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c *reference.PacketConnection
		c, p := connect(t, nesting(&c, "x"), reference.WithBacklog(2<<10))
		sent := p.sendTen(ask)
		check(t, "all ten were taken, or failed", sent(), true)
		_, answers := p.count()
		check(t, "answers to those that were taken", answers, 8)
		p.expectClosed()
		checkErr(t, "Join", c.Join(ctx), reference.ErrOverload)
	})
}

// Two ends that send each other more than the backlog, both reading all the while,
// do not wait for each other: what an end sends for itself is not held for its peer.
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
			t.Error("two ends that both read wait for each other")
			_, _ = a.Close(), b.Close()
		}
	})
}

// pair connects two connections with each other.
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

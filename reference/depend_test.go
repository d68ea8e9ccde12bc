package reference_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/packetspec/packetspec/reference"
)

// This file tests what a program depends on beyond SPEC.md: that nothing hangs, leaks or
// grows, and that errors say what happened.

// Handlers that use Request and Wait, on two ends that send each other much, go on. If a
// handler kept its slot while it waits for room, both ends would stop.
func TestRequestInHandlersOfBothEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ask := func(ctx context.Context, r reference.Request) (reference.Reply, error) {
			if r.Type == 0 {
				return reference.Reply{}, nil
			}
			call, err := reference.Connection(ctx).Request(ctx, reference.Request{Payload: make([]byte, 5<<10)})
			if err != nil {
				return reference.Reply{}, err
			}
			_, err = call.Wait(ctx)
			return reference.Reply{}, err
		}
		a, b := pair(t, ask, ask)
		finished := background(func() {
			var all sync.WaitGroup
			for i := range 400 {
				all.Go(func() {
					c := []*reference.PacketConnection{a, b}[i%2]
					_, err := c.Do(ctx, reference.Request{Type: 1, Payload: make([]byte, 5<<10)})
					checkErr(t, "Do", err, nil)
				})
			}
			all.Wait()
		})
		if !finished() {
			t.Error("both ends wait for each other, expected every request answered")
			_, _ = a.Close(), b.Close()
		}
	})
}

// waiter returns a handler that waits for the end of its context, and reports when it came.
func waiter(ended chan<- time.Time) reference.Handler {
	return func(ctx context.Context, _ reference.Request) (reference.Reply, error) {
		<-ctx.Done()
		ended <- time.Now()
		return reference.Reply{}, ctx.Err()
	}
}

// A handler's context ends when its response cannot be sent, or nobody is there for it.
func TestHandlersContextEnds(t *testing.T) {
	type end struct {
		by    func(*reference.PacketConnection, *peer)
		after time.Duration
	}
	each(t, map[string]end{
		"Close":           {func(c *reference.PacketConnection, _ *peer) { _ = c.Close() }, 0},
		"a broken stream": {func(_ *reference.PacketConnection, p *peer) { _ = p.out.CloseWithError(syscall.ECONNRESET) }, 0},
		"a failed write": {func(c *reference.PacketConnection, p *peer) {
			p.stopReading()
			_, _ = c.Request(ctx, reference.Request{})
		}, 0},
		"a cut":       {func(_ *reference.PacketConnection, p *peer) { _ = p.out.Close() }, time.Minute},
		"a malformed": {func(_ *reference.PacketConnection, p *peer) { p.send("01 00") }, time.Minute},
	}, func(t *testing.T, e end) {
		ended := make(chan time.Time, 1)
		c, p := connect(t, waiter(ended), reference.WithLinger(time.Minute))
		p.send(rq1)
		synctest.Wait()
		start := time.Now()
		e.by(c, p)
		check(t, "the context ended after", (<-ended).Sub(start), e.after)
	})
}

// The peer's EOF ends no handler's context: the response is still due. (EOS-6)
func TestHandlersContextOutlivesEOF(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		var late error
		_, p := connect(t, func(ctx context.Context, r reference.Request) (reference.Reply, error) {
			defer func() { late = ctx.Err() }()
			return g.handler(ctx, r)
		})
		p.send(rq1 + eof)
		elapse(time.Hour)
		g.open(1)
		p.expect("02 01 04", eof)
		checkErr(t, "the handler's context", late, nil)
	})
}

// After a shutdown, while a handler waits for the peer, refusals are bounded.
func TestRefusalsAfterAShutdownAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := connectUnread(t, func(ctx context.Context, _ reference.Request) (reference.Reply, error) {
			_, err := reference.Connection(ctx).Do(ctx, reference.Request{})
			return reference.Reply{}, err
		}, reference.WithBacklog(64<<10))
		p.send("03 01 02 02")
		synctest.Wait()
		checkErr(t, "Shutdown", c.Shutdown(false), nil)
		flooded := background(func() {
			for tag := range 10_000 {
				if _, err := p.out.Write(octets(t, fmt.Sprintf("04 %04x 02 01", 0x8100+tag&0x7f00+tag&0x7f))); err != nil {
					return
				}
			}
			t.Error("the connection read 10,000 requests, expected it to give the peer up")
		})
		check(t, "the flood ended", flooded(), true)
		checkErr(t, "Err", c.Err(), reference.ErrOverload)
	})
}

// A one-way pipe cannot block both directions of a stream, so these peers use net.Pipe, on
// which a write waits for its reader.
func TestPeerThatTakesNothing(t *testing.T) {
	type peer struct {
		octets []byte // that it sends before it goes
		waits  bool   // a request is stuck, not just EOF
	}
	each(t, map[string]peer{
		"sends garbage":            {[]byte{1, 0}, true},
		"half-closes":              {[]byte{5, 1}, true},
		"sends garbage before EOF": {[]byte{1, 0}, false},
		"half-closes before EOF":   {[]byte{5, 1}, false},
	}, func(t *testing.T, peer peer) {
		near, far := net.Pipe()
		recv, out := io.Pipe()
		go func() { // the peer's octets, which can end by themselves
			_, _ = io.Copy(out, near)
			_ = out.Close()
		}()
		c := reference.New(recv, near, nil, reference.WithGrace(0), reference.WithLinger(time.Second))
		if peer.waits {
			request(t, c, reference.Request{})
		}
		synctest.Wait() // the sender is blocked
		_, _ = far.Write(peer.octets)
		_ = out.Close()
		soon, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		if err := c.Join(soon); errors.Is(err, context.DeadlineExceeded) {
			t.Error("Join did not return, expected the sender to be given up")
		}
		_ = far.Close()
	})
}

// Two ends that echo much for each other, with little backlog, do not give each other up.
func TestLegitimateLoad(t *testing.T) {
	each(t, map[string]func(*testing.T) (a, b *reference.PacketConnection){
		"over pipes": func(t *testing.T) (a, b *reference.PacketConnection) {
			return pair(t, echo, echo, reference.WithBacklog(1<<20))
		},
		"over net.Pipe": func(*testing.T) (a, b *reference.PacketConnection) {
			near, far := net.Pipe()
			opts := []reference.Option{reference.WithGrace(0), reference.WithBacklog(1 << 20)}
			return reference.New(near, near, echo, opts...), reference.New(far, far, echo, opts...)
		},
	}, func(t *testing.T, connect func(*testing.T) (a, b *reference.PacketConnection)) {
		a, b := connect(t)
		var all sync.WaitGroup
		for i := range 400 {
			all.Go(func() {
				_, err := []*reference.PacketConnection{a, b}[i%2].Do(ctx, reference.Request{Payload: make([]byte, 64<<10)})
				checkErr(t, "Do", err, nil)
			})
		}
		all.Wait()
		checkErr(t, "Shutdown", a.Shutdown(true), nil)
		checkErr(t, "Join", b.Join(ctx), nil)
	})
}

type typedNil struct{ text string }

func (e *typedNil) Error() string { return e.text } // panics if e is nil

func TestTypedNilErrorIsAPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, p := connect(t, func(context.Context, reference.Request) (reference.Reply, error) {
			var err *typedNil
			return reference.Reply{}, err
		})
		p.send(rq1)
		check(t, "text", p.expectFailure(1), "panic in the request handler")
	})
}

// A handler whose Do times out goes on at once, although no slot is free.
func TestDoInAHandlerKeepsItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		took := make(chan time.Duration, 1)
		_, p := connect(t, func(ctx context.Context, r reference.Request) (reference.Reply, error) {
			if r.Type == 0 {
				return g.handler(ctx, r) // takes the only slot
			}
			soon, cancel := context.WithTimeout(ctx, 100*ms)
			defer cancel()
			start := time.Now()
			_, err := reference.Connection(ctx).Do(soon, reference.Request{})
			took <- time.Since(start)
			return reference.Reply{}, err
		}, reference.WithHandlers(1))
		p.send("03 01 02 02" + "03 02 02 01")
		elapse(time.Second)
		check(t, "Do took", <-took, 100*ms)
		g.open(1)
	})
}

// A goroutine that a handler leaves behind has no slot to give up.
func TestGoroutineLeftBehindHasNoSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		_, p := connect(t, func(ctx context.Context, r reference.Request) (reference.Reply, error) {
			if r.Type == 0 {
				return g.handler(ctx, r)
			}
			go func() { _, _ = reference.Connection(ctx).Do(ctx, reference.Request{}) }()
			return reference.Reply{}, nil
		}, reference.WithHandlers(1))
		for tag := 1; tag <= 10; tag++ {
			p.send(fmt.Sprintf("03 %02x 02 02", tag))
		}
		synctest.Wait()
		for tag := 11; tag <= 20; tag++ {
			p.send(fmt.Sprintf("03 %02x 02 01", tag))
		}
		check(t, "handlers running", g.running(), 1)
		for range 10 {
			g.open(1)
		}
	})
}

// A Do that timed out is forgotten: nothing waits for it, and its tag is not used again.
func TestDoThatTimedOutIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := connect(t, nil)
		soon, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		_, err := c.Do(soon, reference.Request{})
		checkErr(t, "Do", err, context.DeadlineExceeded)
		var requestErr *reference.RequestError
		if !errors.As(err, &requestErr) || !requestErr.Sent {
			t.Errorf("Do: got %v, expected that the request may have been carried out", err)
		}
		p.send("02 01 04") // too late: ignored
		call := request(t, c, reference.Request{})
		p.expect("03 01 02 01", "03 02 02 01")
		p.send("02 02 04")
		checkAnswer(t, call, `ok=true flags=0x0 payload=""`)
		returned := background(func() { checkErr(t, "Shutdown", c.Shutdown(true), nil) })
		check(t, "Shutdown returned", returned(), true)
	})
}

// So is a call whose request came with a context that ends.
func TestRequestIsForgottenWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := connect(t, nil)
		soon, cancel := context.WithCancel(ctx)
		call, err := c.Request(soon, reference.Request{})
		checkErr(t, "Request", err, nil)
		cancel()
		_, err = wait(call)
		checkErr(t, "Wait", err, context.Canceled)
		checkErr(t, "Shutdown", c.Shutdown(true), nil)
	})
}

func TestEndedContextSendsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := connect(t, nil)
		over, cancel := context.WithCancel(ctx)
		cancel()
		_, err := c.Do(over, reference.Request{})
		checkErr(t, "Do", err, context.Canceled)
		_, err = c.Request(over, reference.Request{})
		checkErr(t, "Request", err, context.Canceled)
		p.expect()
	})
}

// A wrapped is one end of a socket behind a wrapper of its own for each direction.
type wrapped struct{ net.Conn }

// Shutdown does not close the socket that recv needs, even if recv and send are different
// wrappers of it.
func TestShutdownOfAWrappedSocket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		c := reference.New(&wrapped{near}, &wrapped{near}, nil, reference.WithGrace(0))
		call := request(t, c, reference.Request{})
		checkErr(t, "Shutdown", c.Shutdown(false), nil)
		got := make([]byte, 8)
		_, err := io.ReadFull(far, got)
		checkErr(t, "ReadFull", err, nil)
		checkOctets(t, "octets sent", got, octets(t, "03 01 02 01"+eof))
		_, err = far.Write(octets(t, "03 01 04 61"+eof))
		checkErr(t, "Write of a late response", err, nil)
		checkAnswer(t, call, `ok=true flags=0x0 payload="a"`)
		checkErr(t, "Join", c.Join(ctx), nil)
	})
}

// What is too large to be sent fails alone.
func TestTooLargeToSend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := connect(t, func(context.Context, reference.Request) (reference.Reply, error) {
			return reference.Reply{Payload: make([]byte, 1000)}, nil
		}, reference.WithMaxPacket(100))
		_, err := c.Do(ctx, reference.Request{Payload: make([]byte, 98)})
		checkErr(t, "Do", err, reference.ErrTooLarge)
		p.send(rq1)
		if text := p.expectFailure(1); !strings.Contains(text, "1002 octets, at most 100") {
			t.Errorf("failure: got %q, expected it to name the sizes", text)
		}
		request(t, c, reference.Request{Payload: make([]byte, 97)})
		check(t, "octets of a body of 100", len(p.take()), 101)
	})
}

// One packet of the largest size leaves room for more.
func TestDefaultBacklogHoldsSeveralPackets(t *testing.T) {
	if reference.DefaultBacklog < 2*reference.DefaultMaxPacket {
		t.Errorf("DefaultBacklog is %d, expected twice DefaultMaxPacket at least", reference.DefaultBacklog)
	}
}

// A handler that waits for another connection gives its slot up, too: requests may come
// back through a hub.
func TestNestingThroughAnotherConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var there, back *reference.PacketConnection
		hop := func(to **reference.PacketConnection) reference.Handler {
			return func(ctx context.Context, r reference.Request) (reference.Reply, error) {
				if r.Type == 0 {
					return reference.Reply{}, nil
				}
				_, err := (*to).Do(ctx, reference.Request{Type: r.Type - 1})
				return reference.Reply{}, err
			}
		}
		one := reference.WithHandlers(1)
		there, hub := pair(t, none, hop(&back), one)
		back, _ = pair(t, none, hop(&there), one)
		_ = hub
		soon, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		_, err := there.Do(soon, reference.Request{Type: 20})
		checkErr(t, "Do through twenty hops", err, nil)
	})
}

// An idler is a stream that brings nothing and says so without an error.
type idler struct{ reads atomic.Int64 }

func (r *idler) Read([]byte) (int, error) { r.reads.Add(1); return 0, nil }

func TestReaderWithoutProgress(t *testing.T) {
	for name, prefix := range map[string]string{"between packets": "", "in a length": "\x81", "in a body": "\x05\x01", "in a large body": "\x81\x80\x80\x01\x00"} {
		t.Run(name, func(t *testing.T) {
			_, err := reference.NewReader(io.MultiReader(strings.NewReader(prefix), &idler{}), 10<<20).Next()
			checkErr(t, "Next", err, io.ErrNoProgress)
		})
	}
}

// A failure to send shows at once, while the peer's stream is still open.
func TestErrOfSending(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := connect(t, nil)
		checkErr(t, "Err", c.Err(), nil)
		p.stopReading()
		checkCancelled(t, request(t, c, reference.Request{}))
		checkErr(t, "Err", c.Err(), syscall.EPIPE)
		select {
		case <-c.Done():
			t.Error("Done is closed, expected it open until the peer's stream ends")
		default:
		}
		p.send(eof)
		<-c.Done()
	})
}

func TestJoinInAHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var join, shutdown error
		_, p := connect(t, func(ctx context.Context, _ reference.Request) (reference.Reply, error) {
			c := reference.Connection(ctx)
			join, shutdown = c.Join(ctx), c.ShutdownContext(ctx)
			return reference.Reply{}, nil
		})
		p.send(rq1)
		p.expect("02 01 04", eof)
		for name, err := range map[string]error{"Join": join, "ShutdownContext": shutdown} {
			if err == nil || !strings.Contains(err.Error(), "handler") {
				t.Errorf("%s: got %v, expected an error that names the handler", name, err)
			}
		}
	})
}

// ShutdownContext gives a connection up that does not end in time.
func TestShutdownContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		c, p := connect(t, g.handler)
		p.send(rq1)
		check(t, "handlers running", g.running(), 1)
		soon, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		checkErr(t, "ShutdownContext", c.ShutdownContext(soon), context.DeadlineExceeded)
		g.open(1)
		checkErr(t, "Join", c.Join(ctx), reference.ErrClosed)
	})
}

// The end of a stream that comes with a cause shows the cause.
func TestCutWithACause(t *testing.T) {
	for _, prefix := range []string{"", "\x05\x01"} {
		cause := fmt.Errorf("the tunnel collapsed: %w", io.EOF)
		_, err := reference.NewReader(io.MultiReader(strings.NewReader(prefix), failing{cause}), 100).Next()
		checkErr(t, "Next", err, reference.ErrCut)
		checkErr(t, "Next", err, cause)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// A Failure decides the flags and the payload of the failure response.
func TestFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, p := connect(t, func(context.Context, reference.Request) (reference.Reply, error) {
			failure := &reference.Failure{Reply: reference.Reply{Flags: 5, Payload: []byte(strings.Repeat("a", 300))}}
			return reference.Reply{}, fmt.Errorf("wrapped: %w", failure)
		})
		p.send(rq1)
		p.expect("82 2e 01 28", strings.Repeat("61", 300))
	})
}

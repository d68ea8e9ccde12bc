package reference_test

import (
	"context"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/packetspec/packetspec/reference"
)

// shutdown calls c.Shutdown(block); returned reports whether the call has returned.
func shutdown(t *testing.T, c *reference.PacketConnection, block bool) (returned func() bool) {
	t.Helper()
	return background(func() { checkErr(t, "Shutdown", c.Shutdown(block), nil) })
}

var blocking = map[string]bool{"block": true, "no block": false}

func TestShutdownOfAnIdleConnection(t *testing.T) {
	each(t, blocking, func(t *testing.T, block bool) {
		c, p := connect(t, none)
		check(t, "Shutdown returned", shutdown(t, c, block)(), true)
		p.expectEnd()
		joined := background(func() { checkErr(t, "Join", c.Join(ctx), nil) })
		check(t, "Join returned before the peer's end", joined(), false)
		p.send(eof)
		check(t, "Join returned after it", joined(), true)
	})
}

func TestShutdownWaitsForHandlers(t *testing.T) {
	each(t, blocking, func(t *testing.T, block bool) {
		g := newGate()
		c, p := connect(t, g.handler, reference.WithHandlers(1))
		p.send("04 01 02 01 61" + "04 02 02 01 62") // one runs, one waits for the slot
		check(t, "handlers running", g.running(), 1)
		returned := shutdown(t, c, block)
		check(t, "Shutdown returned while they are unanswered", returned(), !block)
		p.expect()
		g.open(1)
		p.expect("03 01 04 61")
		check(t, "Shutdown returned while one is unanswered", returned(), !block)
		g.open(1)
		p.expect("03 02 04 62", eof)
		p.expectClosed()
		check(t, "Shutdown returned at the end", returned(), true)
	})
}

func TestShutdownWaitsForLocalRequests(t *testing.T) {
	each(t, blocking, func(t *testing.T, block bool) {
		c, p := connect(t, none)
		answered, cancelled := request(t, c, reference.Request{}), request(t, c, reference.Request{})
		returned := shutdown(t, c, block)
		p.expect("03 01 02 01", "03 02 02 01", eof)
		p.expectClosed()
		check(t, "Shutdown returned with two pending", returned(), !block)
		p.send("03 01 04 61") // late
		checkAnswer(t, answered, `ok=true flags=0x0 payload="a"`)
		check(t, "Shutdown returned with one pending", returned(), !block)
		p.send(eof)
		checkCancelled(t, cancelled)
		check(t, "Shutdown returned with none", returned(), true)
	})
}

func TestShutdownRefusesNewWork(t *testing.T) {
	each(t, blocking, func(t *testing.T, block bool) {
		g := newGate()
		c, p := connect(t, g.handler)
		p.send("04 07 02 01 61") // keeps the connection from its end
		check(t, "handlers running", g.running(), 1)
		shutdown(t, c, block)
		synctest.Wait()

		_, err := c.Request(ctx, reference.Request{})
		checkErr(t, "Request", err, reference.ErrClosed)
		_, err = c.Do(ctx, reference.Request{})
		checkErr(t, "Do", err, reference.ErrClosed)
		p.send("03 02 02 01" + "04 03 03 05 01" + "03 07 02 01") // a request, another channel, a tag in flight
		check(t, "handlers running", g.running(), 1)
		p.expect() // dropped, not refused
		g.open(1)
		p.expect("03 07 04 61", eof)
		p.send("03 02 02 01")
		p.expect()
	})
}

func TestShutdownTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		c, p := connect(t, g.handler)
		p.send("04 07 02 01 61")
		check(t, "handlers running", g.running(), 1)
		first, second, third := shutdown(t, c, true), shutdown(t, c, true), shutdown(t, c, false)
		check(t, "first returned", first(), false)
		check(t, "second returned", second(), false)
		check(t, "third, without block, returned", third(), true)
		g.open(1)
		p.expect("03 07 04 61", eof) // one EOF
		check(t, "first returned", first(), true)
		check(t, "second returned", second(), true)
		check(t, "fourth returned", shutdown(t, c, true)(), true)
		p.send(eof)
		p.expect()
		check(t, "fifth returned", shutdown(t, c, true)(), true)
	})
}

// A handler may call Shutdown without block; its own request is still answered.
func TestShutdownFromAHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c *reference.PacketConnection
		c, p := connect(t, func(ctx context.Context, r reference.Request) (reference.Reply, error) {
			checkErr(t, "Shutdown", c.Shutdown(false), nil)
			_, err := c.Do(ctx, reference.Request{})
			checkErr(t, "Do", err, reference.ErrClosed)
			return echo(ctx, r)
		})
		p.send("04 07 02 01 61")
		p.expect("03 07 04 61", eof)
		p.expectClosed()
	})
}

// EOF follows everything that is queued, however much it is.
func TestShutdownSendsWhatIsQueued(t *testing.T) {
	each(t, blocking, func(t *testing.T, block bool) {
		c, p := connectUnread(t, nil)
		for range 3 {
			request(t, c, reference.Request{})
		}
		returned := shutdown(t, c, block)
		check(t, "Shutdown returned before the peer reads", returned(), !block)
		go p.receive()
		p.expect("03 01 02 01", "03 02 02 01", "03 03 02 01", eof)
		p.expectClosed()
		p.send("02 01 04" + "02 02 04" + "02 03 04")
		check(t, "Shutdown returned", returned(), true)
	})
}

// Join also waits for the local direction.
func TestJoinWaitsForEOFToBeSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := connectUnread(t, nil)
		p.send(eof)
		joined := background(func() { checkErr(t, "Join", c.Join(ctx), nil) })
		check(t, "Join returned before EOF is sent", joined(), false)
		go p.receive()
		check(t, "Join returned", joined(), true)
		p.expectEnd()
	})
}

// A blocking shutdown returns after send is closed, and Join after both streams are.
func TestShutdownReturnsAfterSendIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		recv, send := &slowCloser{}, &slowCloser{}
		c := reference.New(recv, send, nil, reference.WithGrace(0))
		checkErr(t, "Shutdown", c.Shutdown(true), nil)
		check(t, "send is closed", send.closed, 1)
		checkErr(t, "Join", c.Join(ctx), reference.ErrCut)
		check(t, "recv is closed", recv.closed, 1)
		_ = c.Close()
		check(t, "send is closed once", send.closed, 1)
		check(t, "recv is closed once", recv.closed, 1)
	})
}

// A slowCloser is a stream without octets whose Close takes a second.
type slowCloser struct{ closed int }

func (*slowCloser) Read([]byte) (int, error)    { return 0, io.EOF }
func (*slowCloser) Write(b []byte) (int, error) { return len(b), nil }
func (s *slowCloser) Close() error              { elapse(time.Second); s.closed++; return nil }

func TestJoinReturnsWhenItsContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := connect(t, nil)
		soon, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		checkErr(t, "Join", c.Join(soon), context.DeadlineExceeded)
		p.send(eof)
		checkErr(t, "Join", c.Join(ctx), nil)
		checkErr(t, "Join once more", c.Join(ctx), nil)
	})
}

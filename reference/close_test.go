package reference_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/packetspec/packetspec/reference"
)

func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := connect(t, nil)
		call := request(t, c, reference.Request{})
		p.expect("03 01 02 01")
		checkErr(t, "Close", c.Close(), nil)
		checkCancelled(t, call)
		_, err := c.Request(ctx, reference.Request{})
		checkErr(t, "Request", err, reference.ErrClosed)
		checkErr(t, "Join", c.Join(ctx), reference.ErrClosed)
		checkErr(t, "Shutdown", c.Shutdown(true), reference.ErrClosed)
		checkErr(t, "Close again", c.Close(), nil)
		p.expect() // no EOF
		p.expectClosed()
	})
}

func TestCloseAfterTheEndKeepsTheReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := connect(t, nil)
		p.send(eof)
		p.expectEnd()
		checkErr(t, "Close", c.Close(), nil)
		checkErr(t, "Join", c.Join(ctx), nil)
		checkErr(t, "Shutdown", c.Shutdown(true), nil)
	})
}

// Close interrupts a write that the peer does not read, and cancels what is queued.
func TestCloseWithABlockedWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := connectUnread(t, nil)
		first := request(t, c, reference.Request{})
		synctest.Wait()
		queued := request(t, c, reference.Request{})
		returned := background(func() { checkErr(t, "Shutdown", c.Shutdown(true), reference.ErrClosed) })
		check(t, "Shutdown returned", returned(), false)
		checkErr(t, "Close", c.Close(), nil)
		check(t, "Shutdown returned", returned(), true)
		checkCancelled(t, first)
		checkCancelled(t, queued)
		checkErr(t, "Join", c.Join(ctx), reference.ErrClosed)
	})
}

// Join waits for a handler that ignores its context, though its reply is dropped.
func TestCloseWithARunningHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		c, p := connect(t, g.handler)
		p.send(rq1)
		check(t, "handlers running", g.running(), 1)
		checkErr(t, "Close", c.Close(), nil)
		joined := background(func() { checkErr(t, "Join", c.Join(ctx), reference.ErrClosed) })
		check(t, "Join returned", joined(), false)
		g.open(1)
		check(t, "Join returned", joined(), true)
		p.expect()
	})
}

// A read or write of a stream that cannot be closed goes on after Close. Calls and
// handlers end all the same.
func TestCloseOfStreamsThatCannotBeClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		recv, out := io.Pipe()
		in, send := io.Pipe()
		handlerEnded := make(chan struct{})
		c := reference.New(struct{ io.Reader }{recv}, struct{ io.Writer }{send},
			func(ctx context.Context, _ reference.Request) (reference.Reply, error) {
				<-ctx.Done()
				close(handlerEnded)
				return reference.Reply{}, ctx.Err()
			})
		_, err := out.Write(octets(t, rq1))
		checkErr(t, "Write", err, nil)
		call := request(t, c, reference.Request{})
		synctest.Wait()
		elapse(time.Second) // past the grace: the sender is blocked
		checkErr(t, "Close", c.Close(), nil)
		checkCancelled(t, call)
		<-handlerEnded
		joined := background(func() { checkErr(t, "Join", c.Join(ctx), reference.ErrClosed) })
		check(t, "Join returned before the streams' end", joined(), false)
		_, _ = out.Close(), in.Close()
		check(t, "Join returned", joined(), true)
	})
}

// After Close the handler is not called for requests that wait for a slot.
func TestCloseDropsWaitingRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		c, p := connect(t, g.handler, reference.WithHandlers(1))
		p.send("03 01 02 01" + "03 02 02 01" + "03 03 02 01")
		check(t, "handlers running", g.running(), 1)
		checkErr(t, "Close", c.Close(), nil)
		g.open(1)
		check(t, "handlers running", g.running(), 0)
		checkErr(t, "Join", c.Join(ctx), reference.ErrClosed)
	})
}

// One net.Conn may serve as both streams. The end of one direction does not close the
// other: the response and the EOF packet are sent after the peer's EOF.
func TestOneStreamForBothDirections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		g := newGate()
		c := reference.New(near, near, g.handler, reference.WithGrace(0))
		_, err := far.Write(octets(t, "04 07 02 01 61"+eof))
		checkErr(t, "Write", err, nil)
		check(t, "handlers running", g.running(), 1)
		g.open(1)
		got, err := io.ReadAll(far)
		checkErr(t, "ReadAll", err, nil)
		checkOctets(t, "octets sent", got, octets(t, "03 07 04 61"+eof))
		checkErr(t, "Join", c.Join(ctx), nil)
	})
}

// After a local shutdown late responses are still received. A stream that can close its
// writing half, such as a socket, does so: the peer sees the end of the octets.
func TestOneStreamAfterAShutdown(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			near, far := sockets(t, network)
			c := reference.New(near, near, nil)
			call := request(t, c, reference.Request{})
			checkErr(t, "Shutdown", c.Shutdown(false), nil)
			got, err := io.ReadAll(far) // returns: the end of the octets comes after EOF
			if err != nil {
				t.Fatalf("no end of the octets after [% x]: %v", got, err)
			}
			checkOctets(t, "octets sent", got, octets(t, "03 01 02 01"+eof))
			_, err = far.Write(octets(t, "03 01 04 61"+eof))
			checkErr(t, "Write", err, nil)
			checkAnswer(t, call, `ok=true flags=0x0 payload="a"`)
			checkErr(t, "Join", c.Join(ctx), nil)
			if _, err := near.Write([]byte{0}); err == nil {
				t.Error("the stream accepts octets, expected it closed")
			}
		})
	}
}

func sockets(t *testing.T, network string) (near, far net.Conn) {
	address := "127.0.0.1:0"
	if network == "unix" {
		address = t.TempDir() + "/socket"
	}
	listener, err := net.Listen(network, address)
	checkErr(t, "Listen", err, nil)
	near, err = net.Dial(network, listener.Addr().String())
	checkErr(t, "Dial", err, nil)
	far, err = listener.Accept()
	checkErr(t, "Accept", err, nil)
	_ = listener.Close()
	checkErr(t, "SetDeadline", far.SetDeadline(time.Now().Add(patience)), nil)
	t.Cleanup(func() { _ = far.Close() })
	return near, far
}

func TestCloseOfOneStreamForBothDirections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		c := reference.New(near, near, nil, reference.WithGrace(0))
		call := request(t, c, reference.Request{}) // which far does not read
		synctest.Wait()
		checkErr(t, "Close", c.Close(), nil)
		checkCancelled(t, call)
		checkErr(t, "Join", c.Join(ctx), reference.ErrClosed)
		_, err := far.Read(make([]byte, 1))
		check(t, "Read at the far end", err, io.EOF)
	})
}

// Close of a TLS connection whose peer does not read returns at once: a close that first
// said goodbye would wait for the write under way.
func TestCloseOfTLS(t *testing.T) {
	near, far := tlsPair(t)
	c := reference.New(near, near, nil, reference.WithGrace(0))
	call := request(t, c, reference.Request{Payload: make([]byte, 8<<20)})
	head := make([]byte, 8)
	_, err := io.ReadFull(far, head) // the write is under way
	checkErr(t, "ReadFull", err, nil)
	checkErr(t, "Close", c.Close(), nil)
	checkEnded(t, c)
	checkCancelled(t, call)
}

// tlsPair returns both ends of a TLS connection over a Unix-domain socket.
func tlsPair(t *testing.T) (near, far net.Conn) {
	server := httptest.NewUnstartedServer(nil)
	server.StartTLS() // for its certificate
	t.Cleanup(server.Close)
	listener, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	checkErr(t, "Listen", err, nil)
	defer func() { _ = listener.Close() }()
	dialed, err := net.Dial("unix", listener.Addr().String())
	checkErr(t, "Dial", err, nil)
	accepted, err := listener.Accept()
	checkErr(t, "Accept", err, nil)
	near = tls.Client(dialed, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // the peer is this test
	conn := tls.Server(accepted, server.TLS)
	t.Cleanup(func() { _, _ = near.Close(), conn.Close() })
	done := make(chan error, 1)
	go func() { done <- conn.Handshake() }()
	checkErr(t, "Handshake", near.(*tls.Conn).Handshake(), nil)
	checkErr(t, "Handshake", <-done, nil)
	return near, conn
}

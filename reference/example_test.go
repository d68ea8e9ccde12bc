package reference_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"time"

	"github.com/packetspec/packetspec/reference"
)

// Two ends of one connection. Here one requests and the other responds; each could do both.
func Example() {
	near, far := net.Pipe() // or a socket, or the pipes of a child process

	server := reference.New(far, far, func(_ context.Context, r reference.Request) (reference.Reply, error) {
		if r.Type != 1 {
			return reference.Reply{}, errors.New("no such type")
		}
		return reference.Reply{Flags: r.Flags, Payload: bytes.ToUpper(r.Payload)}, nil
	})
	client := reference.New(near, near, nil)

	ctx := context.Background()
	for _, r := range []reference.Request{
		{Type: 1, Flags: 3, Payload: []byte("hello")},
		{Type: 2},
	} {
		answer, err := client.Do(ctx, r)
		if err != nil {
			fmt.Println("no answer came:", err)
			return
		}
		fmt.Printf("ok %t, flags %d, %q\n", answer.OK, answer.Flags, answer.Payload)
	}

	// The client shuts down; its EOF makes the server shut down too.
	fmt.Println("shut down:", client.Shutdown(true))
	fmt.Println("client ended:", client.Join(ctx))
	fmt.Println("server ended:", server.Join(ctx))
	// Output:
	// ok true, flags 3, "HELLO"
	// ok false, flags 0, "no such type"
	// shut down: <nil>
	// client ended: <nil>
	// server ended: <nil>
}

// Requests that are submitted before any response is awaited are sent together.
func ExamplePacketConnection_Request() {
	near, far := net.Pipe()
	server := reference.New(far, far, func(_ context.Context, r reference.Request) (reference.Reply, error) {
		return reference.Text(fmt.Sprintf("type %d", r.Type)), nil
	})
	client := reference.New(near, near, nil)
	ctx := context.Background()

	var calls []*reference.Call
	for n := range uint64(3) {
		call, err := client.Request(context.Background(), reference.Request{Type: n})
		if err != nil {
			fmt.Println(err)
			return
		}
		calls = append(calls, call)
	}
	for _, call := range calls {
		answer, err := call.Wait(ctx)
		fmt.Printf("%s %v\n", answer.Payload, err)
	}
	_ = client.Shutdown(true)
	_ = client.Join(ctx)
	_ = server.Join(ctx)
	// Output:
	// type 0 <nil>
	// type 1 <nil>
	// type 2 <nil>
}

// A decoder converts an ok response into a value, or fails with a DecodeError.
func ExampleDecoder() {
	near, far := net.Pipe()
	server := reference.New(far, far, func(_ context.Context, r reference.Request) (reference.Reply, error) {
		return reference.Reply{Payload: r.Payload}, nil
	})
	client := reference.New(near, near, nil)
	ctx := context.Background()

	integer := func(_ uint64, payload []byte) (any, error) {
		v, n, err := reference.DecodeBSUInt(payload)
		if err == nil && n < len(payload) {
			err = errors.New("octets after the integer")
		}
		return v, err
	}
	for _, payload := range [][]byte{{0x82, 0x2c}, {0x82}} {
		answer, err := client.Do(ctx, reference.Request{Payload: payload, Decode: integer})
		fmt.Println(answer.Value, err)
	}
	_ = client.Shutdown(true)
	_ = client.Join(ctx)
	_ = server.Join(ctx)
	// Output:
	// 300 <nil>
	// <nil> response decoder: incomplete: the octets stop inside a packet
}

// A packet, encoded and decoded.
func ExampleDecode() {
	p := reference.Packet{IsRequest: true, Channel: 5, Tag: 300, Flags: 7, Type: 2, Payload: []byte("hello")}
	octets, err := p.AppendBinary(nil)
	fmt.Printf("% x %v\n", octets, err)

	q, n, err := reference.Decode(octets)
	fmt.Println(q, n, err, q.Equal(p))
	// Output:
	// 0a 82 2c 1f 05 02 68 65 6c 6c 6f <nil>
	// Packet(is_request=True,channel=5,tag=300,flags=0x07,payload=b'hello') 11 <nil> true
}

// A child process that speaks the protocol on its standard input and output.
func ExampleNew_childProcess() {
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childVariable+"=1") // TestMain calls serveChild
	stdin, _ := child.StdinPipe()
	stdout, _ := child.StdoutPipe()
	if err := child.Start(); err != nil {
		fmt.Println(err)
		return
	}
	c := reference.New(stdout, stdin, nil)
	answer, err := c.Do(context.Background(), reference.Request{Payload: []byte("hello")})
	fmt.Printf("%s %v\n", answer.Payload, err)
	_ = c.Shutdown(true)
	fmt.Println(c.Join(context.Background()), child.Wait())
	// Output:
	// HELLO <nil>
	// <nil> <nil>
}

// serveChild serves the descriptors of the child, as its main function would, until its parent
// has shut down.
func serveChild() error {
	c, err := reference.FromFDs(0, 1, func(_ context.Context, r reference.Request) (reference.Reply, error) {
		return reference.Reply{Payload: bytes.ToUpper(r.Payload)}, nil
	})
	if err != nil {
		return err
	}
	_, _ = os.Stdin.Close(), os.Stdout.Close() // the connection has copies
	return c.Join(context.Background())
}

// Both ends ask. A handler passes its context on, and finds its connection by it.
func ExampleConnection() {
	near, far := net.Pipe()
	server := reference.New(far, far, func(ctx context.Context, _ reference.Request) (reference.Reply, error) {
		name, err := reference.Connection(ctx).Do(ctx, reference.Request{Payload: []byte("who are you?")})
		return reference.Text("hello, " + string(name.Payload)), err
	})
	client := reference.New(near, near, func(context.Context, reference.Request) (reference.Reply, error) {
		return reference.Text("Ada"), nil
	})
	ctx := context.Background()
	answer, err := client.Do(ctx, reference.Request{})
	fmt.Printf("%s %v\n", answer.Payload, err)
	_ = client.Shutdown(true)
	_, _ = client.Join(ctx), server.Join(ctx)
	// Output: hello, Ada <nil>
}

// A server of TLS connections.
func ExampleNew_tls() {
	certified := httptest.NewTLSServer(nil) // stands for your certificate
	defer certified.Close()
	listener, err := tls.Listen("tcp", "127.0.0.1:0", certified.TLS)
	if err != nil {
		fmt.Println(err)
		return
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			reference.New(conn, conn, func(_ context.Context, r reference.Request) (reference.Reply, error) {
				return reference.Reply{Payload: r.Payload}, nil
			})
		}
	}()
	conn, err := tls.Dial("tcp", listener.Addr().String(), certified.Client().Transport.(*http.Transport).TLSClientConfig)
	if err != nil {
		fmt.Println(err)
		return
	}
	client := reference.New(conn, conn, nil)
	answer, err := client.Do(context.Background(), reference.Request{Payload: []byte("secret")})
	fmt.Printf("%s %v\n", answer.Payload, err)
	_ = client.Shutdown(true)
	_, _ = client.Join(context.Background()), listener.Close()
	// Output: secret <nil>
}

// A shutdown with a time limit. Here a handler never returns by itself.
func ExamplePacketConnection_ShutdownContext() {
	near, far := net.Pipe()
	began := make(chan bool)
	server := reference.New(far, far, func(ctx context.Context, _ reference.Request) (reference.Reply, error) {
		close(began)
		<-ctx.Done() // ends by Close, which ShutdownContext calls
		return reference.Reply{}, ctx.Err()
	}, reference.WithGrace(0))
	client := reference.New(near, near, nil, reference.WithGrace(0))
	call, _ := client.Request(context.Background(), reference.Request{})
	<-began

	soon, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	fmt.Println("server:", server.ShutdownContext(soon))
	_, err := call.Wait(context.Background())
	fmt.Println("client:", errors.Is(err, reference.ErrCancelled))
	// Output:
	// server: context deadline exceeded
	// client: true
}

// How a peer's stream ended.
func ExamplePacketConnection_Join() {
	for _, octets := range []string{"\x03\x00\x02\x00", "\x05\x01", "\x01\x07"} {
		near, far := net.Pipe()
		c := reference.New(near, near, nil, reference.WithGrace(0))
		_, _ = far.Write([]byte(octets))
		_ = far.Close()
		err := c.Join(context.Background())
		malformed := (*reference.MalformedError)(nil)
		fmt.Println(err == nil, errors.Is(err, reference.ErrCut), errors.As(err, &malformed))
	}
	// Output:
	// true false false
	// false true false
	// false false true
}

// The default grace of 10 ms lets packets share a write, at the price of latency: a client
// that waits for each response gets 44 a second. Without a grace it gets thousands. Packets
// that are queued while a write is under way share the next one all the same.
func ExampleWithGrace() {
	near, far := net.Pipe()
	server := reference.New(far, far, func(context.Context, reference.Request) (reference.Reply, error) {
		return reference.Reply{}, nil
	}, reference.WithGrace(0))
	client := reference.New(near, near, nil, reference.WithGrace(0))
	ctx := context.Background()
	for range 1000 {
		if _, err := client.Do(ctx, reference.Request{}); err != nil {
			fmt.Println(err)
			return
		}
	}
	_ = client.Shutdown(true)
	fmt.Println(client.Join(ctx), server.Join(ctx))
	// Output: <nil> <nil>
}

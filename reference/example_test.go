package reference_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"

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
		call, err := client.Request(reference.Request{Type: n})
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

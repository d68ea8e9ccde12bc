package reference_test

import (
	"io"
	"testing"

	"github.com/packetspec/packetspec/reference"
)

var benchPacket = reference.Packet{IsRequest: true, Tag: 300, Flags: 7, Type: 2, Payload: make([]byte, 100)}

func BenchmarkAppend(b *testing.B) {
	b.ReportAllocs()
	var buffer []byte
	for b.Loop() {
		buffer, _ = benchPacket.AppendBinary(buffer[:0])
	}
	b.SetBytes(int64(len(buffer)))
}

func BenchmarkDecode(b *testing.B) {
	octets, err := benchPacket.AppendBinary(nil)
	checkErr(b, "AppendBinary", err, nil)
	b.ReportAllocs()
	b.SetBytes(int64(len(octets)))
	for b.Loop() {
		if _, _, err := reference.DecodeAlias(octets); err != nil {
			b.Fatal(err)
		}
	}
}

// benchConnection returns a connection whose peer echoes every request.
func benchConnection(b *testing.B) *reference.PacketConnection {
	near, toFar := io.Pipe()
	far, toNear := io.Pipe()
	noGrace := reference.WithGrace(0)
	c := reference.New(near, toNear, nil, noGrace)
	echoing := reference.New(far, toFar, echo, noGrace)
	b.Cleanup(func() {
		checkErr(b, "Shutdown", c.Shutdown(true), nil)
		checkErr(b, "Join", c.Join(ctx), nil)
		checkErr(b, "Join", echoing.Join(ctx), nil)
	})
	b.ReportAllocs()
	return c
}

// BenchmarkDo measures one round trip at a time.
func BenchmarkDo(b *testing.B) {
	c := benchConnection(b)
	r := reference.Request{Payload: make([]byte, 100)}
	for b.Loop() {
		if _, err := c.Do(ctx, r); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPipelined keeps 100 requests in flight.
func BenchmarkPipelined(b *testing.B) {
	c := benchConnection(b)
	r := reference.Request{Payload: make([]byte, 100)}
	inFlight := make(chan *reference.Call, 100)
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		for call := range inFlight {
			if _, err := call.Wait(ctx); err != nil {
				b.Error(err)
			}
		}
	}()
	for b.Loop() {
		call, err := c.Request(ctx, r)
		if err != nil {
			b.Fatal(err)
		}
		inFlight <- call
	}
	close(inFlight)
	<-finished
}

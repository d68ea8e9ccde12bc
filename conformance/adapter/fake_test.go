package adapter_test

import (
	"context"
	"io"
	"os"
	"sync"

	"github.com/packetspec/packetspec/conformance/adapter"
)

// A fake is an implementation without optional abilities. Its codec knows one packet. Its
// connections read and write nothing, and do what the test makes them do.
type fake struct {
	opened  chan *fakeConn    // each connection that Open makes
	err     error             // what Open fails with, if not nil
	refused chan [2]io.Closer // the streams of each Open that failed
}

// noPipe is the path of both streams of a fake's connection.
const noPipe = os.DevNull

func newFake() *fake {
	return &fake{opened: make(chan *fakeConn, 16), refused: make(chan [2]io.Closer, 16)}
}

func (*fake) Hello() adapter.Hello { return adapter.Hello{Name: "fake"} }

func (*fake) Encode(p adapter.Packet) ([]byte, error) {
	if p.Tag != "1" {
		return nil, adapter.Errorf(adapter.Invalid, "the fake knows only tag 1")
	}
	return []byte{2, 1, 0}, nil
}

func (*fake) Decode(b []byte) (adapter.Packet, int, error) {
	if string(b) != "\x02\x01\x00" {
		return adapter.Packet{}, 0, adapter.Errorf(adapter.Malformed, "the fake knows only 02 01 00")
	}
	return adapter.Packet{Channel: "0", Tag: "1", Flags: "0", Payload: adapter.Hex{}}, 3, nil
}

func (f *fake) Open(recv io.ReadCloser, send io.WriteCloser, o adapter.OpenOptions, h adapter.Handler) (adapter.Connection, error) {
	if f.err != nil {
		f.refused <- [2]io.Closer{recv, send}
		return nil, f.err
	}
	c := &fakeConn{recv: recv, send: send, OpenOptions: o, handler: h, closed: make(chan struct{}), shut: make(chan bool, 16)}
	f.opened <- c
	return c, nil
}

// A fakeConn is a connection on which every call waits until Close, with one exception: a
// request of TypeBytes is answered at once, with its own payload and flags 5.
type fakeConn struct {
	recv io.ReadCloser
	send io.WriteCloser
	adapter.OpenOptions
	handler adapter.Handler
	shut    chan bool // the argument of each Shutdown
	closed  chan struct{}
	once    sync.Once
}

func (c *fakeConn) Request(_ context.Context, r adapter.Request) (adapter.Call, error) {
	if r.RqType == "-1" {
		return nil, adapter.Errorf(adapter.Invalid, "a negative type")
	}
	return fakeCall{c, r}, nil
}

func (c *fakeConn) Shutdown(block bool) error {
	c.shut <- block
	if block {
		<-c.closed
	}
	return nil
}

func (c *fakeConn) Join() (string, error) {
	<-c.closed
	return "", nil
}

func (c *fakeConn) Close() error {
	c.once.Do(func() {
		close(c.closed)
		_, _ = c.recv.Close(), c.send.Close()
	})
	return nil
}

type fakeCall struct {
	conn    *fakeConn
	request adapter.Request
}

func (c fakeCall) Wait(ctx context.Context) (adapter.Response, error) {
	if c.request.RqType != adapter.TypeBytes.Integer() {
		select {
		case <-c.conn.closed:
		case <-ctx.Done():
		}
		return adapter.Response{}, adapter.Errorf(adapter.Cancelled, "the connection was closed")
	}
	payload := c.request.Payload
	if c.request.Decode != nil {
		decoded, err := c.request.Decode("5", payload)
		if err != nil {
			return adapter.Response{}, adapter.Errorf(adapter.BadDecode, "%v", err)
		}
		payload = decoded
	}
	return adapter.Response{OK: true, Flags: "5", Payload: payload}, nil
}

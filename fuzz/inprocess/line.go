package inprocess

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/reference"
)

// A line is a connection of an implementation over two pipes, and the peer's ends of them.
type line struct {
	adapter.Connection
	to, from *os.File
	hangUp   func()

	heard chan []byte // all that came
}

// dial opens a connection over two anonymous pipes.
func dial(implementation adapter.Implementation, h adapter.Handler) (*line, error) {
	recv, to, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	from, send, err := os.Pipe()
	if err != nil {
		_, _ = recv.Close(), to.Close()
		return nil, err
	}
	var noGrace float64
	c, err := implementation.Open(recv, send, adapter.OpenOptions{Grace: &noGrace}, h)
	if err != nil {
		_, _, _, _ = recv.Close(), send.Close(), to.Close(), from.Close()
		return nil, fmt.Errorf("open a connection: %w", err)
	}
	l := &line{Connection: c, to: to, from: from, heard: make(chan []byte, 1)}
	l.hangUp = sync.OnceFunc(func() {
		_, _, _ = c.Close(), to.Close(), from.Close()
	})
	go func() {
		octets, _ := io.ReadAll(from)
		l.heard <- octets
	}()
	return l, nil
}

// say writes octets and then ends the stream, while the connection reads.
func (l *line) say(octets []byte) {
	go func() {
		_, _ = l.to.Write(octets) // it may read only some
		_ = l.to.Close()
	}()
}

// listen waits for the end of what the connection sends, and tells each packet but the
// EOF packet. The words of a failure are free.
func (l *line) listen(ctx context.Context) (lines []string, err error) {
	var octets []byte
	select {
	case octets = <-l.heard:
	case <-ctx.Done():
		return nil, breaks("EOS-7", "waiting for the end of what is sent").expected("it to end").got("%v", ctx.Err())
	}
	packets, err := (&sink{octets: octets, closed: true}).packets()
	if err != nil {
		return nil, err
	}
	for _, p := range packets {
		if !p.IsRequest && p.Flags%2 == 0 {
			p.Payload = []byte("failure")
		}
		lines = append(lines, show(p))
	}
	return lines, nil
}

// An interviewed is the handler of a connection, which holds every request until it is
// released.
type interviewed struct {
	release chan struct{}

	mu   sync.Mutex
	seen []string
}

func (u *interviewed) handle(_ context.Context, rqType, flags adapter.Integer, payload []byte) (adapter.Result, error) {
	u.mu.Lock()
	u.seen = append(u.seen, fmt.Sprintf("type %s, flags %s, payload % x", rqType, flags, payload))
	u.mu.Unlock()
	<-u.release
	kind, err := rqType.Uint64()
	if err != nil {
		return adapter.Result{}, err
	}
	if v, err := flags.Uint64(); err != nil || v > reference.MaxInteger>>1 {
		flags = "0" // a response with more may be refused
	}
	form := adapter.Form(kind % 6)
	if form == adapter.FormInvalid {
		return adapter.Result{}, fmt.Errorf("type %d fails", kind)
	}
	return adapter.Result{Form: form, Flags: flags, Payload: payload, Text: fmt.Sprintf("ü%q", payload)}, nil
}

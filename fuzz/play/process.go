//go:build unix

package play

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/fuzz/plan"
	"github.com/packetspec/packetspec/internal/environment"
	"github.com/packetspec/packetspec/internal/pipe"
)

// A Process opens connections of a started subject, over named pipes or sockets in a folder. Its
// methods may be called concurrently.
type Process struct {
	*adapter.Session
	dir   string
	names atomic.Int64

	mu    sync.Mutex
	spare []string       // names of pipes whose connection is closed
	left  sync.WaitGroup // commands without a reply yet that open or close a connection
}

// NewProcess returns a Process for a started subject. The caller still owns the folder.
func NewProcess(s *adapter.Session, dir string) *Process { return &Process{Session: s, dir: dir} }

// closeTime is how long a close may take before its pipes are no longer used, and how long
// one write may.
const closeTime = 2 * time.Second

// Open opens a connection as a plan requires.
func (s *Process) Open(ctx context.Context, required *plan.Plan) (_ Endpoint, err error) {
	e := &pipeEndpoint{process: s, conn: s.NameConn(), received: newStream(), done: make(chan struct{})}
	if s.Can(adapter.CanSockets) {
		return s.openSocket(ctx, e, required)
	}
	if e.name, err = s.pipes(); err != nil {
		return nil, err
	}
	to, from := e.name+".to", e.name+".from"
	if e.from, e.to, err = pipe.OpenEnds(from, to); err != nil {
		return nil, err
	}
	m := s.openCommand(e.conn, required)
	m.Recv, m.Send = to, from
	opening := s.Send(m)
	if _, err = opening.Wait(ctx); err == nil {
		return e, e.start()
	}
	if !pipe.WasOpened(e.from, to) {
		err = unopened{err}
	}
	e.abandon(opening)
	return nil, err
}

// abandon closes both ends once the subject has replied to the command that opens the connection, or
// has ended; see [pipe.OpenEnds]. A connection that is open by then is closed.
func (e *pipeEndpoint) abandon(opening *adapter.Pending) {
	e.process.left.Add(1)
	go func() {
		defer e.process.left.Done()
		_, err := opening.Wait(context.Background())
		_, _ = e.to.Close(), e.from.Close()
		if err == nil {
			e.process.Send(adapter.Message{Op: adapter.OpClose, Conn: e.conn})
		}
		e.process.discard(e.name)
	}()
}

// openCommand returns the command that opens a connection as a plan requires, without its streams.
func (s *Process) openCommand(conn string, required *plan.Plan) adapter.Message {
	handler := !required.NoHandler
	m := adapter.Message{Op: adapter.OpOpen, Conn: conn, Handler: &handler}
	if s.Can(adapter.CanGrace) && !required.Grace {
		m.Grace = new(float64)
	}
	return m
}

// openSocket opens a connection over a Unix-domain socket.
func (s *Process) openSocket(ctx context.Context, e *pipeEndpoint, required *plan.Plan) (Endpoint, error) {
	l, err := pipe.Listen(filepath.Join(s.dir, e.conn+".socket"))
	if err != nil {
		return nil, environment.Explain("make the socket of a connection", err)
	}
	defer l.Close()
	m := s.openCommand(e.conn, required)
	m.Socket = l.Path()
	_, err = s.Do(ctx, m)
	to, from, acceptErr := l.Accept()
	switch {
	case err != nil && acceptErr != nil:
		return nil, unopened{err}
	case err != nil:
		_, _ = to.Close(), from.Close()
		return nil, err
	case errors.Is(acceptErr, syscall.EAGAIN):
		return nil, errors.New("the subject has said that the connection is up, but has not connected to the socket")
	case acceptErr != nil:
		return nil, fmt.Errorf("accept the subject's connection: %w", acceptErr)
	}
	e.to, e.from = to, from
	return e, e.start()
}

// start begins to read what the subject sends. If it fails, the streams are closed.
func (e *pipeEndpoint) start() (err error) {
	if e.reader, err = pipe.NewReader(e.from, func(octets []byte) { _, _ = e.received.Write(octets) }); err != nil {
		_, _ = e.to.Close(), e.from.Close()
		return fmt.Errorf("read the octets from the subject: %w", err)
	}
	go e.read()
	return nil
}

// unopened is the error of a subject that opened neither pipe of a connection.
type unopened struct{ error }

func (u unopened) Unwrap() error { return u.error }

// Reach has the subject open a plain connection, and closes it. The error is an
// [*environment.Error], that the subject does not reach the folder of the pipes: no other one says
// anything about the machine.
func (s *Process) Reach(ctx context.Context) error {
	e, err := s.Open(ctx, new(plan.Plan))
	if err == nil {
		e.Close()
		return nil
	}
	if !errors.As(err, new(unopened)) || adapter.KindOf(err) == adapter.Unsupported || s.Err() != nil {
		return nil //nolint:nilerr // such an error says nothing about the machine
	}
	reply := "the error " + err.Error()
	if errors.Is(err, context.DeadlineExceeded) {
		reply = "no reply to the command open"
	}
	return environment.Unreached(s.dir, reply)
}

// pipes returns the name of two pipes that nobody has open.
func (s *Process) pipes() (string, error) {
	for range 2 {
		name, ok := s.take()
		if !ok {
			break
		}
		if isFree(name) {
			return name, nil
		}
		s.recycle(name) // until the subject has closed them
	}
	name := filepath.Join(s.dir, "p"+strconv.FormatInt(s.names.Add(1), 10))
	for _, path := range []string{name + ".to", name + ".from"} {
		if err := syscall.Mkfifo(path, 0o600); err != nil {
			return "", fmt.Errorf("make the named pipe %s: %w", path, err)
		}
	}
	return name, nil
}

// take returns the spare name that was put away first.
func (s *Process) take() (name string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.spare) == 0 {
		return "", false
	}
	name = s.spare[0]
	s.spare = s.spare[1:]
	return name, true
}

// recycle keeps the name of two pipes for another connection.
func (s *Process) recycle(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spare = append(s.spare, name)
}

// isFree reports whether nobody has either of the pipes open. A reader would take octets
// from the next connection, and a writer would add octets to it.
func isFree(name string) bool {
	if pipe.HasReader(name + ".to") {
		return false
	}
	// Not as an os.File, which would wait for octets if a writer has the pipe open.
	fd, err := syscall.Open(name+".from", syscall.O_RDONLY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	n, err := syscall.Read(fd, make([]byte, 1))
	_ = syscall.Close(fd)
	return n == 0 && err == nil
}

// discard removes two pipes.
func (s *Process) discard(name string) {
	_, _ = os.Remove(name+".to"), os.Remove(name+".from")
}

// End stops the subject and removes the pipes.
func (s *Process) End() error {
	err := s.Stop()
	s.left.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range s.spare {
		s.discard(name)
	}
	s.spare = nil
	return err
}

// A pipeEndpoint is an endpoint over named pipes or a socket.
type pipeEndpoint struct {
	process  *Process
	conn     string
	name     string // of the two pipes; empty: a socket
	to, from *os.File
	reader   *pipe.Reader // of from
	received *stream      // what the reader has read
	closed   bool
	done     chan struct{} // closed when nothing more is read
}

// maxKept bounds the octets that nobody has taken, beyond which nothing more is read. A
// player takes octets whenever it waits, so only a subject that sends without end gets there.
const maxKept = 4 << 20

// read reads until the stream ends or too much is kept.
func (e *pipeEndpoint) read() {
	defer close(e.done)
	for {
		if err := e.reader.Next(); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			_ = e.received.Close()
			return
		}
		if _, kept := e.received.size(); kept > maxKept {
			return
		}
	}
}

func (e *pipeEndpoint) Write(octets []byte) {
	if e.closed {
		return
	}
	_ = e.to.SetWriteDeadline(time.Now().Add(closeTime))
	_, _ = e.to.Write(octets)
}

func (e *pipeEndpoint) CloseSend() {
	e.closed = true
	_ = pipe.CloseSending(e.to)
}

func (e *pipeEndpoint) Do(m adapter.Message) Pending {
	m.Conn = e.conn
	return e.process.Send(m)
}

func (e *pipeEndpoint) SentByNow() int {
	e.reader.Now()
	total, _ := e.received.size()
	return total
}

func (e *pipeEndpoint) Take() ([]byte, bool)     { return e.received.take() }
func (e *pipeEndpoint) Changed() <-chan struct{} { return e.received.changed }
func (e *pipeEndpoint) Dead() <-chan struct{}    { return e.process.Ended() }

// Drain asks again and again whether the pipe is empty: no event reports it.
func (e *pipeEndpoint) Drain(limit time.Duration) {
	tick := time.NewTicker(100 * time.Microsecond)
	defer tick.Stop()
	for over := time.Now().Add(limit); time.Now().Before(over); <-tick.C {
		if n, ok := pipe.Unread(e.to); !ok || n == 0 {
			return
		}
	}
}

// Close closes the peer's ends. The subject closes its own in the background.
func (e *pipeEndpoint) Close() {
	e.CloseSend()
	_ = pipe.CloseReading(e.from)
	<-e.done
	closing := e.Do(adapter.Message{Op: adapter.OpClose})
	e.process.left.Add(1)
	go func() {
		defer e.process.left.Done()
		ctx, cancel := context.WithTimeout(context.Background(), closeTime)
		defer cancel()
		switch _, err := closing.Wait(ctx); {
		case e.name == "": // a socket, which is gone
		case err == nil:
			e.process.recycle(e.name)
		default:
			e.process.discard(e.name)
		}
	}()
}

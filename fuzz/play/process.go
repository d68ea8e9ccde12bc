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
	"github.com/packetspec/packetspec/internal/pipe"
)

// A Process opens connections of a started subject, over named pipes in a folder. Its
// methods may be called concurrently.
type Process struct {
	*adapter.Session
	dir   string
	names atomic.Int64

	mu    sync.Mutex
	spare []string       // names of pipes whose connection is closed
	left  sync.WaitGroup // close commands without a reply yet
}

// NewProcess returns a Process for a started subject. The caller still owns the folder.
func NewProcess(s *adapter.Session, dir string) *Process { return &Process{Session: s, dir: dir} }

// closeTime is how long a close may take before its pipes are no longer used, and how long
// one write may.
const closeTime = 2 * time.Second

// Open opens a connection as a plan requires.
func (s *Process) Open(ctx context.Context, required *plan.Plan) (Endpoint, error) {
	name, err := s.pipes()
	if err != nil {
		return nil, err
	}
	to, from := name+".to", name+".from"
	fd, err := syscall.Open(from, syscall.O_RDONLY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open the pipe from the subject: %w", err)
	}
	holder, err := syscall.Open(to, syscall.O_RDWR|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err != nil {
		_ = syscall.Close(fd)
		return nil, fmt.Errorf("open the pipe to the subject: %w", err)
	}
	defer func() { _ = syscall.Close(holder) }()
	conn := s.NameConn()
	handler := !required.NoHandler
	m := adapter.Message{Op: adapter.OpOpen, Conn: conn, Recv: to, Send: from, Handler: &handler}
	if s.Can(adapter.CanGrace) && !required.Grace {
		m.Grace = new(float64)
	}
	if _, err := s.Do(ctx, m); err != nil {
		_ = syscall.Close(fd)
		return nil, err
	}
	writing, err := syscall.Open(to, syscall.O_WRONLY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err != nil {
		_ = syscall.Close(fd)
		return nil, fmt.Errorf("open the pipe to the subject: %w", err)
	}
	e := &pipeEndpoint{
		process: s, conn: conn, name: name, changed: make(chan struct{}, 1), done: make(chan struct{}),
		to: os.NewFile(uintptr(writing), to), from: os.NewFile(uintptr(fd), from),
	}
	if e.reader, err = pipe.NewReader(e.from, e.receive); err != nil {
		_, _ = e.to.Close(), e.from.Close()
		return nil, fmt.Errorf("read the pipe from the subject: %w", err)
	}
	go e.read()
	return e, nil
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
	fd, err := syscall.Open(name+".to", syscall.O_WRONLY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err == nil {
		_ = syscall.Close(fd)
	}
	if !errors.Is(err, syscall.ENXIO) {
		return false
	}
	fd, err = syscall.Open(name+".from", syscall.O_RDONLY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
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

// A pipeEndpoint is an endpoint over named pipes.
type pipeEndpoint struct {
	process  *Process
	conn     string
	name     string
	to, from *os.File
	reader   *pipe.Reader // of from
	closed   bool

	mu      sync.Mutex
	octets  []byte
	sent    int // octets in all, including those taken
	ended   bool
	changed chan struct{}
	done    chan struct{}
}

// maxKept bounds the octets that nobody has taken, beyond which nothing more is read. A
// player takes octets whenever it waits, so only a subject that sends without end gets there.
const maxKept = 4 << 20

// read reads until the stream ends or too much is kept.
func (e *pipeEndpoint) read() {
	defer close(e.done)
	for {
		err := e.reader.Next()
		ended := err != nil && !errors.Is(err, os.ErrDeadlineExceeded)
		e.mu.Lock()
		e.ended = ended
		tooMuch := len(e.octets) > maxKept
		e.mu.Unlock()
		if ended || tooMuch {
			e.signal()
			return
		}
	}
}

// receive keeps the octets of one read.
func (e *pipeEndpoint) receive(octets []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.octets = append(e.octets, octets...)
	e.sent += len(octets)
	e.signal()
}

func (e *pipeEndpoint) signal() {
	select {
	case e.changed <- struct{}{}:
	default:
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
	_ = e.to.Close()
}

func (e *pipeEndpoint) Do(m adapter.Message) Pending {
	m.Conn = e.conn
	return e.process.Send(m)
}

func (e *pipeEndpoint) Take() ([]byte, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	octets := e.octets
	e.octets = nil
	return octets, e.ended
}

func (e *pipeEndpoint) SentByNow() int {
	e.reader.Now()
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.sent
}

func (e *pipeEndpoint) Changed() <-chan struct{} { return e.changed }
func (e *pipeEndpoint) Dead() <-chan struct{}    { return e.process.Ended() }

// Drain asks again and again whether the pipe is empty: no event reports it.
func (e *pipeEndpoint) Drain(limit time.Duration) {
	tick := time.NewTicker(100 * time.Microsecond)
	defer tick.Stop()
	for over := time.Now().Add(limit); time.Now().Before(over); <-tick.C {
		if n, ok := unread(e.to); !ok || n == 0 {
			return
		}
	}
}

// Close closes the peer's ends. The subject closes its own in the background.
func (e *pipeEndpoint) Close() {
	e.CloseSend()
	_ = e.from.Close()
	<-e.done
	closing := e.Do(adapter.Message{Op: adapter.OpClose})
	e.process.left.Add(1)
	go func() {
		defer e.process.left.Done()
		ctx, cancel := context.WithTimeout(context.Background(), closeTime)
		defer cancel()
		if _, err := closing.Wait(ctx); err == nil {
			e.process.recycle(e.name)
		} else {
			e.process.discard(e.name)
		}
	}()
}

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

// A Process is a started subject, whose connections go over named pipes in a folder.
type Process struct {
	*adapter.Session
	dir   string
	names atomic.Int64

	mu    sync.Mutex
	spare []string // names of pipes of closed connections
	left  sync.WaitGroup
}

// NewProcess takes a started subject.
func NewProcess(s *adapter.Session, dir string) *Process { return &Process{Session: s, dir: dir} }

// closeTime is how long the reply to a close is waited for before its pipes are given up.
const closeTime = 2 * time.Second

// Open opens a connection as a plan says.
func (s *Process) Open(ctx context.Context, plan *plan.Plan) (Line, error) {
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
	handler := !plan.NoHandler
	m := adapter.Message{Op: adapter.OpOpen, Conn: conn, Recv: to, Send: from, Handler: &handler}
	if s.Can(adapter.CanGrace) && !plan.Grace {
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
	l := &pipeLine{
		process: s, conn: conn, name: name, changed: make(chan struct{}, 1), done: make(chan struct{}),
		to: os.NewFile(uintptr(writing), to), from: os.NewFile(uintptr(fd), from),
	}
	if l.reader, err = pipe.NewReader(l.from, l.receive); err != nil {
		_, _ = l.to.Close(), l.from.Close()
		return nil, fmt.Errorf("read the pipe from the subject: %w", err)
	}
	go l.read()
	return l, nil
}

// pipes is the name of two pipes that nobody has open.
func (s *Process) pipes() (string, error) {
	for range 2 {
		name, ok := s.take()
		if !ok {
			break
		}
		if isFree(name) {
			return name, nil
		}
		s.recycle(name) // the subject will let go of it some day
	}
	name := filepath.Join(s.dir, "p"+strconv.FormatInt(s.names.Add(1), 10))
	for _, path := range []string{name + ".to", name + ".from"} {
		if err := syscall.Mkfifo(path, 0o600); err != nil {
			return "", fmt.Errorf("make the named pipe %s: %w", path, err)
		}
	}
	return name, nil
}

// take is the name that was put away first.
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

// recycle keeps the name of pipes for a connection to come.
func (s *Process) recycle(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spare = append(s.spare, name)
}

// isFree reports whether nobody has one of the pipes open: a reader would take what is
// meant for another, a writer would be taken for it.
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

func (s *Process) discard(name string) {
	_, _ = os.Remove(name+".to"), os.Remove(name+".from")
}

// End stops the subject and removes what its connections leave.
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

// A pipeLine is a connection over named pipes.
type pipeLine struct {
	process  *Process
	conn     string
	name     string
	to, from *os.File
	reader   *pipe.Reader // of from
	closed   bool

	mu      sync.Mutex
	octets  []byte
	sent    int // octets, those taken included
	ended   bool
	changed chan struct{}
	done    chan struct{}
}

// maxKept bounds how many octets are kept that nobody has taken.
const maxKept = 4 << 20

func (l *pipeLine) read() {
	defer close(l.done)
	for {
		err := l.reader.Next()
		ended := err != nil && !errors.Is(err, os.ErrDeadlineExceeded)
		l.mu.Lock()
		l.ended = ended
		tooMuch := len(l.octets) > maxKept
		l.mu.Unlock()
		if ended || tooMuch {
			l.signal()
			return
		}
	}
}

// receive takes note of what one read has brought.
func (l *pipeLine) receive(octets []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.octets = append(l.octets, octets...)
	l.sent += len(octets)
	l.signal()
}

func (l *pipeLine) signal() {
	select {
	case l.changed <- struct{}{}:
	default:
	}
}

func (l *pipeLine) Write(octets []byte) {
	if l.closed {
		return
	}
	_ = l.to.SetWriteDeadline(time.Now().Add(closeTime))
	_, _ = l.to.Write(octets)
}

func (l *pipeLine) CloseSend() {
	l.closed = true
	_ = l.to.Close()
}

func (l *pipeLine) Do(m adapter.Message) Pending {
	m.Conn = l.conn
	return l.process.Send(m)
}

func (l *pipeLine) Take() ([]byte, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	octets := l.octets
	l.octets = nil
	return octets, l.ended
}

func (l *pipeLine) SentByNow() int {
	l.reader.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sent
}

func (l *pipeLine) Changed() <-chan struct{} { return l.changed }
func (l *pipeLine) Dead() <-chan struct{}    { return l.process.Ended() }

// Drain waits until the pipe is empty: no event tells of that.
func (l *pipeLine) Drain(limit time.Duration) {
	tick := time.NewTicker(100 * time.Microsecond)
	defer tick.Stop()
	for over := time.Now().Add(limit); time.Now().Before(over); <-tick.C {
		if n, ok := unread(l.to); !ok || n == 0 {
			return
		}
	}
}

// Close ends the peer's ends; the rest goes on in the background.
func (l *pipeLine) Close() {
	l.CloseSend()
	_ = l.from.Close()
	<-l.done
	closing := l.Do(adapter.Message{Op: adapter.OpClose})
	l.process.left.Add(1)
	go func() {
		defer l.process.left.Done()
		ctx, cancel := context.WithTimeout(context.Background(), closeTime)
		defer cancel()
		if _, err := closing.Wait(ctx); err == nil {
			l.process.recycle(l.name)
		} else {
			l.process.discard(l.name)
		}
	}()
}

//go:build unix

package probe

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
)

// A subject lets the runner open connections to a program: it is an adapter inside this process. Its
// sessions share the first connection, and whether there can be others.
type subject struct {
	target *Target
	limits Limits
	exam   *examination

	mu      sync.Mutex // guards the fields below; held while a connection opens that must be alone
	first   *link      // the connection of the examination, if scenarios use it
	sharing int        // how many more scenarios leave the first connection open
	looked  bool       // whether another connection is served after the first is known
	refused string     // why no further connection is opened; empty: it is
	before  *opened    // the last connection of a program that serves one at a time
}

// String implements [adapter.Starter].
func (s *subject) String() string { return s.target.String() }

// Start implements [adapter.Starter]. It starts no program yet.
func (s *subject) Start(ctx context.Context) (*adapter.Session, error) {
	i := &implementation{subject: s}
	session, err := adapter.InProcess{Implementation: i}.Start(ctx)
	if err != nil {
		return nil, err
	}
	stop := session.Stop
	session.Stop = func() error {
		err := stop()
		i.ending.Wait()
		return err
	}
	session.Kill = func() {
		i.abandon()
		_ = session.Stop()
	}
	session.Stderr, session.MarkStderr = i.stderr, func() {}
	session.Memory = func() (int64, bool) { return measure(i, (*adapter.Program).Memory) }
	session.Descriptors = func() (int, bool) { return measure(i, (*adapter.Program).Descriptors) }
	session.CPU = i.cpu
	return session, nil
}

// An implementation opens the connections of one session.
type implementation struct {
	*subject
	ending sync.WaitGroup // programs that a signal will end if they do not end by themselves

	mu   sync.Mutex // guards last
	last *opened    // the connection opened last
}

// Hello implements [adapter.Implementation].
func (i *implementation) Hello() adapter.Hello { return adapter.Hello{Name: i.target.String()} }

// Encode implements [adapter.Implementation].
func (i *implementation) Encode(adapter.Packet) ([]byte, error) { return nil, unsupported() }

// Decode implements [adapter.Implementation].
func (i *implementation) Decode([]byte) (adapter.Packet, int, error) {
	return adapter.Packet{}, 0, unsupported()
}

func unsupported() error { return adapter.Errorf(adapter.Unsupported, "no adapter drives the program") }

// Open implements [adapter.Implementation].
func (i *implementation) Open(recv io.ReadCloser, send io.WriteCloser, _ adapter.OpenOptions, _ adapter.Handler) (adapter.Connection, error) {
	c := &opened{implementation: i, over: make(chan struct{})}
	if err := i.connect(c, recv, send); err != nil {
		return nil, err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.last = c
	return c, nil
}

// connect connects the program to the pipes of a scenario.
func (s *subject) connect(c *opened, recv io.ReadCloser, send io.WriteCloser) error {
	if s.exam.parallel {
		return s.fresh(c, recv, send)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.before != nil {
		<-s.before.over
	}
	s.before = c
	if s.first != nil {
		c.link, c.keeps = s.first, s.sharing > 0
		s.sharing--
		c.join(recv, send)
		return nil
	}
	if !s.looked {
		s.looked = true
		limit := max(s.limits.Answer, startups*s.exam.startup)
		s.refused, _ = s.exam.another(context.Background(), s.target, limit)
	}
	if s.refused == "" {
		err := s.fresh(c, recv, send)
		if err == nil {
			return nil
		}
		close(c.over)
		return err
	}
	close(c.over)
	return adapter.Errorf(adapter.Unsupported, "no further connection: %s", s.refused)
}

// fresh opens a new connection. A program that is started gets the scenario's own pipes.
func (s *subject) fresh(c *opened, recv io.ReadCloser, send io.WriteCloser) (err error) {
	in, isFile := recv.(*os.File)
	out, isFileToo := send.(*os.File)
	if s.target.isLocal() && isFile && isFileToo {
		for _, f := range []*os.File{in, out} {
			if err := block(f); err != nil {
				return err
			}
		}
		// Nobody reads this end until the scenario is over.
		if c.rest, err = os.OpenFile(out.Name(), os.O_RDONLY|syscall.O_NONBLOCK, 0); err != nil {
			return err
		}
		if c.program, err = adapter.StartProgram(s.target.Argv, s.target.Env, in, out); err == nil {
			_, _ = in.Close(), out.Close()
			return nil
		}
		_ = c.rest.Close()
	} else {
		ctx, cancel := context.WithTimeout(context.Background(), max(s.limits.Answer, startups*s.exam.startup))
		defer cancel()
		if c.link, err = s.target.open(ctx); err == nil {
			c.join(recv, send)
			return nil
		}
	}
	return adapter.Errorf(adapter.Unsupported, "no further connection: %v", err)
}

// block makes reads and writes of a file wait, as a program expects of its standard input and output.
func block(f *os.File) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var setErr error
	err = raw.Control(func(fd uintptr) { setErr = syscall.SetNonblock(int(fd), false) })
	return cmp.Or(err, setErr)
}

// An opened is a connection of a scenario: of a program that was started on its pipes, or of a link.
type opened struct {
	*implementation
	program *adapter.Program
	rest    *os.File // of a program: a reading end of its standard output
	link    *link
	keeps   bool // the link outlives the scenario
	leave   context.CancelFunc
	joined  chan struct{}
	over    chan struct{} // closed once nothing of the connection is left
}

// join passes octets on between the link and the pipes of the scenario.
func (c *opened) join(recv io.ReadCloser, send io.WriteCloser) {
	ctx, leave := context.WithCancel(context.Background())
	c.leave, c.joined = leave, make(chan struct{})
	go func() {
		defer close(c.joined)
		c.link.join(ctx, recv, send, c.keeps)
	}()
}

// Close implements [adapter.Connection]. The program ends in the background: it needs time for that, and
// no scenario waits for it unless the program must be alone.
func (c *opened) Close() error {
	if c.link == nil {
		c.ending.Go(func() {
			// If nobody read what the program still sends, a write could end it by a signal.
			go func() { _, _ = io.Copy(io.Discard, c.rest) }()
			c.program.End(c.linger())
			_ = c.rest.Close()
			close(c.over)
		})
		return nil
	}
	c.leave()
	<-c.joined
	if c.keeps {
		close(c.over)
		return nil
	}
	c.forget()
	c.ending.Go(func() {
		c.link.end(c.linger())
		close(c.over)
	})
	return nil
}

// linger returns how long a program may live when its connection is closed.
func (s *subject) linger() time.Duration {
	if s.exam.parallel {
		return lingerTime
	}
	return lingerAlone
}

// forget forgets the first connection, which its owner ends.
func (s *subject) forget() (first *link) {
	s.mu.Lock()
	defer s.mu.Unlock()
	first, s.first = s.first, nil
	return first
}

// abandon ends the first connection: a scenario may have left it in any state.
func (s *subject) abandon() {
	if first := s.forget(); first != nil {
		first.end(lingerTime)
	}
}

// Request implements [adapter.Connection].
func (c *opened) Request(context.Context, adapter.Request) (adapter.Call, error) {
	return nil, unsupported()
}

// Shutdown implements [adapter.Connection].
func (c *opened) Shutdown(bool) error { return unsupported() }

// Join implements [adapter.Connection].
func (c *opened) Join() (string, error) { return "", unsupported() }

// running returns the program of the connection opened last, or nil.
func (i *implementation) running() *adapter.Program {
	i.mu.Lock()
	defer i.mu.Unlock()
	switch {
	case i.last == nil:
		return nil
	case i.last.link != nil:
		return i.last.link.program
	}
	return i.last.program
}

// reapTime is how long the end of a program may come after the end of its streams, for a report to have it.
const reapTime = 50 * time.Millisecond

// stderr returns what the program of the last connection wrote to its standard error, and how it ended, if
// it has.
func (i *implementation) stderr() string {
	p := i.running()
	if p == nil {
		return ""
	}
	select {
	case <-p.Exited():
		if exit := p.Exit(); exit.Status != 0 {
			return strings.TrimPrefix(fmt.Sprintf("%s\n(the program ended: %s)", strings.TrimRight(p.Stderr(), "\n"), exit), "\n")
		}
	case <-time.After(reapTime): // it lives
	}
	return p.Stderr()
}

func measure[N int | int64](i *implementation, of func(*adapter.Program) (N, bool)) (N, bool) {
	if p := i.running(); p != nil {
		return of(p)
	}
	return 0, false
}

func (i *implementation) cpu() (adapter.CPUTime, bool) {
	if p := i.running(); p != nil {
		return p.CPU()
	}
	return adapter.CPUTime{}, false
}

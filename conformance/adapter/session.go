package adapter

import (
	"context"
	"fmt"
	"io"
	"sync"
)

// A Starter starts a subject: an implementation behind an adapter.
type Starter interface {
	// Start returns once the subject has answered hello, or ctx has ended.
	Start(ctx context.Context) (*Session, error)
	// String is the command that a person would type to start it; empty for none.
	String() string
}

// A Session is a started subject. Its owner ends it by Stop or Kill.
type Session struct {
	*Client
	// Stop asks the subject to end, by the end of its standard input, and makes
	// sure of it. The error tells of an adapter that had to be made to.
	Stop func() error
	// Kill ends the subject at once.
	Kill func()
	// Epitaph is what is known of a subject that has ended or was killed: exit
	// status, last lines of standard error.
	Epitaph func() string
	// Stderr is the last of what the subject wrote to its standard error after the
	// first so many octets.
	Stderr func(after int64) string
	// StderrTotal is how many octets it wrote there, if that can be seen.
	StderrTotal func() (octets int64, ok bool)
	// Memory is how many octets of memory it has now, if that can be seen.
	Memory func() (octets int64, ok bool)
	// Descriptors is how many files it holds open, if that can be seen.
	Descriptors func() (n int, ok bool)
}

// A StartError reports an adapter that could not be started or spoken to.
type StartError struct {
	Command string
	Err     error
	Stderr  string // the last of it
}

func (e *StartError) Error() string {
	s := fmt.Sprintf("cannot speak to the adapter %q: %v", e.Command, e.Err)
	if e.Stderr != "" {
		s += "\nits standard error ended with:\n" + indent(e.Stderr)
	}
	return s
}

func (e *StartError) Unwrap() error { return e.Err }

// InProcess starts an implementation in Go as a subject inside this process, over
// the same messages and pipes as any other.
type InProcess struct{ Implementation Implementation }

func (p InProcess) String() string { return "" }

// Start implements [Starter].
func (p InProcess) Start(ctx context.Context) (*Session, error) {
	return Func(func(ctx context.Context, commands io.Reader, replies io.Writer) error {
		return Serve(ctx, p.Implementation, commands, replies)
	}).Start(ctx)
}

// A Func is an adapter inside this process: it reads commands and writes replies until the
// commands end. Its ctx never ends.
type Func func(ctx context.Context, commands io.Reader, replies io.Writer) error

func (Func) String() string { return "" }

// Start implements [Starter].
func (f Func) Start(ctx context.Context) (*Session, error) {
	commands, in := io.Pipe()
	out, replies := io.Pipe()
	served := make(chan error, 1)
	go func() {
		err := f(context.WithoutCancel(ctx), commands, replies)
		_ = replies.Close()
		served <- err
	}()
	end := sync.OnceValue(func() error {
		_ = in.Close()
		_ = out.Close()
		return <-served
	})
	s := &Session{
		Client: NewClient(in, out),
		Stop:   end, Kill: func() { _ = end() },
		Epitaph: func() string { return "the adapter runs in this process" },
		Stderr:  func(int64) string { return "" },

		StderrTotal: func() (int64, bool) { return 0, false },
		Memory:      func() (int64, bool) { return 0, false },
		Descriptors: func() (int, bool) { return 0, false },
	}
	if err := s.Greet(ctx); err != nil {
		s.Kill()
		return nil, &StartError{Command: "in process", Err: err}
	}
	return s, nil
}

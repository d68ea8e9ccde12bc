package adapter

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"
)

// A Starter starts a subject: an implementation behind an adapter.
type Starter interface {
	// Start returns once the subject has answered hello, or ctx has ended.
	Start(ctx context.Context) (*Session, error)
	// String returns the command that starts the subject in a shell, or "" if there is none.
	String() string
}

// A Session is a started subject. Its owner ends it with Stop or Kill; both may be called again.
type Session struct {
	*Client
	// Stop closes the subject's standard input and waits until the subject has ended. It
	// ends a subject that does not end by itself. It returns an error then, and also if
	// the exit status is not 0.
	Stop func() error
	// Kill ends the subject at once.
	Kill func()
	// LeftBehind returns a note about a process that the subject started and that has outlived
	// it, as far as that was noticed, or "". Call it after Stop or Kill.
	LeftBehind func() string
	// DescribeExit returns how the subject ended: its exit status, which commands it left
	// unanswered, in words, and both ends of its standard error.
	DescribeExit func(unanswered string) string
	// Exit waits a moment for the subject to end, and returns how it did.
	Exit func() Exit
	// Stderr returns what the subject has written to its standard error since MarkStderr was
	// called or, if it never was, since the start. It returns both ends of much.
	Stderr     func() string
	MarkStderr func()
	// StderrTotal returns how many bytes the subject has written to its standard error.
	// Here and below, ok is false where this cannot be measured.
	StderrTotal func() (n int64, ok bool)
	// Memory returns how many bytes of memory the subject's processes use now.
	Memory func() (n int64, ok bool)
	// Descriptors returns how many files the subject's processes hold open now.
	Descriptors func() (n int, ok bool)
	// CPU returns what CPU time the threads of the subject's processes have had so far.
	CPU func() (t CPUTime, ok bool)
	// Orphans returns the processes that the subject started and that went on after it had exited by
	// itself, in words. Call it after Stop. It returns nil where this cannot be seen.
	Orphans func() []string
	// Holders returns the subject's processes that hold a file open whose path was given to it, in
	// words, and whether the first process is one of them.
	Holders func(path string) (others []string, first bool)
}

// Streams stand between a client and an adapter: they take the adapter's standard input and output, and
// return those that the client uses.
type Streams func(in io.WriteCloser, out io.Reader) (io.Writer, io.Reader)

type streamsKey struct{}

// WithStreams returns a context for [Starter.Start] that has the client speak to the adapter through s.
func WithStreams(ctx context.Context, s Streams) context.Context {
	return context.WithValue(ctx, streamsKey{}, s)
}

// newClient returns a client that speaks to the adapter as ctx says.
func newClient(ctx context.Context, in io.WriteCloser, out io.Reader) *Client {
	if between, ok := ctx.Value(streamsKey{}).(Streams); ok {
		return NewClient(between(in, out))
	}
	return NewClient(in, out)
}

// A CPUTime is what CPU time several threads have had, in sum.
type CPUTime struct {
	Ran    time.Duration
	Waited time.Duration // for a CPU, able to run
}

// An Exit says how a process ended. Its zero value is an end with status 0.
type Exit struct {
	Status int    // -1: it was ended by a signal, or has not ended
	Signal string // that ended it, such as killed; empty: none did
	Stderr string // both ends of what it wrote to its standard error
}

// String describes the end in words.
func (e Exit) String() string {
	switch {
	case e.Signal != "":
		return "signal " + e.Signal
	case e.Status < 0:
		return "end of its output, though it still runs"
	}
	return fmt.Sprintf("exit status %d", e.Status)
}

// An InProcess starts an implementation in Go as a subject inside this process. It uses the
// same messages and named pipes as a subject in a process of its own.
type InProcess struct{ Implementation Implementation }

func (p InProcess) String() string { return "" }

// Start implements [Starter].
func (p InProcess) Start(ctx context.Context) (*Session, error) {
	return Func(func(ctx context.Context, commands io.Reader, replies io.Writer) error {
		return Serve(ctx, p.Implementation, commands, replies)
	}).Start(ctx)
}

// A Func is an adapter inside this process. It reads commands and writes replies until the
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
		Client: newClient(ctx, in, out),
		Stop:   end, Kill: func() { _ = end() },
		LeftBehind:   func() string { return "" },
		DescribeExit: func(string) string { return "the adapter runs in this process" },
		Exit:         func() Exit { return Exit{} },
		Stderr:       func() string { return "" }, MarkStderr: func() {},

		StderrTotal: func() (int64, bool) { return 0, false },
		Memory:      func() (int64, bool) { return 0, false },
		Descriptors: func() (int, bool) { return 0, false },
		CPU:         func() (CPUTime, bool) { return CPUTime{}, false },
		Orphans:     func() []string { return nil },
		Holders:     func(string) ([]string, bool) { return nil, false },
	}
	if err := s.Greet(ctx); err != nil {
		s.Kill()
		return nil, &StartError{Command: "in process", Err: err}
	}
	return s, nil
}

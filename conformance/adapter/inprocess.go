package adapter

import (
	"context"
	"io"
	"sync"
)

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

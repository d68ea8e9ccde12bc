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
	commands, in := io.Pipe()
	out, replies := io.Pipe()
	served := make(chan error, 1)
	go func() {
		err := Serve(context.WithoutCancel(ctx), p.Implementation, commands, replies)
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

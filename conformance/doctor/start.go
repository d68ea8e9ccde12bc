package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/internal/environment"
)

// A started is what came of starting a process.
type started struct {
	*conversation
	lines *lines
	err   error
	after time.Duration
}

// suspicion is how long an adapter may leave hello unanswered before a second process is asked whether it
// replies once its standard input has ended. Most adapters answer in less.
const suspicion = time.Second

// first starts the first process of the adapter, and reports whether that has answered hello. It sets
// NotStarted, or reports a finding, if not.
func (r *run) first(ctx context.Context) (answered bool, err error) {
	starting, giveUp := context.WithCancel(ctx)
	defer giveUp()
	patient := r.startAside(starting, newLines(true, r.add))
	var s started
	select {
	case s = <-patient:
	case <-time.After(min(suspicion, r.StartTime/2)):
		flushedAtEnd := r.flushesAtEnd(starting, patient, &s)
		if flushedAtEnd != nil {
			r.add("not-flushed", *flushedAtEnd)
			giveUp()
			<-patient
			return false, nil
		}
	}
	if s.err == nil {
		r.current = s.conversation
		r.greeted(s.conversation)
		if again := r.current.again(); again.err != nil && again.refused() {
			r.current.report("hello-again", again, "")
		}
		if r.current.over {
			r.endCurrent()
		}
		return true, nil
	}
	return false, r.notStarted(ctx, s)
}

// again says hello a second time.
func (c *conversation) again() answer {
	c.blame = "hello-again"
	defer func() { c.blame = "" }()
	return c.do(adapter.Message{Op: adapter.OpHello, Version: adapter.Version})
}

// notStarted keeps why an adapter did not answer hello.
func (r *run) notStarted(ctx context.Context, s started) error {
	if broken := (*environment.Error)(nil); errors.As(s.err, &broken) {
		return broken
	}
	if ctx.Err() == nil {
		r.keepNotStarted(s)
	}
	return nil
}

// keepNotStarted sets NotStarted, and reports a finding unless the reply to hello was one.
func (r *run) keepNotStarted(s started) {
	r.results.NotStarted = s.err.Error()
	kind := Kind("not-started")
	hello := s.lines.of(1)
	reason, advice := s.err.Error(), ""
	if start := (*adapter.StartError)(nil); errors.As(s.err, &start) {
		reason, advice = start.Err.Error(), start.Hint
	}
	if hello.faulty { // the reply came, and a finding says why it is no use
		return
	}
	if errors.Is(s.err, adapter.ErrLate) {
		kind, advice = "no-hello", ""
	}
	r.add(kind, detail{sent: hello.sent, came: reason, change: advice})
}

// startAside starts a process, and returns what comes of that on a channel.
func (r *run) startAside(ctx context.Context, l *lines) <-chan started {
	result := make(chan started, 1)
	go func() {
		began := time.Now()
		c, err := r.start(ctx, l)
		result <- started{c, l, err, time.Since(began)}
	}()
	return result
}

// flushesAtEnd asks a second process hello, and ends its standard input at once. If that one answers, and the
// first, which began earlier, still does not, the first holds its reply back. It returns nil, and sets s,
// if the first process has answered, or has ended.
func (r *run) flushesAtEnd(ctx context.Context, patient <-chan started, s *started) *detail {
	l := newLines(true, func(Kind, detail) {})
	l.endsInput = true
	hasty := r.startAside(ctx, l)
	var second started
	select {
	case *s = <-patient:
		go kill(hasty)
		return nil
	case second = <-hasty:
	}
	hello := l.of(1)
	if second.conversation != nil {
		second.session.Kill()
	}
	if hello.came == "" {
		*s = <-patient
		return nil
	}
	select {
	case *s = <-patient:
		return nil
	case <-time.After(suspicion + 3*second.after):
		return &detail{sent: hello.sent, came: hello.came, more: fmt.Sprintf("the reply came only when the standard input had ended; while it is open, nothing came for %v", suspicion)}
	}
}

// kill ends the process that a start brings.
func kill(starting <-chan started) {
	if s := <-starting; s.conversation != nil {
		s.session.Kill()
	}
}

// An endingWriter closes the adapter's standard input after the first command.
type endingWriter struct{ io.WriteCloser }

func (w endingWriter) Write(b []byte) (int, error) {
	n, err := w.WriteCloser.Write(b)
	return n, errors.Join(err, w.Close())
}

// secondProcess starts a second process while the first one runs.
func (c *conversation) secondProcess() {
	second, err := c.run.start(c.ctx, newLines(true, func(Kind, detail) {}))
	switch {
	case c.ctx.Err() != nil:
	case errors.As(err, new(*environment.Error)):
		c.broken = err
	case err != nil:
		c.run.add("one-process", detail{sent: "a second start, while the first process runs", came: strings.SplitN(err.Error(), "\n", 2)[0]})
	default:
		second.session.Kill()
	}
}

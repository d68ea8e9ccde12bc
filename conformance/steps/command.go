package steps

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/internal/words"
)

// do sends a command to the adapter and waits for the reply.
func (w *World) do(m adapter.Message) (adapter.Reply, error) {
	return w.await(w.Session.Send(m))
}

// command does the same on the connection in use.
func (w *World) command(m adapter.Message) (adapter.Reply, error) {
	m.Conn = w.current.name
	return w.do(m)
}

// await waits for the reply to a command. The error is an [*adapter.Error] if the subject
// refused the command, and wraps [ErrSkip] if the adapter does not support it.
func (w *World) await(p *adapter.Pending) (adapter.Reply, error) {
	r, err := p.Wait(w.Ctx)
	if errors.Is(err, ErrTimeout) {
		f := w.timedOut("a reply to the command "+commandWords(p.Command), "")
		f.Actual += "; a thread of the adapter may have died, or what it calls does not return"
		return r, f
	}
	w.watch.served()
	return r, skipIfUnsupported(p.Command, err)
}

// commandWords returns a command as in wait "a".
func commandWords(m adapter.Message) string {
	words := []string{m.Op}
	if m.Call != "" {
		words = append(words, fmt.Sprintf("%q", m.Call))
	}
	if m.Block != nil && *m.Block {
		words = append(words, "(block)")
	}
	return strings.Join(words, " ")
}

// Unanswered returns the scenario's commands that the adapter has not replied to, in words, or "" if
// there are none. It leaves out hello, by which the runner finds out whether the adapter lives.
func (w *World) Unanswered() string {
	var commands []string
	for _, p := range w.Session.Outstanding() {
		if text := commandWords(p.Command); !p.Sent.Before(w.watch.began) && p.Command.Op != adapter.OpHello && !slices.Contains(commands, text) {
			commands = append(commands, text)
		}
	}
	if more := len(commands) - maxOutstanding; more > 0 {
		commands = append(commands[:maxOutstanding], fmt.Sprintf("%d more", more))
	}
	return words.Join(commands, "and")
}

// startNamed sends a command whose reply a later step awaits by its name.
func (w *World) startNamed(name string, m adapter.Message) error {
	if w.pending == nil {
		w.pending = map[string]*adapter.Pending{}
	}
	if w.pending[name] != nil {
		return mistake("two calls have the name %q", name)
	}
	m.Conn = w.current.name
	w.pending[name] = w.start(m)
	return nil
}

// named returns the command that [World.startNamed] sent.
func (w *World) named(name string) (*adapter.Pending, error) {
	p := w.pending[name]
	if p == nil {
		return nil, mistake("no shutdown and no join has the name %q", name)
	}
	return p, nil
}

// waitFailure returns the failure of the peer's wait for the subject, which ended with err. If the time
// is over, came says what came.
func (w *World) waitFailure(expected, came string, err error) error {
	switch {
	case errors.Is(err, ErrTimeout):
		return w.timedOut(expected, came)
	case errors.Is(err, context.Canceled), errors.Is(err, ErrSkip):
		return err
	}
	return &Failure{Expected: expected, Actual: err.Error()}
}

// replyFailure returns a failure if err is the subject's own error, in place of what was
// expected. It returns any other error unchanged.
func replyFailure(expected string, err error) error {
	if kindOf(err) == "" {
		return err
	}
	return failf(expected, "the error %v", err)
}

// kindOf returns the kind of the subject's own error in err. It returns "" for any other
// error, and for an error that skips the scenario, although it wraps an error of the subject.
func kindOf(err error) adapter.Kind {
	var e *adapter.Error
	if errors.Is(err, ErrSkip) || !errors.As(err, &e) {
		return ""
	}
	return e.Kind
}

// barrier waits for a reply to a command that changes nothing. The adapter reads its commands
// in order, so it has then read all commands sent before.
func (w *World) barrier() error {
	_, err := w.command(adapter.Message{Op: adapter.OpSeen})
	return replyFailure("a reply to the command seen", err)
}

// absence is how long an event must stay away before a step says that it has not happened.
// The second implementation was run with each of its 402 faults on two busy cores: the wrong
// event came in 92 scenarios, in 60 of them within 0.1 ms, in 91 within 26 ms, and in the
// last after 68 ms. A conforming subject never fails, whatever the time is; the time decides
// only how many faults are found.
const absence = 100 * time.Millisecond

// mostAbsence bounds the window of an absence in all, in units of [absence].
const mostAbsence = 20

// staysAway reports whether an event stays away for the time of [absence]. The time begins
// when the adapter has read all commands sent before. It does not count the time in which the subject
// waited for a CPU: on a busy machine a wrong event would come later than the time allows.
func (w *World) staysAway(event <-chan struct{}) (bool, error) {
	if err := w.barrier(); err != nil {
		return false, err
	}
	had, _ := w.Session.CPU()
	for began, left := time.Now(), absence; left > 0; {
		over := time.NewTimer(left)
		select {
		case <-event:
			over.Stop()
			return false, nil
		case <-w.Ctx.Done():
			over.Stop()
			return false, w.waitFailure(fmt.Sprintf("nothing for %v", absence), "", context.Cause(w.Ctx))
		case <-over.C:
		}
		has, _ := w.Session.CPU()
		left = min(left, has.Waited-had.Waited, mostAbsence*absence-time.Since(began))
		had = has
	}
	return true, nil
}

// comesLate waits for an event for the time of [absence] again, in which it does not count time that the
// machine gives to others, and reports whether the event has come.
func (w *World) comesLate(event <-chan struct{}) bool {
	ctx, stop := Patiently(w.Ctx, w.Session, absence)
	defer stop()
	select {
	case <-event:
		return true
	case <-ctx.Done():
		return false
	}
}

// pause gives the subject time to act on what it has read.
func (w *World) pause() error {
	_, err := w.staysAway(nil)
	return err
}

// maxPause is the longest pause of [poll] between two questions: a subject that never gets
// there then answers a hundred a second, and is not kept busy.
const maxPause = 10 * time.Millisecond

// poll asks until the answer is enough or the scenario's time is over, and returns the last
// answer. The adapter protocol reports no event when the answers to the commands seen and
// ticks change, so asking is the only way. The first question comes at once, the others
// after growing pauses. The pauses delay a verdict and never decide it. An answer is progress
// only if it differs from the one before.
func poll[T any](w *World, ask func() (T, error), enough func(T) bool) (T, error) {
	defer w.watch.during(regardTraffic)()
	var last T
	for pause := time.Duration(0); ; pause = min(2*pause+50*time.Microsecond, maxPause) {
		answer, err := ask()
		if err == nil {
			if !reflect.DeepEqual(answer, last) {
				w.watch.answerChanged()
			}
			last = answer
		}
		if w.Ctx.Err() != nil {
			if cause := context.Cause(w.Ctx); errors.Is(cause, ErrSkip) {
				return last, cause
			}
			return last, nil // the caller reports that the time is over
		}
		if err != nil || enough(last) {
			return last, err
		}
		select {
		case <-time.After(pause):
		case <-w.Ctx.Done():
		}
	}
}

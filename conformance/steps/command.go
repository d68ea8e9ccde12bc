package steps

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
)

// do has the subject carry out a command and waits for the reply.
func (w *World) do(m adapter.Message) (adapter.Reply, error) {
	return w.await(w.Session.Send(m))
}

// on the connection in use: the command m.
func (w *World) command(m adapter.Message) (adapter.Reply, error) {
	m.Conn = w.current.name
	return w.do(m)
}

// await waits for the reply to a command. An [*adapter.Error] is the subject's own
// answer; a command that the adapter cannot do skips the scenario.
func (w *World) await(p *adapter.Pending) (adapter.Reply, error) {
	r, err := p.Wait(w.Ctx)
	if errors.Is(err, ErrTimeout) {
		return r, &Failure{
			Expected: fmt.Sprintf("a reply to %s", commandName(p.Command)), TimedOut: true,
			Actual: fmt.Sprintf("none within %v", w.Timeout),
		}
	}
	if adapter.KindOf(err) == adapter.Unsupported {
		return r, fmt.Errorf("%w: the adapter does not support %s (%w)", ErrSkip, commandName(p.Command), err)
	}
	return r, err
}

// commandName names a command for people.
func commandName(m adapter.Message) string {
	words := []string{"the command", m.Op}
	if m.Call != "" {
		words = append(words, fmt.Sprintf("%q", m.Call))
	}
	if m.Block != nil && *m.Block {
		words = append(words, "(block)")
	}
	return strings.Join(words, " ")
}

// start sends a command that may take long and keeps it under a name.
func (w *World) start(name string, m adapter.Message) error {
	if w.pending == nil {
		w.pending = map[string]*adapter.Pending{}
	}
	if w.pending[name] != nil {
		return mistake("two things are called %q", name)
	}
	m.Conn = w.current.name
	w.pending[name] = w.Session.Send(m)
	return nil
}

func (w *World) started(name string) (*adapter.Pending, error) {
	p := w.pending[name]
	if p == nil {
		return nil, mistake("nothing is called %q", name)
	}
	return p, nil
}

// need skips the scenario unless the subject has the ability.
func (w *World) need(a adapter.Ability) error {
	if w.Session.Can(a) {
		return nil
	}
	return fmt.Errorf("%w: the adapter does not support %q", ErrSkip, a)
}

// expectAbility skips the scenario unless the subject has the ability that the words name.
func (w *World) expectAbility(words string) error {
	if words == "can give invalid replies" {
		return w.need(adapter.CanInvalidReply)
	}
	return w.need(adapter.CanBigIntegers)
}

// waitFailure makes a failure of a wait for something of the peer's that did not come.
func (w *World) waitFailure(expected string, err error) error {
	switch {
	case errors.Is(err, ErrTimeout):
		return &Failure{Expected: expected, Actual: fmt.Sprintf("nothing within %v", w.Timeout), TimedOut: true}
	case errors.Is(err, context.Canceled):
		return err
	}
	return &Failure{Expected: expected, Actual: err.Error()}
}

// replyFailure makes a failure of an error that the subject answered in place of
// what was expected; other errors stay as they are.
func replyFailure(expected string, err error) error {
	if kindOf(err) == "" {
		return err
	}
	return failf(expected, "the error %v", err)
}

// kindOf is the kind of the subject's own error in err, and empty for any other
// error or none.
func kindOf(err error) adapter.Kind {
	var e *adapter.Error
	if !asAdapterError(err, &e) {
		return ""
	}
	return e.Kind
}

// asAdapterError finds the subject's own error in err; what skips a scenario is none.
func asAdapterError(err error, e **adapter.Error) bool {
	return !errors.Is(err, ErrSkip) && errors.As(err, e)
}

// absence is for how long something must not happen before a step says that it has
// not happened. A subject that does right is never failed by it, however slow; the
// longer it is, the surer is one that does wrong to be seen.
const absence = 100 * time.Millisecond

// staysAway reports whether an event stays away: after a reply of the adapter, which
// shows that it has carried out what it was told before, and for a time.
func (w *World) staysAway(event <-chan struct{}) (bool, error) {
	if _, err := w.command(adapter.Message{Op: adapter.OpSeen}); err != nil {
		return false, err
	}
	over := time.NewTimer(absence)
	defer over.Stop()
	select {
	case <-event:
		return false, nil
	case <-over.C:
		return true, nil
	case <-w.Ctx.Done():
		return false, context.Cause(w.Ctx)
	}
}

// longestPause is the longest time between two questions of [poll].
const longestPause = 10 * time.Millisecond

// poll asks again and again until the answer is enough or the scenario's time is over, and
// gives the last answer: the adapter protocol tells of no event what the commands seen and
// ticks tell. It asks at once, and then after pauses that grow, so that a subject which
// never comes to it is not kept busy. The pauses decide nothing but when that is seen.
func poll[T any](w *World, ask func() (T, error), enough func(T) bool) (T, error) {
	var last T
	for pause := time.Duration(0); ; pause = min(2*pause+50*time.Microsecond, longestPause) {
		answer, err := ask()
		if err == nil {
			last = answer
		}
		if w.Ctx.Err() != nil {
			return last, nil //nolint:nilerr // that the time is over is for the caller to tell
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

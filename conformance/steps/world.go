package steps

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/peer"
	"github.com/packetspec/packetspec/internal/excerpt"
)

// A World holds what the steps of one scenario share. Its exported fields are set before
// Watch, which comes before the first step. It serves one scenario, from one goroutine.
type World struct {
	Ctx     context.Context // bounds the scenario; set by Watch
	Timeout time.Duration   // after which a scenario that hangs ends
	Session *adapter.Session
	Dir     string // for named pipes; the scenario's own
	// HasERQ reports whether the subject speaks the 2024 dialect: ERQ comes before EOF, and
	// a stream may stay open until the other end's stream has ended.
	HasERQ bool
	// Reached is set once an adapter of the run has opened the named pipes of a connection, and is
	// shared by the run's worlds. If it is nil, pipes that the adapter cannot reach are its failure.
	Reached *atomic.Bool
	// Program describes a subject that no adapter drives; nil: an adapter drives the subject.
	Program *Program

	watch        *watchdog
	conversation conversation
	conns        []*connection
	current      *connection                 // the one that steps act on
	started      []*adapter.Pending          // commands whose replies no step may look at
	lack         context.CancelCauseFunc     // of Ctx, for a command that the adapter does not support; nil: no command was started
	pending      map[string]*adapter.Pending // shutdowns and joins, by their names in the feature
	stderrNoted  int                         // bytes of standard error that n requests bring without a tick
}

// Watch begins the scenario's time: when the scenario hangs, w.Ctx ends with the cause ErrTimeout.
// The caller calls stop at the end of the scenario.
func (w *World) Watch(ctx context.Context) (stop func()) {
	w.watch = watch(ctx, w.Session, w.Timeout)
	w.Ctx = w.watch.ctx
	w.Session.Trace(w.conversation.add)
	return w.watch.stop
}

// timedOut returns the failure of a scenario whose time is over before what it expects has come.
// came says what came in its place.
func (w *World) timedOut(expected, came string) *Failure {
	isClosed := func(conn string) bool {
		return slices.ContainsFunc(w.conns, func(c *connection) bool { return c.name == conn && c.closed })
	}
	f := &Failure{Expected: expected, Actual: w.watch.describe(isClosed), TimedOut: true}
	if came != "" {
		f.Actual = came + "; then " + f.Actual
	}
	return f
}

// Wire returns what went over the pipes until the scenario ended, one packet a line.
func (w *World) Wire() []string {
	var shown excerpt.Excerpt
	for i, c := range w.conns {
		for line := range c.peer.Wire.All() {
			if len(w.conns) > 1 {
				shown.Add(ofConnection{i + 1, line})
			} else {
				shown.Add(line)
			}
		}
	}
	return shown.Lines()
}

// ofConnection is a line of one of several connections.
type ofConnection struct {
	number int
	peer.Line
}

func (l ofConnection) String() string { return fmt.Sprintf("c%d  %s", l.number, l.Line) }

// Close ends the scenario: the subject forgets its connections, within ctx. The error wraps [ErrSkip]
// if the adapter does not support that.
//
// A reader would take what the subject still sends then, such as EOF, for a part of the scenario, and
// it may come or not. So the record ends here.
func (w *World) Close(ctx context.Context) error {
	w.Session.Trace(nil)
	for _, c := range w.conns {
		c.peer.Wire.Stop()
	}
	if w.lack != nil {
		w.lack(nil)
	}
	var lack error
	var errs []error
	for _, c := range w.conns {
		if c.closed {
			continue
		}
		m := adapter.Message{Op: adapter.OpClose, Conn: c.name}
		_, err := w.Session.Do(ctx, m)
		if err = skipIfUnsupported(m, err); errors.Is(err, ErrSkip) {
			lack = err
		}
		errs = append(errs, err)
		c.peer.Close()
	}
	if lack != nil {
		return lack
	}
	return errors.Join(errs...)
}

package steps

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/peer"
	"github.com/packetspec/packetspec/internal/excerpt"
)

// ErrTimeout is the cause with which a scenario's context ends when its time is over.
var ErrTimeout = errors.New("the scenario's time is over")

// A World holds what the steps of one scenario share. Its exported fields are set before the
// first step. It serves one scenario, from one goroutine.
type World struct {
	Ctx     context.Context // bounds the scenario; after Timeout its cause is ErrTimeout
	Timeout time.Duration   // for messages
	Session *adapter.Session
	Dir     string // for named pipes; the scenario's own
	// HasERQ reports whether the subject speaks the 2024 dialect: ERQ comes before EOF, and
	// a stream may stay open until the other end's stream has ended.
	HasERQ bool
	// Reached is set once an adapter of the run has opened the named pipes of a connection, and is
	// shared by the run's worlds. If it is nil, pipes that the adapter cannot reach are its failure.
	Reached *atomic.Bool

	conns       []*connection
	current     *connection                 // the one that steps act on
	started     []*adapter.Pending          // commands whose replies no step may look at
	lack        context.CancelCauseFunc     // of Ctx, for a command that the adapter does not support; nil: no command was started
	pending     map[string]*adapter.Pending // shutdowns and joins, by their names in the feature
	stderrNoted int                         // bytes of standard error that n requests bring without a tick
}

// Wire returns what went over the pipes, one packet a line.
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
func (w *World) Close(ctx context.Context) error {
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

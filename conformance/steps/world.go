package steps

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/peer"
	"github.com/packetspec/packetspec/internal/excerpt"
)

// ErrTimeout is the cause with which a scenario's context ends when its time is over.
var ErrTimeout = errors.New("the scenario's time is over")

// A World is what the steps of one scenario share: the subject, the connections
// opened, and what is under way.
type World struct {
	// Ctx bounds the scenario; when its time is over the cause is ErrTimeout.
	Ctx     context.Context
	Session *adapter.Session
	Dir     string // for named pipes; the scenario's own
	// HasERQ is whether the subject speaks the later dialect, in which ERQ comes before EOF
	// and a stream may stay open until the peer's has ended.
	HasERQ  bool
	Timeout time.Duration

	conns        []*connection
	current      *connection                 // the one that steps are about
	pending      map[string]*adapter.Pending // long commands, by the names the feature gives them
	stderrBefore int                         // octets on the standard error, without a tick
}

// Wire tells what happened on the pipes, one packet a line.
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

// Close ends the scenario: the subject forgets its connections, within ctx.
func (w *World) Close(ctx context.Context) error {
	var errs []error
	for _, c := range w.conns {
		if c.closed {
			continue
		}
		_, err := w.Session.Do(ctx, adapter.Message{Op: adapter.OpClose, Conn: c.name})
		errs = append(errs, err)
		c.peer.Close()
	}
	return errors.Join(errs...)
}

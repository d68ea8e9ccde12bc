package steps

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
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
	// Later is whether the subject speaks the later dialect, in which ERQ comes before EOF
	// and a stream may stay open until the peer's has ended.
	Later bool
	Limit time.Duration

	conns   []*connection
	current *connection                 // the one that steps are about
	pending map[string]*adapter.Pending // long commands, by the names the feature gives them
	noted   int                         // octets on the standard error, without a tick
}

// connection is one connection under test, seen from the peer's end.
type connection struct {
	name     string
	peer     *peer.Peer
	received []peer.Received // taken off the wire, but not yet asked for by a step
	calls    map[string]*call
	asked    asked // by the peer
	sawERQ   bool  // the subject's ERQ packet was taken off the wire, in the later dialect
	sawEOF   bool  // its EOF packet was
	closed   bool  // by a step
}

// call is a request that the subject was told to send.
type call struct {
	wait    *adapter.Pending // nil: the subject does not wait for the answer yet
	request *peer.Received   // as it came, once it did
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

// do has the subject carry out a command and waits for the reply.
func (w *World) do(m adapter.Message) (adapter.Reply, error) {
	return w.await(w.Session.Send(m))
}

// await waits for the reply to a command. An [*adapter.Error] is the subject's own
// answer; a command that the adapter cannot do skips the scenario.
func (w *World) await(p *adapter.Pending) (adapter.Reply, error) {
	r, err := p.Wait(w.Ctx)
	if errors.Is(err, ErrTimeout) {
		return r, &Failure{
			Expected: fmt.Sprintf("a reply to %s", tell(p.Command)), TimedOut: true,
			Actual: fmt.Sprintf("none within %v", w.Limit),
		}
	}
	if adapter.KindOf(err) == adapter.Unsupported {
		return r, fmt.Errorf("%w: the adapter does not support %s (%w)", ErrSkip, tell(p.Command), err)
	}
	return r, err
}

// tell names a command for people.
func tell(m adapter.Message) string {
	words := []string{"the command", m.Op}
	if m.Call != "" {
		words = append(words, fmt.Sprintf("%q", m.Call))
	}
	if m.Block != nil && *m.Block {
		words = append(words, "(block)")
	}
	return strings.Join(words, " ")
}

// need skips the scenario unless the subject has the ability.
func (w *World) need(a adapter.Ability) error {
	if w.Session.Can(a) {
		return nil
	}
	return fmt.Errorf("%w: the adapter does not support %q", ErrSkip, a)
}

// awaited makes a failure of a wait for something of the peer's that did not come.
func (w *World) awaited(expected string, err error) error {
	var end *peer.EndError
	switch {
	case errors.Is(err, ErrTimeout):
		return &Failure{Expected: expected, Actual: fmt.Sprintf("nothing within %v", w.Limit), TimedOut: true}
	case errors.As(err, &end):
		return &Failure{Expected: expected, Actual: err.Error()}
	case errors.Is(err, context.Canceled):
		return err
	}
	return &Failure{Expected: expected, Actual: err.Error()}
}

// next takes the subject's next packet.
func (w *World) next(expected string) (peer.Received, error) {
	c := w.current
	if len(c.received) > 0 {
		r := c.received[0]
		c.received = c.received[1:]
		return r, nil
	}
	return w.pull(expected)
}

// pull takes the subject's next packet off the wire. After EOF there is to be none, and
// each response is to answer a request.
func (w *World) pull(expected string) (peer.Received, error) {
	c := w.current
	r, err := c.peer.Next(w.Ctx)
	switch {
	case err != nil:
		return r, w.awaited(expected, err)
	case c.sawEOF:
		return r, failf("no octets after EOF", "%s", describe(r.Octets))
	case !r.IsRequest && !c.asked.answer(r.Packet):
		return r, failf(expected, "%s, which answers no request that the peer has open", describe(r.Octets))
	}
	c.sawEOF = r.Same(peer.EOF)
	c.sawERQ = c.sawERQ || w.Later && r.Same(peer.ERQ)
	return r, nil
}

// find takes the subject's first packet, of those that have come or are to come,
// for which wanted is true; the others stay for later steps.
func (w *World) find(expected string, wanted func(peer.Packet) bool) (peer.Received, error) {
	c := w.current
	for i, r := range c.received {
		if wanted(r.Packet) {
			c.received = slices.Delete(c.received, i, i+1)
			return r, nil
		}
	}
	for {
		r, err := w.pull(expected)
		if err != nil {
			var f *Failure
			if errors.As(err, &f) && len(c.received) > 0 {
				f.Actual = "in its place " + c.tellReceived() + ", then " + f.Actual
			}
			return r, err
		}
		if wanted(r.Packet) {
			return r, nil
		}
		if err := c.keep(r, expected); err != nil {
			return r, err
		}
		if c.sawEOF {
			return r, failf(expected, "in its place %s, the last packet", c.tellReceived())
		}
	}
}

// mostKept is how many packets nobody has asked for a connection keeps: no scenario lets
// nearly as many come, and a subject that sends for ever must not use up the memory.
const mostKept = 1 << 16

// keep puts a packet aside that a later step may ask for.
func (c *connection) keep(r peer.Received, expected string) error {
	c.received = append(c.received, r)
	if len(c.received) <= mostKept {
		return nil
	}
	return failf(expected, "in its place %d packets that no step has asked for: %s", len(c.received), c.tellReceived())
}

// tellReceived tells of the packets that no step has asked for.
func (c *connection) tellReceived() string {
	var octets []byte
	for _, r := range c.received {
		octets = append(octets, r.Octets...)
	}
	return describe(octets)
}

// quiet is for how long something must not happen before a step says that it has
// not happened. A subject that does right is never failed by it, however slow; the
// longer it is, the surer is one that does wrong to be seen.
const quiet = 100 * time.Millisecond

// staysQuiet reports whether an event stays away: after a reply of the adapter, which
// shows that it has carried out what it was told before, and for a time.
func (w *World) staysQuiet(event <-chan struct{}) (bool, error) {
	if _, err := w.command(adapter.Message{Op: adapter.OpSeen}); err != nil {
		return false, err
	}
	over := time.NewTimer(quiet)
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

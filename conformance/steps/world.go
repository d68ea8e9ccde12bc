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
	// HasERQ is whether the subject speaks the later dialect, in which ERQ comes before EOF
	// and a stream may stay open until the peer's has ended.
	HasERQ  bool
	Timeout time.Duration

	conns        []*connection
	current      *connection                 // the one that steps are about
	pending      map[string]*adapter.Pending // long commands, by the names the feature gives them
	stderrBefore int                         // octets on the standard error, without a tick
}

// connection is one connection under test, seen from the peer's end.
type connection struct {
	name     string
	peer     *peer.Peer
	backlog  []peer.Received // taken off the wire, but not yet asked for by a step
	sent     map[string]*subjectRequest
	requests peerRequests
	sawERQ   bool // the subject's ERQ packet was taken off the wire, in the later dialect
	sawEOF   bool // its EOF packet was
	closed   bool // by a step
}

// subjectRequest is a request that the subject was told to send.
type subjectRequest struct {
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

// need skips the scenario unless the subject has the ability.
func (w *World) need(a adapter.Ability) error {
	if w.Session.Can(a) {
		return nil
	}
	return fmt.Errorf("%w: the adapter does not support %q", ErrSkip, a)
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

// nextPacket takes the subject's next packet.
func (w *World) nextPacket(expected string) (peer.Received, error) {
	c := w.current
	if len(c.backlog) > 0 {
		r := c.backlog[0]
		c.backlog = c.backlog[1:]
		return r, nil
	}
	return w.readPacket(expected)
}

// readPacket takes the subject's next packet off the wire. After EOF there is to be none, and
// each response is to answer a request.
func (w *World) readPacket(expected string) (peer.Received, error) {
	c := w.current
	r, err := c.peer.Next(w.Ctx)
	switch {
	case err != nil:
		return r, w.waitFailure(expected, err)
	case c.sawEOF:
		return r, failf("no octets after EOF", "%s", describe(r.Octets))
	case !r.IsRequest && !c.requests.answer(r.Packet):
		return r, failf(expected, "%s, which answers no request that the peer has open", describe(r.Octets))
	}
	c.sawEOF = r.Same(peer.EOF)
	c.sawERQ = c.sawERQ || w.HasERQ && r.Same(peer.ERQ)
	return r, nil
}

// findPacket takes the subject's first packet, of those that have come or are to come,
// for which wanted is true; the others stay for later steps.
func (w *World) findPacket(expected string, wanted func(peer.Packet) bool) (peer.Received, error) {
	c := w.current
	for i, r := range c.backlog {
		if wanted(r.Packet) {
			c.backlog = slices.Delete(c.backlog, i, i+1)
			return r, nil
		}
	}
	for {
		r, err := w.readPacket(expected)
		if err != nil {
			var f *Failure
			if errors.As(err, &f) && len(c.backlog) > 0 {
				f.Actual = "in its place " + c.describeBacklog() + ", then " + f.Actual
			}
			return r, err
		}
		if wanted(r.Packet) {
			return r, nil
		}
		if err := c.addToBacklog(r, expected); err != nil {
			return r, err
		}
		if c.sawEOF {
			return r, failf(expected, "in its place %s, the last packet", c.describeBacklog())
		}
	}
}

// maxBacklog is how many packets nobody has asked for a connection keeps: no scenario lets
// nearly as many come, and a subject that sends for ever must not use up the memory.
const maxBacklog = 1 << 16

// addToBacklog puts a packet aside that a later step may ask for.
func (c *connection) addToBacklog(r peer.Received, expected string) error {
	c.backlog = append(c.backlog, r)
	if len(c.backlog) <= maxBacklog {
		return nil
	}
	return failf(expected, "in its place %d packets that no step has asked for: %s", len(c.backlog), c.describeBacklog())
}

// describeBacklog tells of the packets that no step has asked for.
func (c *connection) describeBacklog() string {
	var octets []byte
	for _, r := range c.backlog {
		octets = append(octets, r.Octets...)
	}
	return describe(octets)
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

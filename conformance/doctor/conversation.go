package doctor

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/peer"
	"github.com/packetspec/packetspec/conformance/steps"
	"github.com/packetspec/packetspec/internal/environment"
)

// A conversation is with one process of the adapter. One goroutine has it.
type conversation struct {
	ctx     context.Context
	run     *run
	session *adapter.Session
	lines   *lines

	over   bool  // the process is in a state that nobody knows, or has ended
	broken error // what this machine lacks
	// blame is the kind of finding if the adapter does not reply to a command; empty: the one of the command.
	blame Kind
}

// An answer is the reply to a command. Its zero value stands for no reply.
type answer struct {
	adapter.Reply
	ok      bool           // the command succeeded
	err     *adapter.Error // it was refused
	command command
}

// refused reports whether the reply is an error that has the right form.
func (a answer) refused() bool { return a.err != nil && !a.command.faulty }

// report makes a finding of a reply.
func (c *conversation) report(k Kind, a answer, format string, args ...any) {
	c.run.add(k, detail{sent: a.command.sent, came: a.command.came, more: fmt.Sprintf(format, args...)})
}

// do sends a command and waits for its reply.
func (c *conversation) do(m adapter.Message) answer {
	if c.over {
		return answer{}
	}
	return c.await(c.session.Send(m))
}

// await waits for the reply to a command. Without one, the conversation is over, and that is a finding.
func (c *conversation) await(p *adapter.Pending) answer {
	if c.over {
		return answer{}
	}
	c.arrives(p, c.run.Timeout)
	select {
	case <-p.Done():
	default:
		if c.ctx.Err() == nil {
			c.silent(p)
		}
		c.over = true
		return answer{}
	}
	r, err := p.Wait(c.ctx)
	a := answer{Reply: r, ok: err == nil, command: c.lines.of(p.Command.ID)}
	if err != nil && !errors.As(err, &a.err) {
		c.ended(p)
		c.over = true
		return answer{}
	}
	return a
}

// arrives waits for the reply to a command, and reports whether it has come in the time.
func (c *conversation) arrives(p *adapter.Pending, limit time.Duration) bool {
	ctx, stop := c.patiently(limit)
	defer stop()
	select {
	case <-p.Done():
	case <-ctx.Done():
	}
	select {
	case <-p.Done():
		return true
	default:
		return false
	}
}

// patiently returns a context that ends when the adapter has been silent for a time in which it could run.
func (c *conversation) patiently(limit time.Duration) (context.Context, func()) {
	return steps.Patiently(c.ctx, c.session, limit)
}

// immediate lists the commands whose replies wait for nothing.
var immediate = []string{
	adapter.OpHello, adapter.OpEncode, adapter.OpDecode, adapter.OpEqual, adapter.OpString, adapter.OpRelease, adapter.OpSeen, adapter.OpTicks, adapter.OpClose, unknownOp,
}

// own lists those of them that the implementation has no part in.
var own = []string{adapter.OpHello, adapter.OpRelease, adapter.OpSeen, adapter.OpTicks, adapter.OpClose, unknownOp}

// silent reports that a command has no reply. It ends the process, by the end of its standard input: what
// was written and not flushed comes then.
func (c *conversation) silent(p *adapter.Pending) {
	c.run.silent++
	if !c.lines.mends { // the suite has its own limits
		return
	}
	c.lines.set(func(l *lines) { l.ending = true })
	_ = c.session.Stop()
	command := c.lines.of(p.Command.ID)
	var confusing bool
	c.lines.set(func(l *lines) { confusing = l.confusing })
	op := p.Command.Op
	kind := c.blame
	switch {
	case command.late && slices.Contains(immediate, op):
		c.run.add("not-flushed", detail{sent: command.sent, came: command.came, more: fmt.Sprintf("the reply came only when the standard input had ended, %v later", c.run.Timeout)})
		return
	case confusing:
		return
	case kind != "":
	case slices.Contains(own, op):
		kind = "no-reply"
	default:
		kind = "no-answer"
	}
	c.run.add(kind, detail{sent: command.sent, came: fmt.Sprintf("no reply for %v", c.run.Timeout)})
}

// ended reports that the adapter has ended before it replied to a command.
func (c *conversation) ended(p *adapter.Pending) {
	c.run.silent++
	var off bool
	c.lines.set(func(l *lines) { off = l.off })
	if off || !errors.Is(c.session.Err(), adapter.ErrEnded) { // it was given up for what is a finding already
		return
	}
	kind := c.blame
	if kind == "" {
		kind = "ends"
	}
	c.run.add(kind, detail{sent: c.lines.of(p.Command.ID).sent, came: c.session.DescribeExit(p.Command.Op)})
}

// lacks reports whether the adapter replied that it does not support a command. If it lists the ability that
// the command needs, that is a finding; an empty ability stands for none.
func (c *conversation) lacks(a answer, needs adapter.Ability) bool {
	if !a.refused() || a.err.Kind != adapter.Unsupported {
		return false
	}
	if needs != "" && c.session.Can(needs) {
		c.report("claimed-ability", a, "the reply to hello lists %q", needs)
	}
	return true
}

// A connection is one that the adapter has opened.
type connection struct {
	name string
	*peer.Peer
	from string // the path of the pipe that the peer reads
}

// open has the adapter open a connection. It returns nil if it does not.
func (c *conversation) open(m adapter.Message) *connection {
	if c.over || c.run.has("pipes-swapped") { // no connection comes of it
		return nil
	}
	m.Op, m.Conn = adapter.OpOpen, c.nameConn()
	if m.Handler == nil {
		m.Handler = new(bool)
		*m.Handler = true
	}
	if m.Grace == nil && c.session.Can(adapter.CanGrace) {
		m.Grace = new(float64)
	}
	place, err := c.place(&m)
	if err != nil {
		c.fail("make the named pipes of a connection", err)
		return nil
	}
	defer place.Discard()
	a := c.do(m)
	if !a.ok {
		c.refusedOpen(a, m)
		return nil
	}
	p, err := place.Connect()
	switch {
	case environment.IsShortage(err):
		c.fail("open the named pipes of a connection", err)
		return nil
	case err != nil:
		c.report("pipe-not-open", a, "%v", err)
		c.over = true
		return nil
	}
	return &connection{m.Conn, p, m.Send}
}

// place makes the named pipes of a connection, or the socket for an adapter that wants one, and completes the
// command that opens it.
func (c *conversation) place(m *adapter.Message) (interface {
	Connect() (*peer.Peer, error)
	Discard()
}, error) {
	if c.session.Can(adapter.CanSockets) {
		socket, err := peer.NewSocket(c.run.dir, m.Conn)
		if err == nil {
			m.Socket = socket.Path()
		}
		return socket, err
	}
	pipes, err := peer.NewPipes(c.run.dir, m.Conn)
	if err == nil {
		m.Recv, m.Send = pipes.ToSubject, pipes.FromSubject
	}
	return pipes, err
}

// nameConn returns a name that no connection of the process has had.
func (c *conversation) nameConn() string { return "check-" + c.session.NameConn() }

// refusedOpen reports that a connection was not opened.
func (c *conversation) refusedOpen(a answer, m adapter.Message) {
	needs := adapter.Ability("")
	switch {
	case m.Tick != "":
		needs = adapter.CanTick
	case m.Grace != nil:
		needs = adapter.CanGrace
	}
	if a.refused() && !c.lacks(a, needs) {
		c.report("refuses-open", a, "")
	}
}

// fail ends the conversation because this machine lacks something.
func (c *conversation) fail(doing string, err error) {
	c.broken, c.over = environment.Explain(doing, err), true
}

// close has the adapter close a connection, and closes the peer's ends.
func (c *conversation) close(conn *connection) {
	c.do(adapter.Message{Op: adapter.OpClose, Conn: conn.name})
	conn.Close()
}

// requestOf returns a request of the standard handler, as the peer sends it.
func requestOf(tag int64, t adapter.Type, flags int64, payload string) peer.Packet {
	return peer.Packet{
		IsRequest: true, Tag: big.NewInt(tag), Flags: big.NewInt(flags), Type: new(big.Int).SetUint64(t.Wire()), Payload: []byte(payload),
	}
}

// send writes a packet to the adapter.
func (c *conversation) send(conn *connection, p peer.Packet) {
	ctx, stop := c.patiently(c.run.Timeout)
	defer stop()
	_ = conn.Send(ctx, p.Encode()) // what is missing then shows in what comes
}

// receive waits for the next packet of the adapter, in the time.
func (c *conversation) receive(conn *connection, limit time.Duration) (peer.Received, bool) {
	if c.over {
		return peer.Received{}, false
	}
	ctx, stop := c.patiently(limit)
	defer stop()
	r, err := conn.Next(ctx)
	if c.ctx.Err() != nil {
		c.over = true
	}
	return r, err == nil
}

// asked sends a request, and returns the adapter's next packet if that is a response to it.
func (c *conversation) asked(conn *connection, p peer.Packet) (peer.Received, bool) {
	c.send(conn, p)
	r, ok := c.receive(conn, c.run.Timeout)
	return r, ok && !r.IsRequest && r.Tag.Cmp(p.Tag) == 0
}

// seen returns the requests that the handler of a connection has received.
func (c *conversation) seen(conn *connection) (calls []adapter.Seen, a answer) {
	a = c.do(adapter.Message{Op: adapter.OpSeen, Conn: conn.name})
	if a.ok && a.Calls != nil {
		calls = *a.Calls
	}
	return calls, a
}

// maxPause bounds the pause between two questions of until.
const maxPause = 10 * time.Millisecond

// until asks again and again, until the answer is yes or the time is over.
func (c *conversation) until(limit time.Duration, yes func() bool) bool {
	ctx, stop := c.patiently(limit)
	defer stop()
	for pause := time.Duration(0); !c.over; pause = min(2*pause+50*time.Microsecond, maxPause) {
		if yes() {
			return true
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return yes()
		}
	}
	return false
}

package replay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/peer"
	"github.com/packetspec/packetspec/conformance/record"
	"github.com/packetspec/packetspec/internal/environment"
	"github.com/packetspec/packetspec/internal/visible"
)

// A Line is one thing that happened in a replay, or one that was recorded and did not happen.
type Line struct {
	From record.Source
	Conn int
	Text string
	// Differs says how it differs from the record; empty: it does not.
	Differs string
}

// Options say how to play a bundle.
type Options struct {
	Adapter adapter.Starter
	// Timeout is how long to wait for what was recorded to come again, each time.
	Timeout   time.Duration
	StartTime time.Duration // how long the adapter may take to start
	Dir       string        // for named pipes; empty: in the system's temporary folder
	Observe   func(Line)
}

// Play plays a bundle, and reports whether the adapter and its implementation did what they did in the
// record. It sends the commands and the octets of the record in their order, and waits before each for what
// had come by then. The replies are compared without their ids, the octets of the subject as they come.
// An error is an [*adapter.StartError] or about this machine.
func (b *Bundle) Play(ctx context.Context, o Options) (same bool, err error) {
	dir, err := os.MkdirTemp(o.Dir, "packetspec")
	if err != nil {
		return false, environment.Explain("make a folder for named pipes", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	starting, cancel := adapter.WithStartTime(ctx, o.StartTime, fmt.Errorf("no answer within %v", o.StartTime))
	session, err := o.Adapter.Start(starting)
	cancel()
	if err != nil {
		return false, err
	}
	defer session.Kill()
	p := &player{Options: o, session: session, dir: dir, same: true, pending: map[int64]*adapter.Pending{}, names: map[string]string{}}
	defer p.close()
	for _, e := range b.Events {
		if err := p.event(ctx, e); err != nil {
			return false, err
		}
		if ctx.Err() != nil {
			return false, context.Cause(ctx)
		}
	}
	return p.same, nil
}

// A player plays one bundle.
type player struct {
	Options
	session *adapter.Session
	dir     string
	same    bool
	conns   []*connection
	pending map[int64]*adapter.Pending // by the id in the record
	names   map[string]string          // of connections, by those in the record
}

// A connection is one that the replay has opened; its peer is nil if opening failed.
type connection struct {
	peer  *peer.Peer
	place *peer.Pipes
	open  *adapter.Pending
	came  []byte // of the subject, and not compared yet
}

func (p *player) close() {
	for _, c := range p.conns {
		if c.peer != nil {
			c.peer.Close()
		} else {
			c.place.Discard()
		}
	}
}

func (p *player) show(l Line) {
	p.same = p.same && l.Differs == ""
	if p.Observe != nil {
		p.Observe(l)
	}
}

// event plays one event of the record.
func (p *player) event(ctx context.Context, e record.Event) error {
	switch e.From {
	case record.Runner:
		return p.command(e)
	case record.Adapter:
		p.reply(ctx, e)
		return nil
	}
	c := p.connection(e.Conn)
	if c == nil {
		p.show(Line{From: e.From, Conn: e.Conn, Text: describe(e), Differs: "there is no such connection"})
		return nil
	}
	if e.From == record.Peer {
		return p.act(ctx, c, e)
	}
	p.expect(ctx, c, e)
	return nil
}

// connection returns a connection by its number, or nil if the subject has not opened it.
func (p *player) connection(number int) *connection {
	if number < 1 || number > len(p.conns) || p.conns[number-1].peer == nil {
		return nil
	}
	return p.conns[number-1]
}

// command sends a command of the record.
func (p *player) command(e record.Event) error {
	var m adapter.Message
	if whole := e.Omitted == 0 && json.Unmarshal([]byte(e.Text), &m) == nil; !whole {
		p.show(Line{From: record.Runner, Text: visible.Line(e.Text), Differs: "it was cut in the record, and cannot be sent"})
		return nil
	}
	recorded := m.ID
	if m.Op == adapter.OpHello { // the start has sent one
		return nil
	}
	if m.Op == adapter.OpOpen {
		c := &connection{}
		name := p.session.NameConn()
		p.names[m.Conn] = name
		var err error
		if c.place, err = peer.NewPipes(p.dir, name); err != nil {
			return environment.Explain("make the named pipes of a connection", err)
		}
		m.Conn, m.Socket, m.Recv, m.Send = name, "", c.place.ToSubject, c.place.FromSubject
		c.open = p.session.Send(m)
		p.pending[recorded] = c.open
		p.conns = append(p.conns, c)
	} else {
		if name := p.names[m.Conn]; name != "" {
			m.Conn = name
		}
		p.pending[recorded] = p.session.Send(m)
	}
	p.show(Line{From: record.Runner, Text: visible.Line(e.Text)})
	return nil
}

// reply waits for the reply to a command, and compares it with the record.
func (p *player) reply(ctx context.Context, e record.Event) {
	var r struct{ ID int64 }
	_ = json.Unmarshal([]byte(e.Text), &r)
	pending := p.pending[r.ID]
	if pending == nil {
		return // to hello, or no reply at all
	}
	delete(p.pending, r.ID)
	waiting, cancel := context.WithTimeout(ctx, p.Timeout)
	defer cancel()
	got, err := pending.Wait(waiting)
	var refused *adapter.Error
	switch {
	case errors.As(err, &refused):
		got = adapter.Reply{Error: refused}
	case err != nil && waiting.Err() != nil:
		p.show(Line{From: record.Adapter, Text: "no reply to " + pending.Command.Op, Differs: fmt.Sprintf("within %v, the record has %s", p.Timeout, visible.Line(e.Text))})
		return
	case err != nil:
		p.show(Line{From: record.Adapter, Text: err.Error(), Differs: "the record has " + visible.Line(e.Text)})
		return
	}
	got.ID = r.ID
	text, _ := json.Marshal(got)
	p.show(Line{From: record.Adapter, Text: visible.Line(string(text)), Differs: differs(string(text), e.Text)})
	if pending.Command.Op == adapter.OpOpen {
		p.connect(pending)
	}
}

// differs returns how a reply differs from the one of the record: in a field other than a message, which is free
// text.
func differs(got, recorded string) string {
	normal := func(text string) string {
		var r adapter.Reply
		_ = json.Unmarshal([]byte(text), &r)
		if r.Error != nil {
			r.Error = &adapter.Error{Kind: r.Error.Kind}
		}
		line, _ := json.Marshal(r)
		return string(line)
	}
	if normal(got) == normal(recorded) {
		return ""
	}
	return "the record has " + visible.Line(recorded)
}

// connect takes the runner's ends of a connection that the adapter has opened.
func (p *player) connect(pending *adapter.Pending) {
	for i, c := range p.conns {
		if c.open != pending {
			continue
		}
		connected, err := c.place.Connect()
		if err != nil {
			p.show(Line{From: record.Subject, Conn: i + 1, Text: err.Error(), Differs: "the record has a connection"})
			return
		}
		c.peer = connected
	}
}

// act does what the peer did.
func (p *player) act(ctx context.Context, c *connection, e record.Event) error {
	p.show(Line{From: record.Peer, Conn: e.Conn, Text: describe(e)})
	switch e.Text {
	case "":
		sending, cancel := context.WithTimeout(ctx, p.Timeout)
		defer cancel()
		err := c.peer.Send(sending, e.Octets)
		var full *peer.FullError
		if errors.As(err, &full) {
			p.show(Line{From: record.Subject, Conn: e.Conn, Text: "does not read", Differs: full.Error()})
			return nil
		}
		return err
	case peer.ClosedSending:
		c.peer.EndSending()
	case peer.ClosedReceiving:
		c.peer.EndReading()
	case peer.StoppedReading:
		c.peer.Pause()
	case peer.WentOnReading:
		c.peer.Resume()
	}
	return nil
}

// expect waits for the octets of the subject that the record has, or for the end of its stream.
func (p *player) expect(ctx context.Context, c *connection, e record.Event) {
	waiting, cancel := context.WithTimeout(ctx, p.Timeout)
	defer cancel()
	if e.Text != "" {
		_, err := c.peer.AwaitEnd(waiting)
		l := Line{From: record.Subject, Conn: e.Conn, Text: e.Text}
		if err != nil {
			l.Text, l.Differs = "has not "+e.Text, fmt.Sprintf("within %v", p.Timeout)
		}
		p.show(l)
		return
	}
	want := []byte(e.Octets)
	ended := false
	for len(c.came) < len(want) && !ended {
		octets, err := c.peer.Read(waiting, len(want)-len(c.came))
		c.came = append(c.came, octets...)
		ended = err != nil
	}
	n := min(len(c.came), len(want))
	l := Line{From: record.Subject, Conn: e.Conn, Text: describe(record.Event{Octets: c.came[:n]})}
	switch at := mismatch(c.came[:n], want); {
	case n < len(want) && bytes.Equal(c.came[:n], want[:n]):
		l.Differs = fmt.Sprintf("the record has %d octets more: %s", len(want)-n, peer.ShowHex(want[n:]))
	case at >= 0:
		l.Differs = fmt.Sprintf("from octet %d on; the record has %s", at+1, peer.ShowHex(want))
	}
	c.came = c.came[n:]
	p.show(l)
}

// mismatch returns the first place where octets differ from what was recorded, or -1.
func mismatch(got, want []byte) int {
	for i := range got {
		if got[i] != want[i] {
			return i
		}
	}
	return -1
}

// describe returns an event in words: its text, or its octets and the packets that they are.
func describe(e record.Event) string {
	if e.Text != "" {
		return visible.Line(e.Text)
	}
	var packets []string
	for rest := []byte(e.Octets); len(rest) > 0; {
		packet, n, err := peer.Decode(rest)
		if n == 0 || err != nil {
			break
		}
		packets = append(packets, packet.String())
		rest = rest[n:]
		if len(packets) == 3 && len(rest) > 0 {
			packets = append(packets, "…")
			break
		}
	}
	return strings.TrimRight(peer.ShowHex(e.Octets)+"  "+strings.Join(packets, "; "), " ")
}

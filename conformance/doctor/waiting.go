package doctor

import (
	"bytes"
	"fmt"
	"math/big"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/peer"
)

// respond answers a request of the adapter with ok, flags and a payload.
func (c *conversation) respond(conn *connection, r peer.Received, flags int64, payload string) {
	c.send(conn, peer.Packet{Channel: r.Channel, Tag: r.Tag, Flags: big.NewInt(flags<<1 | 1), Payload: []byte(payload)})
}

// requesting checks the commands that make requests.
func (c *conversation) requesting() {
	conn := c.open(adapter.Message{})
	if conn == nil {
		return
	}
	defer c.close(conn)
	m := adapter.Message{Op: adapter.OpRequest, Conn: conn.name, Call: "a", RqType: "2", Flags: "3", Payload: adapter.Hex("abc")}
	p := c.session.Send(m)
	r, came := c.receive(conn, c.run.Timeout)
	if came && !c.arrives(p, c.shortTime()) {
		c.respond(conn, r, 0, "x")
		if c.arrives(p, c.run.Timeout) {
			c.report("request-waits", c.await(p), "the reply came only when the request was answered")
		}
		c.over = true
		return
	}
	a := c.await(p)
	if c.lacks(a, "") || !a.ok {
		return
	}
	if !came || !c.isRequest(a, r, peer.Packet{IsRequest: true, Tag: r.Tag, Flags: big.NewInt(3), Type: big.NewInt(3), Payload: []byte("abc")}) {
		return
	}
	wait := c.session.Send(adapter.Message{Op: adapter.OpWait, Conn: conn.name, Call: "a"})
	c.respond(conn, r, 5, "answer")
	c.isAnswer(c.await(wait), "5", "answer")
	c.decoders(conn)
	c.otherRequests(conn)
}

// isRequest reports whether the adapter has sent the request that it was told to, and makes a finding of
// another one.
func (c *conversation) isRequest(a answer, r peer.Received, want peer.Packet) bool {
	if r.Same(want) {
		return true
	}
	c.run.add("request-fields", detail{sent: a.command.sent, came: "on the pipe send: " + r.String(), more: "expected " + want.String()})
	return false
}

// isAnswer makes a finding of a reply to wait or do that is not the peer's answer.
func (c *conversation) isAnswer(a answer, flags adapter.Integer, payload string) {
	if a.ok && !a.command.faulty && (!*a.OK || a.Flags != flags || !bytes.Equal(*a.Payload, []byte(payload))) {
		c.report("answer-fields", a, "expected ok, flags %s and the payload %q", flags, payload)
	}
}

// doing has the adapter do a request, answers it, and returns the reply.
func (c *conversation) doing(conn *connection, m adapter.Message, payload string) answer {
	m.Op, m.Conn, m.RqType = adapter.OpDo, conn.name, "2"
	p := c.session.Send(m)
	if r, ok := c.receive(conn, c.shortTime()); ok {
		c.respond(conn, r, 6, payload)
	}
	return c.await(p)
}

// decoders checks the decoders that the adapter claims.
func (c *conversation) decoders(conn *connection) {
	for _, d := range []struct {
		ability          adapter.Ability
		name, sent, want string
	}{
		{"", "", "plain", "plain"},
		{adapter.CanDecode, adapter.DecodeReverse, "abc", "cba"},
		{adapter.CanDecodeFlags, adapter.DecodeFlags, "abc", "6"},
	} {
		if c.over || d.ability != "" && !c.session.Can(d.ability) {
			continue
		}
		a := c.doing(conn, adapter.Message{Decode: d.name}, d.sent)
		switch {
		case c.lacks(a, d.ability):
		case a.ok && d.name == "":
			c.isAnswer(a, "6", d.want)
		case a.refused(), a.ok && !a.command.faulty && !bytes.Equal(*a.Payload, []byte(d.want)):
			c.report("decoder", a, "the answer has the payload %q; the decoder %s makes %q of it", d.sent, d.name, d.want)
		}
	}
}

// otherRequests checks requests that need an ability.
func (c *conversation) otherRequests(conn *connection) {
	if c.session.Can(adapter.CanChannels) && !c.over {
		p := c.session.Send(adapter.Message{Op: adapter.OpDo, Conn: conn.name, RqType: "2", Channel: "4"})
		if r, ok := c.receive(conn, c.shortTime()); ok {
			c.respond(conn, r, 0, "")
		}
		c.lacks(c.await(p), adapter.CanChannels)
	}
	if c.session.Can(adapter.CanNegative) && !c.over {
		c.lacks(c.do(adapter.Message{Op: adapter.OpRequest, Conn: conn.name, Call: "n", RqType: "-1"}), adapter.CanNegative)
	}
}

// waiting checks that the adapter reads commands while others wait.
func (c *conversation) waiting() {
	if c.run.has("request-waits") {
		return
	}
	conn := c.open(adapter.Message{})
	if conn == nil {
		return
	}
	if a := c.do(adapter.Message{Op: adapter.OpRequest, Conn: conn.name, Call: "a", RqType: "2"}); !a.ok {
		c.close(conn)
		return
	}
	request, ok := c.receive(conn, c.run.Timeout)
	if !ok {
		c.over = true // the implementation has sent nothing, which the suite finds
		return
	}
	block := true
	var pending []*adapter.Pending
	unblock := func() {
		c.respond(conn, request, 0, "late")
		c.send(conn, peer.EOF)
	}
	for _, m := range []adapter.Message{
		{Op: adapter.OpWait, Call: "a"},
		{Op: adapter.OpJoin},
		{Op: adapter.OpShutdown, Block: &block},
	} {
		m.Conn = conn.name
		p := c.session.Send(m)
		pending = append(pending, p)
		seen := c.session.Send(adapter.Message{Op: adapter.OpSeen, Conn: conn.name})
		if !c.arrives(seen, c.shortTime()) {
			unblock()
			c.blocked(m, p, seen)
			return
		}
		if m.Op == adapter.OpWait && c.arrives(p, 0) {
			if a := c.await(p); a.ok && !a.command.faulty || a.refused() && a.err.Kind != adapter.Unsupported {
				c.report("wait-early", a, "nobody has answered the request")
			}
		}
	}
	unblock()
	for _, p := range pending {
		if a := c.await(p); p.Command.Op == adapter.OpJoin {
			c.tells(a, adapter.EndedEOF)
		}
	}
	c.close(conn)
}

// blocked reports that a command that waits has kept the adapter from the next one, if that is replied to
// now that the first need not wait any more.
func (c *conversation) blocked(m adapter.Message, p, seen *adapter.Pending) {
	if c.ctx.Err() == nil && c.arrives(seen, c.run.Timeout) {
		c.run.add("one-at-a-time", detail{
			sent: c.lines.of(p.Command.ID).sent + "\nand then " + c.lines.of(seen.Command.ID).sent,
			came: fmt.Sprintf("no reply to seen for %v, and one as soon as %s had nothing to wait for", c.shortTime(), m.Op),
		})
		c.over = true
		return
	}
	c.await(seen)
	c.over = true
}

// tells makes a finding of a reply to join that does not say how the peer's stream ended.
func (c *conversation) tells(a answer, ended string) {
	if !a.ok || a.command.faulty || !c.session.Can(adapter.CanEndReason) {
		c.lacks(a, adapter.CanEndReason)
		return
	}
	switch a.Ended {
	case ended:
	case "":
		c.report("ended", a, "it lacks %q; expected %q", "ended", ended)
	default:
		c.report("ended", a, "expected %q", ended)
	}
}

// graceIsSeconds checks the unit of the field grace.
func (c *conversation) graceIsSeconds() {
	if !c.session.Can(adapter.CanGrace) {
		return
	}
	grace := 0.3
	conn := c.open(adapter.Message{Grace: &grace})
	if conn == nil {
		return
	}
	defer c.close(conn)
	opened := c.lastSent()
	wrong := func(came, more string) {
		c.run.add("grace", detail{sent: opened + "\nand a request on the pipe recv", came: came, more: more})
	}
	for tag := range int64(graceTries) {
		began := time.Now()
		_, ok := c.asked(conn, requestOf(tag, adapter.TypeBytes, 0, "grace"))
		switch took := time.Since(began).Seconds(); {
		case c.over:
			return
		case !ok:
			wrong(fmt.Sprintf("no response for %v", c.run.Timeout), "the grace is 0.3 seconds")
			return
		case took < 0.9*grace:
			wrong(fmt.Sprintf("the response, after %.3f s", took), "it leaves 0.3 seconds later at the earliest")
			return
		case took < 1.2*grace:
			return
		} // on a busy machine a response that left at once came late
	}
}

// graceTries is how often a response is awaited on a busy machine.
const graceTries = 4

// ticking checks the two sorts of ticks.
func (c *conversation) ticking() {
	if !c.session.Can(adapter.CanTick) {
		return
	}
	conn := c.open(adapter.Message{Tick: adapter.TickRecord})
	if conn == nil {
		return
	}
	c.asked(conn, requestOf(1, adapter.TypeBytes, 0, "tick"))
	var a answer
	ticked := c.until(c.shortTime(), func() bool {
		a = c.do(adapter.Message{Op: adapter.OpTicks, Conn: conn.name})
		return !a.ok || a.Ticks != nil && len(*a.Ticks) > 0
	})
	if c.lacks(a, adapter.CanTick); !ticked && a.ok && !a.command.faulty {
		c.report("tick", a, "a request and its response bring ticks")
	}
	c.close(conn)
	c.tickingOnStderr()
}

// tickingOnStderr checks that ticks on the standard error stay off the standard output.
func (c *conversation) tickingOnStderr() {
	if _, ok := c.session.StderrTotal(); !ok || c.over {
		return
	}
	c.lines.set(func(l *lines) { l.ticking = true })
	defer c.lines.set(func(l *lines) { l.ticking = false })
	if conn := c.open(adapter.Message{Tick: adapter.TickStderr}); conn != nil {
		c.asked(conn, requestOf(1, adapter.TypeBytes, 0, "tick"))
		c.close(conn)
		c.again() // brings what stands before its reply
	}
}

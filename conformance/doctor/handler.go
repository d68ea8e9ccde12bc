package doctor

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/peer"
)

// handling checks the standard handler, and the command seen.
func (c *conversation) handling() {
	conn := c.open(adapter.Message{})
	if conn == nil {
		return
	}
	defer c.close(conn)
	first := requestOf(1, adapter.TypeBytes, 5, "first")
	_, answered := c.asked(conn, first)
	calls, a := c.seen(conn)
	if !a.ok {
		c.lacks(a, "")
		return
	}
	want := []peer.Packet{first}
	if !c.sawAll(a, calls, want) {
		return
	}
	if !answered {
		c.handlerResult(first, "no response came")
		return
	}
	for i, r := range handlerTable {
		asked := requestOf(int64(i+2), r.t, r.flags, r.payload)
		want = append(want, asked)
		if !c.result(conn, asked, r.want) {
			break
		}
	}
	if !c.over {
		calls, a = c.seen(conn)
		if a.ok {
			c.sawAll(a, calls, want)
		}
	}
}

// handlerTable holds requests of the standard handler, with what their responses must be: as [peer.Packet]
// writes it, without the tag.
var handlerTable = []struct {
	t       adapter.Type
	flags   int64
	payload string
	want    string
}{
	{adapter.TypeNone, 3, "a", "ok"},
	{adapter.TypeFlags, 5, "b", "ok, flags 5"},
	{adapter.TypeText, 0, "é", `ok, payload "é"`},
	{adapter.TypeBoth, 9, "c", `ok, flags 9, payload "c"`},
	{adapter.TypeFail, 0, "d", "fail"},
	{adapter.TypeReverse, 1, "ef", `ok, flags 17, payload "fe"`},
	{adapter.TypeLarge, 0, "300", "ok, 300 octets, each its number modulo 251"},
	{99, 0, "g", "fail"},
}

// result sends a request, and reports a response that is not the one that the handler's table requires. It
// returns false if there was none.
func (c *conversation) result(conn *connection, asked peer.Packet, want string) bool {
	r, ok := c.asked(conn, asked)
	switch {
	case c.over:
		return false
	case !ok:
		c.handlerResult(asked, "no response came; expected "+want)
		return false
	}
	var right bool
	switch octets := r.Payload; {
	case want == "fail":
		right = !r.OK()
	case strings.HasPrefix(want, "ok, 300"):
		right = r.OK() && len(octets) == 300
		for i, o := range octets {
			right = right && int(o) == i%251
		}
	default:
		got := "ok"
		if flags := r.ReplyFlags(); flags.Sign() != 0 {
			got += ", flags " + flags.String()
		}
		if len(octets) > 0 {
			got += fmt.Sprintf(", payload %q", octets)
		}
		right = r.OK() && got == want
	}
	if !right {
		c.handlerResult(asked, fmt.Sprintf("%s; expected %s", r.Packet, want))
	}
	return true
}

func (c *conversation) handlerResult(asked peer.Packet, came string) {
	if c.ctx.Err() == nil {
		c.run.add("handler-result", detail{sent: "on the pipe recv: " + asked.String(), came: came})
	}
}

// sawAll reports a list of requests that is not what the handler must have received. It returns whether the
// list is right.
func (c *conversation) sawAll(a answer, calls []adapter.Seen, want []peer.Packet) bool {
	if a.command.faulty {
		return false
	}
	expected := fmt.Sprintf("%s, sent one after the other", join(want, func(p peer.Packet) string { return requestText(p, -1) }))
	same := func(at, of int, shift int64) bool { return callText(calls[at]) == requestText(want[of], shift) }
	inOrder, onWire := len(calls) == len(want), len(calls) == len(want)
	each := make([]bool, len(want))
	for i := range calls {
		inOrder = inOrder && same(i, i, -1)
		onWire = onWire && same(i, i, 0)
		for j := range want {
			each[j] = each[j] || same(i, j, -1)
		}
	}
	all := len(calls) == len(want)
	for _, found := range each {
		all = all && found
	}
	switch {
	case inOrder:
		return true
	case onWire:
		c.report("handler-type", a, "the types are those on the wire; expected %s", expected)
	case all:
		c.report("seen-order", a, "expected %s", expected)
	default:
		c.report("seen", a, "expected %s", expected)
	}
	return false
}

func join[T any](all []T, text func(T) string) string {
	var texts []string
	for _, one := range all {
		texts = append(texts, text(one))
	}
	return strings.Join(texts, ", ")
}

// requestText returns a request as callText returns it as received by the handler; the type is shifted.
func requestText(p peer.Packet, shift int64) string {
	return callText(adapter.Seen{RqType: adapter.Integer(strconv.FormatInt(p.Type.Int64()+shift, 10)), Flags: adapter.Integer(p.Flags.String()), Payload: p.Payload})
}

func callText(s adapter.Seen) string {
	return fmt.Sprintf("type %s flags %s %q", s.RqType, s.Flags, []byte(s.Payload))
}

// hold sends a request whose handler waits at a gate.
func (c *conversation) hold(conn *connection, tag int64, gate string) peer.Packet {
	p := requestOf(tag, adapter.TypeHold, 0, gate)
	c.send(conn, p)
	return p
}

func (c *conversation) release(conn *connection, gate string) answer {
	return c.do(adapter.Message{Op: adapter.OpRelease, Conn: conn.name, Gate: gate})
}

// handled waits until the handler of a connection has received a number of requests.
func (c *conversation) handled(conn *connection, n int) bool {
	return c.until(c.run.Timeout, func() bool {
		calls, a := c.seen(conn)
		return len(calls) >= n || !a.ok
	})
}

// gates checks the gates of the standard handler.
func (c *conversation) gates() {
	conn := c.open(adapter.Message{})
	if conn == nil {
		return
	}
	defer func() {
		if conn != nil {
			c.close(conn)
		}
	}()
	c.hold(conn, 1, "g1")
	if !c.handled(conn, 1) || c.over {
		return // a finding of the check of the handler
	}
	a := c.release(conn, "g1")
	if c.lacks(a, "") || !a.ok {
		return
	}
	if _, ok := c.receive(conn, c.run.Timeout); !ok {
		if !c.over {
			c.report("handler-result", a, "the request whose handler waited at the gate was not answered")
		}
		return
	}
	c.passes(conn, c.hold(conn, 2, "g1"), "g1", "gate-once")
	c.twoAtOnce(conn)
	if c.over {
		return
	}
	c.close(conn)
	c.releasedFirst()
	if conn = c.open(adapter.Message{}); conn != nil {
		c.spinning(conn)
	}
}

// releasedFirst releases a gate before a handler waits at it.
func (c *conversation) releasedFirst() {
	conn := c.open(adapter.Message{})
	if conn == nil {
		return
	}
	if a := c.release(conn, "g2"); a.ok {
		c.passes(conn, c.hold(conn, 1, "g2"), "g2", "gate-released-first")
	}
	c.close(conn)
}

// passes reports a gate that holds a handler up although it was released. That it is the gate shows when it
// is released once more.
func (c *conversation) passes(conn *connection, held peer.Packet, gate string, k Kind) {
	if c.over {
		return
	}
	if _, ok := c.receive(conn, c.shortTime()); ok {
		return
	}
	sent := c.lastSent() + "\nand on the pipe recv: " + held.String()
	again := c.release(conn, gate)
	if _, ok := c.receive(conn, c.run.Timeout); ok && !c.over {
		c.run.add(k, detail{sent: sent, came: fmt.Sprintf("no response until the gate was released once more, by %s", again.command.sent)})
	}
}

// shortTime returns how long something may take that the adapter does by itself.
func (c *conversation) shortTime() time.Duration { return max(c.run.Timeout/3, 50*time.Millisecond) }

// twoAtOnce has two handlers wait at one gate.
func (c *conversation) twoAtOnce(conn *connection) {
	before, a := c.seen(conn)
	if !a.ok {
		return
	}
	c.hold(conn, 11, "g3")
	held := c.hold(conn, 12, "g3")
	if !c.handled(conn, len(before)+2) || c.over {
		return // the implementation runs one handler at a time
	}
	c.release(conn, "g3")
	if _, ok := c.receive(conn, c.run.Timeout); ok {
		c.passes(conn, held, "g3", "gate-once")
	}
}

// A window is for how long CPU time is measured, and busy is the part of it that shows a loop.
const (
	window = 100 * time.Millisecond
	busy   = window / 2
)

// spinning reports a handler that keeps a CPU busy while it waits at a gate.
func (c *conversation) spinning(conn *connection) {
	if c.over || c.burns(1) {
		return // busy without a handler, or it cannot be measured
	}
	p := c.hold(conn, 21, "g4")
	if c.handled(conn, 1) && c.burns(3) && !c.over {
		c.run.add("gate-spins", detail{sent: "on the pipe recv: " + p.String(), came: fmt.Sprintf("the adapter's processes ran for more than half of %v, three times in a row, while the handler waited; they did not before", window)})
	}
	c.release(conn, "g4")
}

// burns reports whether the adapter is busy in each of several windows in a row.
func (c *conversation) burns(windows int) bool {
	for range windows {
		before, ok := c.session.CPU()
		if !ok {
			return false
		}
		c.pass(window)
		after, _ := c.session.CPU()
		if after.Ran == before.Ran || after.Ran-before.Ran+after.Waited-before.Waited < busy { // one that waits for a CPU wants it
			return false
		}
	}
	return true
}

// pass lets time pass, in which something is measured.
func (c *conversation) pass(d time.Duration) {
	select {
	case <-time.After(d):
	case <-c.ctx.Done():
	}
}

// twoConnections checks that each connection has a list of its own.
func (c *conversation) twoConnections() {
	one := c.open(adapter.Message{})
	if one == nil {
		return
	}
	two := c.open(adapter.Message{})
	if two == nil {
		c.close(one)
		return
	}
	c.asked(one, requestOf(1, adapter.TypeBytes, 0, "one"))
	if calls, a := c.seen(two); a.ok && !a.command.faulty && len(calls) > 0 {
		c.report("seen-elsewhere", a, "the connection has received no request, and another one has")
	}
	c.close(one)
	c.close(two)
}

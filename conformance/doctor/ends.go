package doctor

import (
	"errors"
	"fmt"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/peer"
	"github.com/packetspec/packetspec/internal/words"
)

// endOfStream checks what the adapter does when the peer's stream ends: by EOF, and without.
func (c *conversation) endOfStream() {
	for _, ended := range []string{adapter.EndedEOF, adapter.EndedCut} {
		conn := c.open(adapter.Message{})
		if conn == nil {
			return
		}
		join := c.session.Send(adapter.Message{Op: adapter.OpJoin, Conn: conn.name})
		if ended == adapter.EndedEOF {
			c.send(conn, peer.EOF)
		}
		conn.EndSending()
		if !c.ends(conn) && !c.over {
			c.heldOpen(conn, "send-kept", "EOF on the pipe recv, and its end", "the pipe send stays open")
		}
		c.tells(c.await(join), ended)
		c.close(conn)
	}
}

// ends waits for the end of the pipe from the adapter.
func (c *conversation) ends(conn *connection) bool {
	ctx, stop := c.patiently(c.shortTime())
	defer stop()
	_, err := conn.AwaitEnd(ctx)
	if c.ctx.Err() != nil {
		c.over = true
	}
	return err == nil
}

// heldOpen reports that the pipe send is open though it should not be, and who holds it.
func (c *conversation) heldOpen(conn *connection, k Kind, sent, came string) {
	others, first := c.session.Holders(conn.from)
	if len(others) > 0 {
		came += ", held by " + words.Join(others, "and")
		if !first {
			k = "pipe-inherited"
		}
	}
	c.run.add(k, detail{sent: sent, came: came})
}

// closing checks the command close on a connection that is busy.
func (c *conversation) closing() {
	conn := c.open(adapter.Message{})
	if conn == nil {
		return
	}
	defer conn.Close()
	c.hold(conn, 1, "never")
	if !c.handled(conn, 1) || c.over {
		return
	}
	if !c.run.has("one-at-a-time") {
		c.session.Send(adapter.Message{Op: adapter.OpJoin, Conn: conn.name})
	}
	c.blame = "close-waits"
	a := c.do(adapter.Message{Op: adapter.OpClose, Conn: conn.name})
	c.blame = ""
	if !a.ok {
		c.lacks(a, "")
		return
	}
	conn.EndSending()
	if !c.ends(conn) && !c.over {
		c.heldOpen(conn, "close-leaves-pipes", a.command.sent, "a reply, and the pipe send stays open")
	}
}

// Growth at rest, by the resident memory of the adapter's processes. A runtime that still settles grows for
// a moment, and then stops.
const (
	growthStep  = 256 << 10 // bytes by which each look finds more
	growthLooks = 12        // in a row
	growthPause = 150 * time.Millisecond
)

// resting checks that nothing grows while nothing happens.
func (c *conversation) resting() {
	began, ok := c.session.Memory()
	if !ok {
		return
	}
	last := began
	for range growthLooks {
		c.pass(growthPause)
		now, _ := c.session.Memory()
		if now < last+growthStep || c.ctx.Err() != nil {
			return
		}
		last = now
	}
	c.run.add("grows", detail{sent: "nothing", came: fmt.Sprintf("%d KiB more memory in %v, at every look", (last-began)>>10, growthLooks*growthPause)})
}

// inputEnds is what a check of the end sends.
const inputEnds = "the end of standard input"

// exiting ends the adapter's standard input.
func (c *conversation) exiting() {
	if !c.over {
		c.exits(inputEnds)
	}
}

// exitingBusy does so while a handler runs, and a command waits.
func (c *conversation) exitingBusy() {
	conn := c.open(adapter.Message{})
	if conn == nil {
		return
	}
	defer conn.Close()
	c.hold(conn, 1, "never")
	if c.handled(conn, 1) && !c.over && !c.run.has("one-at-a-time") {
		c.session.Send(adapter.Message{Op: adapter.OpJoin, Conn: conn.name})
		c.seen(conn) // the adapter has read the command before it
	}
	if !c.over {
		c.exits(inputEnds + ", while a handler waits at a gate and join waits for the peer")
	}
}

// exits ends the adapter's standard input, and looks at how the adapter exits.
func (c *conversation) exits(sent string) {
	c.over = true
	switch err := c.session.Stop(); {
	case c.ctx.Err() != nil:
		return
	case errors.Is(err, adapter.ErrNotExited):
		c.run.add("exits-late", detail{sent: sent, came: err.Error()})
		return
	case err != nil:
		e := c.session.Exit()
		came := e.String()
		if e.Stderr != "" {
			came += "; its standard error:\n" + e.Stderr
		}
		c.run.add("exit-status", detail{sent: sent, came: came})
	}
	if orphans := c.session.Orphans(); orphans != nil {
		c.run.add("left-running", detail{sent: sent, came: "it exits, and leaves " + words.Join(orphans, "and")})
	} else if left := c.session.LeftBehind(); left != "" {
		c.run.add("left-running", detail{sent: sent, came: left})
	}
}

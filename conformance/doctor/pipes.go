package doctor

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/internal/pipe"
)

// pipes are the two named pipes of a connection, with the ends that the doctor has opened. Unlike those of
// package peer, they show in which order, and for what, the adapter opens its ends.
type pipes struct {
	recv, send string   // as the command open names them
	to         *os.File // writes recv; nil: not open
	from       *os.File // reads send; nil: not open
}

// newPipes makes the named pipes, and opens no end.
func newPipes(dir, name string) (*pipes, error) {
	p := &pipes{recv: filepath.Join(dir, name+".recv"), send: filepath.Join(dir, name+".send")}
	for _, path := range []string{p.recv, p.send} {
		if err := syscall.Mkfifo(path, 0o600); err != nil {
			p.discard()
			return nil, err
		}
	}
	return p, nil
}

// discard closes what is open, and removes the pipes.
func (p *pipes) discard() {
	p.closeTo()
	p.closeFrom()
	_, _ = os.Remove(p.recv), os.Remove(p.send)
}

func (p *pipes) closeTo() {
	if p.to != nil {
		_ = p.to.Close()
		p.to = nil
	}
}

func (p *pipes) closeFrom() {
	if p.from != nil {
		_ = p.from.Close()
		p.from = nil
	}
}

// openTo opens the writing end of recv if the adapter has opened that pipe for reading, or waits to, and
// reports whether it has.
func (p *pipes) openTo() bool {
	if p.to == nil {
		p.to, _ = os.OpenFile(p.recv, os.O_WRONLY|syscall.O_NONBLOCK, 0)
	}
	return p.to != nil
}

// openFrom opens the reading end of send, which never waits.
func (p *pipes) openFrom() {
	if p.from == nil {
		p.from, _ = os.OpenFile(p.send, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	}
}

// recvIsWritten reports whether the adapter has opened recv for writing, or waits to. The doctor's own writing
// end is closed.
func (p *pipes) recvIsWritten() bool {
	p.closeTo()
	reader, err := os.OpenFile(p.recv, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return false
	}
	defer func() { _ = reader.Close() }()
	return hasWriter(reader)
}

// sendIsRead reports whether the adapter has opened send for reading, or waits to. The doctor's own reading
// end is closed.
func (p *pipes) sendIsRead() bool {
	p.closeFrom()
	writer, err := os.OpenFile(p.send, os.O_WRONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return false
	}
	_ = writer.Close()
	return true
}

// hasWriter reports whether a pipe without octets in it has a writer. Without one a read returns the end
// of the file, and with one it would wait.
func hasWriter(reader *os.File) (has bool) {
	raw, err := reader.SyscallConn()
	if err != nil {
		return false
	}
	_ = raw.Control(func(fd uintptr) {
		_, err := syscall.Read(int(fd), make([]byte, 1))
		has = errors.Is(err, syscall.EAGAIN)
	})
	return has
}

// opening checks how the adapter opens the pipes of a connection, and that it can open several.
func (c *conversation) opening() {
	if !c.session.Can(adapter.CanSockets) {
		c.order()
	}
	if c.over {
		return
	}
	if conn := c.open(adapter.Message{Name: "named"}); conn != nil {
		c.close(conn)
	}
	no := false
	if conn := c.open(adapter.Message{Handler: &no}); conn != nil {
		c.close(conn)
	}
}

// order checks in which order the adapter opens the pipes, and for what. An adapter that seems to wait for
// the reader of send is given more time, twice.
func (c *conversation) order() {
	order := c.opened(c.orderTime())
	for patience := 2 * c.orderTime(); order == sendFirst && patience <= 4*c.orderTime(); patience *= 2 {
		order = c.opened(patience)
	}
	if order == sendFirst {
		c.run.add("pipe-order", detail{sent: c.lastSent(), came: "recv was not opened until somebody read send", more: "an opening of send waits for its reader, whom the runner may open later"})
	}
}

// orderTime returns for how long an adapter may leave recv unopened before it is suspected to wait for send.
func (c *conversation) orderTime() time.Duration { return max(c.run.Timeout/10, 50*time.Millisecond) }

func (c *conversation) lastSent() (sent string) {
	c.lines.set(func(l *lines) {
		if l.last != nil {
			sent = l.last.sent
		}
	})
	return sent
}

// A pipeOrder says in which order an adapter has opened the pipes.
type pipeOrder int

const (
	unknownOrder pipeOrder = iota
	recvFirst
	sendFirst // or so it seems, unless the adapter was slow
)

// opened has the adapter open a connection of which it cannot open send before recv. It closes the connection.
func (c *conversation) opened(patience time.Duration) (o pipeOrder) {
	if c.over {
		return unknownOrder
	}
	name := c.nameConn()
	p, err := newPipes(c.run.dir, name)
	if err != nil {
		c.fail("make the named pipes of a connection", err)
		return unknownOrder
	}
	defer p.discard()
	m := adapter.Message{Op: adapter.OpOpen, Conn: name, Recv: p.recv, Send: p.send, Handler: new(bool)}
	if c.session.Can(adapter.CanGrace) {
		m.Grace = new(float64)
	}
	reply := c.session.Send(m)
	isOpen := func() bool {
		select {
		case <-reply.Done():
			return true
		default:
			return p.openTo()
		}
	}
	_ = c.until(patience, isOpen)
	o = recvFirst
	if p.to == nil {
		p.openFrom()
		o = sendFirst
		if !c.until(c.run.Timeout, isOpen) || p.to == nil {
			o = unknownOrder
		}
	}
	p.openFrom()
	if !c.arrives(reply, c.run.Timeout) {
		c.unopened(p, reply)
		return unknownOrder
	}
	a := c.await(reply)
	if !a.ok {
		c.refusedOpen(a, m)
		return unknownOrder
	}
	c.modes(p, a)
	c.do(adapter.Message{Op: adapter.OpClose, Conn: name})
	return o
}

// modes reports that the adapter has opened a pipe in another mode than it should. It ends the connection.
func (c *conversation) modes(p *pipes, a answer) {
	recvRead := p.openTo()
	sendRead := c.stays(p.sendIsRead)
	recvWritten := c.stays(p.recvIsWritten) // ends the connection
	switch {
	case recvWritten && sendRead && !recvRead:
		c.report("pipes-swapped", a, "recv is open for writing, and send for reading")
	case recvWritten && recvRead, sendRead:
		which := map[bool]string{true: "recv is open for writing too", false: "send is open for reading too"}[recvWritten]
		if recvWritten && sendRead {
			which = "both pipes are open for reading and writing"
		}
		c.report("pipe-mode", a, "%s", which)
	case !recvRead:
		c.report("pipe-not-open", a, "recv is not open for reading")
	}
}

// stays reports whether something is so, and stays so. The adapter may be starting a process, which holds copies
// of all its descriptors for a moment, so the question is asked several times.
func (c *conversation) stays(so func() bool) bool {
	for range 10 {
		if !pipe.BetweenForks(so) {
			return false
		}
		c.pass(maxPause)
	}
	return true
}

// unopened reports that the adapter does not reply to open.
func (c *conversation) unopened(p *pipes, reply *adapter.Pending) {
	sent := c.lines.of(reply.Command.ID).sent
	recvRead := p.openTo()
	switch recvWritten, sendRead := c.stays(p.recvIsWritten), c.stays(p.sendIsRead); {
	case c.ctx.Err() != nil:
	case recvWritten && !recvRead:
		c.run.add("pipes-swapped", detail{sent: sent, came: "no reply: recv is being opened for writing"})
	case sendRead:
		c.run.add("pipes-swapped", detail{sent: sent, came: "no reply: send is being opened for reading"})
	default:
		c.await(reply)
	}
	c.over = true
}

package steps

import (
	"path/filepath"
	"strconv"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/peer"
)

var openSteps = []definition{
	on(`a connection`, func(w *World) any { return w.openPlain }),
	on(`another connection`, func(w *World) any { return w.openPlain }),
	on(`the first connection again`, func(w *World) any {
		return func() error { w.current = w.conns[0]; return nil }
	}),
	on(`the connection is closed`, func(w *World) any { return w.closeCurrent }),
	on(`a connection without a request handler`, func(w *World) any { return w.openWithoutHandler }),
	on(`a connection with a grace of {seconds}`, func(w *World) any { return w.openWithGrace }),
	on(`a connection with the default grace`, func(w *World) any { return w.openWithDefaultGrace }),
	on(`a connection that records its ticks`, func(w *World) any {
		return func() error { return w.openTicking(adapter.TickRecord, yes()) }
	}),
	on(`a connection without a request handler that records its ticks`, func(w *World) any {
		return func() error { return w.openTicking(adapter.TickRecord, new(bool)) }
	}),
	on(`a connection that ticks on standard error`, func(w *World) any {
		return func() error { return w.openTicking(adapter.TickStderr, yes()) }
	}),
}

// open connects the subject and the peer. The name of the pipes is the connection's.
func (w *World) open(m adapter.Message) error {
	m.Op, m.Conn = adapter.OpOpen, w.Session.NameConn()
	pipes, err := peer.NewPipes(w.Dir, filepath.Base(m.Conn))
	if err != nil {
		return err
	}
	defer pipes.Discard()
	m.Recv, m.Send = pipes.ToSubject, pipes.FromSubject
	if _, err := w.do(m); err != nil {
		return replyFailure("a connection", err)
	}
	p, err := pipes.Connect()
	if err != nil {
		return &Failure{Expected: "a connection that holds its pipes open", Actual: err.Error()}
	}
	w.current = &connection{name: m.Conn, peer: p, sent: map[string]*subjectRequest{}, requests: peerRequests{later: w.HasERQ}}
	w.conns = append(w.conns, w.current)
	return nil
}

// closeCurrent has the subject forget the connection in use, and then the peer.
func (w *World) closeCurrent() error {
	_, err := w.command(adapter.Message{Op: adapter.OpClose})
	w.current.peer.Close()
	w.current.closed = true
	return replyFailure("the connection to be closed", err)
}

// openPlain opens with the standard handler and, where the subject can, a grace of
// 0: only scenarios about the grace wait for it.
func (w *World) openPlain() error { return w.open(w.noGrace(adapter.Message{Handler: yes()})) }

func (w *World) openWithoutHandler() error {
	return w.open(w.noGrace(adapter.Message{Handler: new(bool)}))
}

func (w *World) noGrace(m adapter.Message) adapter.Message {
	if w.Session.Can(adapter.CanGrace) {
		m.Grace = new(float64)
	}
	return m
}

func (w *World) openWithGrace(seconds string) error {
	if err := w.need(adapter.CanGrace); err != nil {
		return err
	}
	grace, err := strconv.ParseFloat(seconds, 64)
	if err != nil {
		return mistake("%v", err)
	}
	return w.open(adapter.Message{Handler: yes(), Grace: &grace})
}

func (w *World) openWithDefaultGrace() error {
	if err := w.need(adapter.CanGrace); err != nil {
		return err
	}
	return w.open(adapter.Message{Handler: yes()})
}

func (w *World) openTicking(how string, handler *bool) error {
	if err := w.need(adapter.CanTick); err != nil {
		return err
	}
	return w.open(w.noGrace(adapter.Message{Handler: handler, Tick: how}))
}

func yes() *bool {
	b := true
	return &b
}

// on the connection in use: the command m.
func (w *World) command(m adapter.Message) (adapter.Reply, error) {
	m.Conn = w.current.name
	return w.do(m)
}

// start sends a command that may take long and keeps it under a name.
func (w *World) start(name string, m adapter.Message) error {
	if w.pending == nil {
		w.pending = map[string]*adapter.Pending{}
	}
	if w.pending[name] != nil {
		return mistake("two things are called %q", name)
	}
	m.Conn = w.current.name
	w.pending[name] = w.Session.Send(m)
	return nil
}

func (w *World) started(name string) (*adapter.Pending, error) {
	p := w.pending[name]
	if p == nil {
		return nil, mistake("nothing is called %q", name)
	}
	return p, nil
}

package steps

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/peer"
	"github.com/packetspec/packetspec/internal/environment"
)

// A place is where the subject opens a connection: two named pipes or a socket.
type place interface {
	Connect() (*peer.Peer, error)
	WereOpened() bool
	Discard()
}

// open has the subject open a connection on two named pipes or a socket, and the peer its other end. Later
// steps act on this connection.
func (w *World) open(m adapter.Message) error {
	place, err := w.newPlace(&m)
	if err != nil {
		return err
	}
	defer place.Discard()
	if _, err := w.do(m); err != nil {
		if refused := adapter.ErrorOf(err); w.Program != nil && adapter.KindOf(err) == adapter.Unsupported {
			return fmt.Errorf("%w: %s", ErrSkip, refused.Message)
		}
		return w.openFailure(place, replyFailure("a connection", err))
	}
	p, err := place.Connect()
	switch {
	case environment.IsShortage(err):
		return environment.Explain("open a connection", err)
	case err != nil:
		return &Failure{Expected: "a connection that keeps both streams open", Actual: err.Error()}
	}
	if w.Reached != nil {
		w.Reached.Store(true)
	}
	w.current = &connection{name: m.Conn, peer: p, sent: map[string]*subjectRequest{}, requests: peerRequests{hasERQ: w.HasERQ}, refuses: w.Program != nil}
	w.conns = append(w.conns, w.current)
	w.watch.add(p)
	return nil
}

// newPlace makes the named pipes or the socket of a connection, and completes the command that opens it.
func (w *World) newPlace(m *adapter.Message) (place, error) {
	m.Op, m.Conn = adapter.OpOpen, w.Session.NameConn()
	if w.Session.Can(adapter.CanSockets) {
		socket, err := peer.NewSocket(w.Dir, filepath.Base(m.Conn))
		if err != nil {
			return nil, environment.Explain("make the socket of a connection", err)
		}
		m.Socket = socket.Path()
		return socket, nil
	}
	pipes, err := peer.NewPipes(w.Dir, filepath.Base(m.Conn))
	if err != nil {
		return nil, environment.Explain("make the named pipes of a connection", err)
	}
	m.Recv, m.Send = pipes.ToSubject, pipes.FromSubject
	return pipes, nil
}

// openFailure returns the failure of the subject to open a connection. It is an
// [*environment.Error] if no adapter of the run has reached the pipes of any connection so far, and
// this one does not reach those of a plain connection either.
func (w *World) openFailure(opened place, err error) error {
	var failure *Failure
	if w.Reached == nil || w.Reached.Load() || !errors.As(err, &failure) {
		return err
	}
	if opened.WereOpened() {
		w.Reached.Store(true)
		return err
	}
	m := w.noGrace(adapter.Message{Handler: ptr(true)})
	another, placeErr := w.newPlace(&m)
	if placeErr != nil {
		return placeErr
	}
	defer another.Discard()
	ctx, stop := Patiently(context.WithoutCancel(w.Ctx), w.Session, w.Timeout)
	defer stop()
	_, openErr := w.Session.Do(ctx, m)
	if w.Session.Err() != nil || adapter.KindOf(openErr) == adapter.Unsupported || openErr != nil && another.WereOpened() {
		return err
	}
	if openErr != nil {
		return environment.Unreached(w.Dir, failure.Actual)
	}
	w.Reached.Store(true)
	_, _ = w.Session.Do(ctx, adapter.Message{Op: adapter.OpClose, Conn: m.Conn})
	return err
}

func (w *World) useFirstConnection() error {
	w.current = w.conns[0]
	return nil
}

func (w *World) subjectCloses() error {
	_, err := w.command(adapter.Message{Op: adapter.OpClose})
	w.current.peer.Close()
	w.current.closed = true
	return replyFailure("the connection to be closed", err)
}

func (w *World) subjectOpens() error { return w.open(w.noGrace(adapter.Message{Handler: ptr(true)})) }

func (w *World) subjectOpensWithoutHandler() error {
	return w.open(w.noGrace(adapter.Message{Handler: ptr(false)}))
}

// noGrace sets a packet_grace of 0 if the adapter supports one: only scenarios about the grace
// have to wait for it.
func (w *World) noGrace(m adapter.Message) adapter.Message {
	if w.Session.Can(adapter.CanGrace) {
		m.Grace = ptr(0.0)
	}
	return m
}

func (w *World) subjectOpensWithGrace(grace time.Duration) error {
	return w.open(adapter.Message{Handler: ptr(true), Grace: ptr(grace.Seconds())})
}

func (w *World) subjectOpensWithDefaultGrace() error {
	return w.open(adapter.Message{Handler: ptr(true)})
}

func (w *World) subjectOpensTicking(withoutHandler, how string) error {
	tick := map[string]string{"records its ticks": adapter.TickRecord, "ticks on standard error": adapter.TickStderr}[how]
	return w.open(w.noGrace(adapter.Message{Handler: ptr(withoutHandler == ""), Tick: tick}))
}

func ptr[T any](v T) *T { return &v }

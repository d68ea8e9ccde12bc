package conformance_test

import (
	"context"
	"errors"
	"os"
	"sync"
	"sync/atomic"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/peer"
)

// A link is a connection of the reference with something done wrongly: what a hook
// does instead. Hooks about octets are run one at a time.
type link struct {
	adapter.Connection

	// What the peer sends, before the reference gets it; peerEnds and subjectEnds
	// are about the end of the octets, with what was left of a packet.
	fromPeer  func(message)
	malformed func(octets []byte)
	afterRead func(rest []byte) // all whole packets of a read are dealt with
	peerEnds  func(rest []byte)
	// What the reference sends, before the peer gets it.
	fromSubject func(message)
	subjectEnds func()

	handler  func(adapter.Handler) adapter.Handler
	request  func(context.Context, adapter.Request) (adapter.Call, error)
	wait     func(context.Context, adapter.Request, adapter.Call) (adapter.Response, error)
	shutdown func(block bool) error
	join     func() (string, error)

	closed  chan struct{} // by the runner
	eofSent chan struct{} // closed when the reference's EOF has come
	lost    atomic.Bool   // octets could not be written to the peer
	close   func()

	ctx    context.Context // ends when closed
	inner  *peer.Peer      // the relay's end of the reference's pipes
	recv   *os.File        // the runner's pipes
	send   *os.File
	relays sync.WaitGroup

	mu sync.Mutex // held while a hook about octets is run
}

// A message is a packet as it came.
type message struct {
	peer.Packet
	octets []byte
}

func newLink() *link {
	l := &link{closed: make(chan struct{}), eofSent: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.Background())
	l.ctx = ctx
	l.close = sync.OnceFunc(func() {
		cancel()
		close(l.closed)
	})
	return l
}

// connect opens the reference's end, and a relay where octets are hooked.
func (l *link) connect(o adapter.OpenOptions, open func(adapter.OpenOptions) (adapter.Connection, error)) (_ adapter.Connection, err error) {
	if l.fromPeer == nil && l.malformed == nil && l.afterRead == nil && l.peerEnds == nil && l.fromSubject == nil && l.subjectEnds == nil {
		l.Connection, err = open(o)
		return l, err
	}
	if l.recv, err = os.OpenFile(o.Recv, os.O_RDONLY, 0); err != nil {
		return nil, err
	}
	if l.send, err = os.OpenFile(o.Send, os.O_WRONLY, 0); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "relay")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	pipes, err := peer.NewPipes(dir, "inner")
	if err != nil {
		return nil, err
	}
	defer pipes.Discard()
	o.Recv, o.Send = pipes.ToSubject, pipes.FromSubject
	if l.Connection, err = open(o); err != nil {
		return nil, err
	}
	if l.inner, err = pipes.Connect(); err != nil {
		return nil, err
	}
	l.relays.Go(l.relayIn)
	l.relays.Go(l.relayOut)
	return l, nil
}

// relayIn relays what the peer sends.
func (l *link) relayIn() {
	var rest []byte
	for buf := make([]byte, 64<<10); ; {
		n, err := l.recv.Read(buf)
		l.mu.Lock()
		rest = l.takeIn(append(rest, buf[:n]...))
		l.mu.Unlock()
		if err != nil {
			break
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.peerEnds != nil {
		l.peerEnds(rest)
		return
	}
	l.toSubject(rest)
	l.inner.EndSending()
}

// takeIn passes on whole packets and returns what is left.
func (l *link) takeIn(octets []byte) (rest []byte) {
	for {
		p, n, err := peer.Decode(octets)
		switch {
		case n == 0:
			if l.afterRead != nil {
				l.afterRead(octets)
			}
			return octets
		case err != nil && l.malformed != nil:
			l.malformed(octets[:n])
		case err == nil && l.fromPeer != nil:
			l.fromPeer(message{p, octets[:n]})
		default:
			l.toSubject(octets[:n])
		}
		octets = octets[n:]
	}
}

// relayOut relays what the reference sends.
func (l *link) relayOut() {
	for {
		r, err := l.inner.Next(l.ctx)
		if err != nil {
			break
		}
		l.mu.Lock()
		if l.fromSubject != nil {
			l.fromSubject(message{r.Packet, r.Octets})
		} else {
			l.toPeer(r.Octets)
		}
		if r.Same(peer.EOF) {
			close(l.eofSent)
		}
		l.mu.Unlock()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.subjectEnds != nil {
		l.subjectEnds()
		return
	}
	_ = l.send.Close()
}

// toSubject writes octets to the reference, toPeer to the peer.
func (l *link) toSubject(octets []byte) { _ = l.inner.Send(l.ctx, octets) }

func (l *link) toPeer(octets []byte) {
	if _, err := l.send.Write(octets); err != nil {
		l.lost.Store(true)
	}
}

// Request implements [adapter.Connection].
func (l *link) Request(ctx context.Context, r adapter.Request) (adapter.Call, error) {
	request := l.Connection.Request
	if l.request != nil {
		request = l.request
	}
	call, err := request(ctx, r)
	if l.wait == nil || err != nil {
		return call, err
	}
	return hookedCall{l, r, call}, nil
}

type hookedCall struct {
	*link
	request adapter.Request
	call    adapter.Call
}

// Wait implements [adapter.Call].
func (c hookedCall) Wait(ctx context.Context) (adapter.Response, error) {
	return c.wait(ctx, c.request, c.call)
}

// Shutdown implements [adapter.Connection].
func (l *link) Shutdown(block bool) error {
	if l.shutdown != nil {
		return l.shutdown(block)
	}
	return l.Connection.Shutdown(block)
}

// Join implements [adapter.Connection].
func (l *link) Join() (string, error) {
	if l.join != nil {
		return l.join()
	}
	return l.Connection.Join()
}

// Close implements [adapter.Connection].
func (l *link) Close() error {
	l.close()
	if l.inner == nil {
		return l.Connection.Close()
	}
	err := errors.Join(l.recv.Close(), l.Connection.Close())
	_ = l.send.Close() // perhaps once more
	l.inner.Close()
	l.relays.Wait()
	return err
}

// hang waits for the end of the connection, as what never returns does.
func (l *link) hang() { <-l.closed }

// never is a call that is never answered.
type never struct{ *link }

// Wait implements [adapter.Call].
func (c never) Wait(context.Context) (adapter.Response, error) {
	c.hang()
	return adapter.Response{}, errors.New("never")
}

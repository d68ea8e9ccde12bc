//go:build unix

package probe

import (
	"context"
	"io"
	"sync"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
)

// A link is a connection to a program. It reads what the program sends all the time, up to a bound. Its
// owner calls end. Its methods may be called concurrently.
type link struct {
	program *adapter.Program // nil: it is reached by a socket
	to      io.WriteCloser
	shut    func() // closes both streams
	read    sync.WaitGroup

	mu       sync.Mutex // guards the fields below
	received []byte     // what nobody has taken yet
	ended    bool       // the program's stream has ended
	changed  chan struct{}
}

// mostReceived bounds what a link keeps, in bytes. Beyond it the program has to wait, as it has to for a
// peer that does not read.
const mostReceived = 1 << 20

func newLink(from io.Reader, to io.WriteCloser, shut func()) *link {
	l := &link{to: to, shut: shut, changed: make(chan struct{})}
	l.read.Go(func() { l.receive(from) })
	return l
}

// receive reads until the program's stream ends or the link does.
func (l *link) receive(from io.Reader) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		l.mu.Lock()
		l.received = append(l.received, buffer[:n]...)
		l.ended = l.ended || err != nil
		l.wake()
		for len(l.received) > mostReceived && !l.ended {
			changed := l.changed
			l.mu.Unlock()
			<-changed
			l.mu.Lock()
		}
		ended := l.ended
		l.mu.Unlock()
		if ended {
			return
		}
	}
}

// wake reports a change. The caller holds l.mu.
func (l *link) wake() {
	close(l.changed)
	l.changed = make(chan struct{})
}

// look returns what the program has sent and nobody has taken, whether its stream has ended, and a
// channel that is closed at the next change.
func (l *link) look() (received []byte, ended bool, changed <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.received, l.ended, l.changed
}

// drop removes octets from the front of what the program has sent.
func (l *link) drop(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.received = l.received[n:]
	l.wake()
}

// closeSending ends the peer's stream.
func (l *link) closeSending() {
	if half, ok := l.to.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
		return
	}
	_ = l.to.Close()
}

// end ends the peer's stream, and reads what the program still sends for a time: if nobody did, a write
// could end the program by a signal. Then it closes both streams, and ends the program: by itself within the
// same time, or by a signal.
func (l *link) end(byItself time.Duration) {
	l.closeSending()
	timer := time.NewTimer(byItself)
	defer timer.Stop()
	for over := false; !over; {
		octets, ended, changed := l.look()
		switch {
		case len(octets) > 0:
			l.drop(len(octets))
		case ended:
			over = true
		default:
			select {
			case <-changed:
			case <-timer.C:
				over = true
			}
		}
	}
	l.shut()
	l.mu.Lock()
	l.ended = true
	l.wake()
	l.mu.Unlock()
	l.read.Wait()
	if l.program != nil {
		l.program.End(byItself)
	}
}

// join passes octets on between the link and the two pipes of a scenario, until the link or the
// scenario's end of a pipe is closed, or ctx ends. With keep, the end of the scenario's stream is not the
// end of the peer's. The scenario's ends are closed when it returns.
func (l *link) join(ctx context.Context, recv io.ReadCloser, send io.WriteCloser, keep bool) {
	var both sync.WaitGroup
	both.Go(func() {
		_, _ = io.Copy(l.to, recv)
		if !keep {
			l.closeSending()
		}
	})
	both.Go(func() {
		defer func() { _ = send.Close() }()
		for ctx.Err() == nil {
			octets, ended, changed := l.look()
			switch {
			case len(octets) > 0:
				n, err := send.Write(octets)
				l.drop(n)
				if err != nil {
					return
				}
			case ended:
				return
			default:
				select {
				case <-changed:
				case <-ctx.Done():
				}
			}
		}
	})
	<-ctx.Done()
	_, _ = recv.Close(), send.Close()
	timed, ok := l.to.(interface{ SetWriteDeadline(time.Time) error })
	if ok {
		_ = timed.SetWriteDeadline(time.Unix(1, 0)) // ends a write that the program does not read
	}
	both.Wait()
	if ok {
		_ = timed.SetWriteDeadline(time.Time{})
	}
}

package peer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/packetspec/packetspec/internal/pipe"
)

// A Peer is the scripted end of one connection. Its methods are called from one
// goroutine; it reads what the subject sends in another, all the time, so that a
// subject never waits for a peer that does not mean to make it wait.
type Peer struct {
	Wire Wire

	to     *os.File
	from   *os.File
	reader *pipe.Reader // of from

	mu      sync.Mutex
	unread  stream
	arrived []mark // of what is unread
	reads   int
	ended   bool          // no octets will come any more
	endErr  error         // nil: the subject closed its end
	paused  chan struct{} // while the peer does not read: closed on resuming
	full    chan struct{} // while too much is unread: closed when it no longer is
	changed chan struct{} // closed at the next change of what is above
	done    chan struct{} // closed at the reader's end
}

// mark says when some octets came.
type mark struct {
	octets int
	at     time.Time
	read   int
}

// A Received is a packet that the subject sent.
type Received struct {
	Packet
	Octets []byte
	At     time.Time // when its last octet came
	Read   int       // which read of the pipe brought its last octet, from 1
}

// An EndError reports that the subject's stream ended where a packet was awaited.
type EndError struct {
	Rest []byte // the beginning of a packet that never ended
	Err  error  // nil: the subject closed its end
}

func (e *EndError) Error() string {
	s := "the subject's stream ended"
	if e.Err != nil {
		s += fmt.Sprintf(" (%v)", e.Err)
	}
	if len(e.Rest) > 0 {
		s += " inside a packet, after " + ShowHex(e.Rest)
	}
	return s
}

func newPeer(to, from *os.File) (p *Peer, err error) {
	p = &Peer{to: to, from: from, changed: make(chan struct{}), done: make(chan struct{})}
	if p.reader, err = pipe.NewReader(from, p.receive); err != nil {
		return nil, err
	}
	go p.read()
	return p, nil
}

// read takes what the subject sends until its stream ends or the peer closes.
func (p *Peer) read() {
	defer close(p.done)
	for {
		p.mu.Lock()
		paused, full := p.paused, p.full
		p.mu.Unlock()
		if full != nil {
			<-full
			continue
		}
		if paused != nil {
			<-paused
		}
		err := p.reader.Next()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			continue
		}
		if err != nil {
			if !errors.Is(err, os.ErrClosed) {
				p.Wire.add(Event{From: FromSubject, Note: "closed its sending pipe"})
			}
			p.change(func() { p.ended, p.endErr = true, ending(err) })
			return
		}
	}
}

// mostUnread is how many octets that nobody takes are read: several times what any scenario
// lets come. A subject that sends without end has to wait then.
const mostUnread = 32 << 20

// receive takes note of what one read has brought.
func (p *Peer) receive(octets []byte) {
	octets = append([]byte(nil), octets...)
	p.Wire.add(Event{From: FromSubject, Octets: octets})
	p.change(func() {
		p.reads++
		p.unread.add(octets)
		p.arrived = append(p.arrived, mark{len(octets), time.Now(), p.reads})
		if p.full == nil && len(p.unread.octets) >= mostUnread {
			p.full = make(chan struct{})
		}
	})
}

func (p *Peer) change(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
	close(p.changed)
	p.changed = make(chan struct{})
}

// await waits until ready, run under the lock, reports true.
func (p *Peer) await(ctx context.Context, ready func() bool) error {
	for {
		p.mu.Lock()
		ok, changed := ready(), p.changed
		p.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// Send writes octets to the subject. That the subject no longer reads is recorded
// and no error: what follows from it shows in what the subject sends.
func (p *Peer) Send(ctx context.Context, octets []byte) error {
	p.Wire.add(Event{From: FromPeer, Octets: octets})
	stop := context.AfterFunc(ctx, func() { _ = p.to.SetWriteDeadline(time.Unix(1, 0)) })
	defer stop()
	n, err := p.to.Write(octets)
	switch {
	case errors.Is(err, syscall.EPIPE), errors.Is(err, os.ErrClosed):
		p.Wire.add(Event{From: FromPeer, Note: fmt.Sprintf("could write only %d of these octets: nobody reads the pipe", n)})
		return nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("the subject took only %d of %d octets: %w", n, len(octets), context.Cause(ctx))
	}
	return err
}

// Next waits for the next packet of the subject and takes it. The error is an
// [*EndError], ctx's, or tells of octets that are no packet.
func (p *Peer) Next(ctx context.Context) (r Received, err error) {
	awaitErr := p.await(ctx, func() bool {
		n := p.unread.frame()
		switch {
		case n == 0 && p.ended:
			err = &EndError{Rest: p.unread.octets, Err: p.endErr}
			return true
		case n == 0:
			return false
		}
		octets := p.unread.octets[:n:n]
		packet, _, decodeErr := Decode(octets)
		if decodeErr != nil {
			err = fmt.Errorf("the subject sent %s: %w", ShowHex(octets), decodeErr)
			return true
		}
		r = Received{Packet: packet, Octets: octets}
		r.At, r.Read = p.take(n)
		return true
	})
	if awaitErr != nil {
		return Received{}, awaitErr
	}
	return r, err
}

// take drops n unread octets and tells of the read that brought the last of them.
func (p *Peer) take(n int) (at time.Time, read int) {
	p.unread.drop(n)
	if len(p.unread.octets) < mostUnread {
		p.readOn()
	}
	for n > 0 {
		m := &p.arrived[0]
		at, read = m.at, m.read
		used := min(n, m.octets)
		n -= used
		m.octets -= used
		if m.octets == 0 {
			p.arrived = p.arrived[1:]
		}
	}
	return at, read
}

// SentByNow is what the subject has sent before the call and Next has not taken: no octet
// that it had written by then is missing, unless the peer does not read.
func (p *Peer) SentByNow() (octets []byte) {
	p.mu.Lock()
	reads := p.paused == nil
	p.mu.Unlock()
	if reads {
		p.reader.Now()
	}
	octets, _ = p.Unread()
	return octets
}

// readOn lets the reader go on that had to wait, for those who hold p.mu.
func (p *Peer) readOn() {
	if p.full != nil {
		close(p.full)
		p.full = nil
	}
}

// Ended reports whether the subject's stream has ended.
func (p *Peer) Ended() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ended
}

// Unread is what the subject has sent and Next has not taken, as far as it has been read,
// and whether its stream has ended.
func (p *Peer) Unread() (octets []byte, ended bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]byte(nil), p.unread.octets...), p.ended
}

// Changed is closed when more octets have come than Next has taken, or the subject's
// stream has ended; at once, if that is so already.
func (p *Peer) Changed() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.unread.octets) > 0 || p.ended {
		now := make(chan struct{})
		close(now)
		return now
	}
	return p.changed
}

// AwaitEnd waits for the end of the subject's stream and returns what came before
// it that Next has not taken.
func (p *Peer) AwaitEnd(ctx context.Context) ([]byte, error) {
	err := p.await(ctx, func() bool { return p.ended })
	rest, _ := p.Unread()
	return rest, err
}

// Pause makes the peer stop reading, so that the pipe fills up; Resume ends that. A
// read that is under way may still bring something.
func (p *Peer) Pause() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.paused == nil {
		p.Wire.add(Event{From: FromPeer, Note: "stopped reading"})
		p.paused = make(chan struct{})
		_ = p.from.SetReadDeadline(time.Unix(1, 0)) // ends a read under way
	}
}

// Resume makes the peer read again.
func (p *Peer) Resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.paused != nil {
		p.Wire.add(Event{From: FromPeer, Note: "went on reading"})
		p.resume()
	}
}

// resume lets the reader go on, for those who hold p.mu.
func (p *Peer) resume() {
	if p.paused != nil {
		_ = p.from.SetReadDeadline(time.Time{})
		close(p.paused)
		p.paused = nil
	}
}

// EndSending closes the peer's sending pipe, with or without EOF before.
func (p *Peer) EndSending() {
	p.Wire.add(Event{From: FromPeer, Note: "closed its sending pipe"})
	_ = p.to.Close()
}

// EndReading closes the peer's receiving pipe, so that the subject's writes fail.
func (p *Peer) EndReading() {
	p.Wire.add(Event{From: FromPeer, Note: "closed its receiving pipe"})
	_ = p.from.Close()
}

// Close ends the peer, whatever state the connection is in.
func (p *Peer) Close() {
	_ = p.to.Close()
	_ = p.from.Close()
	p.mu.Lock()
	p.resume()
	p.readOn()
	p.mu.Unlock()
	<-p.done
}

// ending is why a stream ended other than by the subject's closing it.
func ending(err error) error {
	if errors.Is(err, os.ErrClosed) || errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

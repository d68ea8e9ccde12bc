package peer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/packetspec/packetspec/internal/pipe"
)

// A Peer is the scripted end of one connection. One goroutine calls its methods. Another,
// which the peer starts and Close ends, reads all the time what the subject sends: a
// subject must not block on a write unless the scenario makes the peer pause.
type Peer struct {
	Wire Wire

	to      *os.File
	from    *os.File
	reader  *pipe.Reader // of from
	written atomic.Int64 // octets that the pipe to the subject has accepted

	mu       sync.Mutex // guards the fields below
	unread   stream     // what was read and Next has not returned
	arrived  []mark     // of unread, in order
	reads    int
	received int64         // octets read
	ended    bool          // the subject's stream has ended
	endErr   error         // why it ended; nil if the subject closed its end
	paused   chan struct{} // closed by Resume; nil while the peer reads
	full     chan struct{} // closed when less is unread; nil while unread has room
	changed  chan struct{} // closed at the next change of unread or ended
	done     chan struct{} // closed when the reading goroutine ends; needs no lock
}

// A mark is the time at which a number of octets arrived, with which read.
type mark struct {
	octets int
	at     time.Time
	read   int
}

// A Received is a packet that the subject sent.
type Received struct {
	Packet
	Octets []byte
	At     time.Time // when its last octet was read
	Read   int       // the number of that read of the pipe, from 1
}

// An EndError reports that the subject's stream ended before the expected packet.
type EndError struct {
	Rest []byte // the octets of an incomplete packet
	Err  error  // why the stream ended; nil if the subject closed its end
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

// A FullError reports that the pipe to the subject stayed full.
type FullError struct {
	Accepted int   // octets that the pipe accepted before
	Octets   int   // of Send
	Err      error // why Send did not wait longer
}

func (e *FullError) Error() string {
	return fmt.Sprintf("the pipe to the subject accepted only %d of %d octets: %v", e.Accepted, e.Octets, e.Err)
}

func (e *FullError) Unwrap() error { return e.Err }

func newPeer(to, from *os.File) (p *Peer, err error) {
	p = &Peer{to: to, from: from, changed: make(chan struct{}), done: make(chan struct{})}
	if p.reader, err = pipe.NewReader(from, p.receive); err != nil {
		return nil, err
	}
	go p.read()
	return p, nil
}

// read reads what the subject sends until its stream ends or the peer closes.
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
			closedHere := errors.Is(err, os.ErrClosed)
			if !closedHere {
				p.Wire.add(Event{From: FromSubject, Note: ClosedSending})
			}
			if closedHere || errors.Is(err, io.EOF) {
				err = nil
			}
			p.change(func() { p.ended, p.endErr = true, err })
			return
		}
	}
}

// mostUnread is the number of unread octets at which the peer stops reading: a subject
// that sends without end must block, not fill the memory. It is several times what any
// scenario makes a subject send.
const mostUnread = 32 << 20

func (p *Peer) receive(octets []byte) {
	octets = slices.Clone(octets)
	p.Wire.add(Event{From: FromSubject, Octets: octets})
	p.change(func() {
		p.reads++
		p.received += int64(len(octets))
		p.unread.add(octets)
		p.arrived = append(p.arrived, mark{len(octets), time.Now(), p.reads})
		if p.full == nil && len(p.unread.octets) >= mostUnread {
			p.full = make(chan struct{})
		}
	})
}

// change runs f under the mutex, then wakes the goroutine that waits in await or on Changed.
func (p *Peer) change(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
	close(p.changed)
	p.changed = make(chan struct{})
}

// await runs ready under the mutex, again after every change, until it returns true. If
// ctx ends first it returns ctx's cause.
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

// Send writes octets to the subject. If either end of the pipe is closed, Send records
// that on the wire and returns nil: a scenario judges the subject by what it sends. If
// the pipe stays full until ctx ends, Send returns a [*FullError].
func (p *Peer) Send(ctx context.Context, octets []byte) error {
	p.Wire.add(Event{From: FromPeer, Octets: octets})
	stop := context.AfterFunc(ctx, func() { _ = p.to.SetWriteDeadline(time.Unix(1, 0)) })
	defer stop()
	n, err := p.write(octets)
	switch {
	case errors.Is(err, syscall.EPIPE), errors.Is(err, syscall.ECONNRESET), errors.Is(err, os.ErrClosed):
		p.Wire.add(Event{From: FromPeer, Note: fmt.Sprintf("could write only %d of these octets: nobody reads the pipe", n)})
		return nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &FullError{Accepted: n, Octets: len(octets), Err: context.Cause(ctx)}
	}
	return err
}

// write writes octets and returns how many the pipe has accepted. It counts them as the pipe accepts
// them, which [os.File.Write] would only do at the end.
func (p *Peer) write(octets []byte) (n int, err error) {
	raw, err := p.to.SyscallConn()
	if err != nil {
		return 0, err
	}
	var writeErr error
	err = raw.Write(func(fd uintptr) (done bool) {
		for n < len(octets) {
			var some int
			some, writeErr = syscall.Write(int(fd), octets[n:])
			if errors.Is(writeErr, syscall.EINTR) {
				continue
			}
			if writeErr != nil {
				return !errors.Is(writeErr, syscall.EAGAIN)
			}
			n += some
			p.written.Add(int64(some))
		}
		return true
	})
	switch {
	case err == nil:
		return n, writeErr
	case raw.Control(func(uintptr) {}) != nil: // closed; RawConn has no error value for that
		return n, os.ErrClosed
	}
	return n, err
}

// A Traffic is what has gone over a connection so far.
type Traffic struct {
	Received int64 // octets that the peer has read
	Taken    int64 // octets that the subject has read, or its pipe has accepted where nobody can see more
	Ended    bool  // the subject's stream has ended
}

// Traffic returns what has gone over the connection. Unlike the other methods, it may be called
// concurrently with any of them.
func (p *Peer) Traffic() Traffic {
	p.mu.Lock()
	defer p.mu.Unlock()
	written := p.written.Load()
	unread, _ := pipe.Unread(p.to)
	return Traffic{Received: p.received, Taken: written - int64(unread), Ended: p.ended}
}

// AllTaken reports whether the subject has read all octets that the peer wrote, as far as that can be seen.
func (p *Peer) AllTaken() bool {
	unread, ok := pipe.Unread(p.to)
	return !ok || unread == 0
}

// Next waits for the next packet of the subject and returns it. The error is an
// [*EndError], ctx's cause, or reports a malformed packet, which stays unread.
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

// Read waits for octets of the subject that are unread, and returns at most n of them. The error is an
// [*EndError] at the end of the subject's stream, or ctx's cause.
func (p *Peer) Read(ctx context.Context, n int) (octets []byte, err error) {
	awaitErr := p.await(ctx, func() bool {
		switch {
		case len(p.unread.octets) > 0:
			octets = slices.Clone(p.unread.octets[:min(n, len(p.unread.octets))])
			p.take(len(octets))
		case p.ended:
			err = &EndError{Err: p.endErr}
		default:
			return false
		}
		return true
	})
	if awaitErr != nil {
		return nil, awaitErr
	}
	return octets, err
}

// take removes n unread octets, and returns the time and the number of the read that
// brought the last of them. The caller holds p.mu.
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

// SentByNow returns the unread octets. They include every octet that the subject wrote
// before the call, unless the peer pauses.
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

// readOn ends the wait for room in unread. The caller holds p.mu.
func (p *Peer) readOn() {
	if p.full != nil {
		close(p.full)
		p.full = nil
	}
}

// Unread returns the octets that were read and Next has not returned, and whether the
// subject's stream has ended. Octets in the pipe may be missing; see [Peer.SentByNow].
func (p *Peer) Unread() (octets []byte, ended bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.unread.octets), p.ended
}

// Changed returns a channel that is closed when octets are unread or the subject's stream
// has ended; at once if that is so already.
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

// AwaitEnd waits for the end of the subject's stream and returns the octets that Next has
// not returned. If ctx ends first, the error is its cause.
func (p *Peer) AwaitEnd(ctx context.Context) ([]byte, error) {
	err := p.await(ctx, func() bool { return p.ended })
	rest, _ := p.Unread()
	return rest, err
}

// Pause makes the peer stop reading, so that the pipe fills up, until Resume. A read under
// way may still bring octets.
func (p *Peer) Pause() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.paused == nil {
		p.Wire.add(Event{From: FromPeer, Note: StoppedReading})
		p.paused = make(chan struct{})
		_ = p.from.SetReadDeadline(time.Unix(1, 0)) // interrupts a read under way
	}
}

// Resume makes the peer read again.
func (p *Peer) Resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.paused != nil {
		p.Wire.add(Event{From: FromPeer, Note: WentOnReading})
		p.resume()
	}
}

// resume ends a pause, if there is one. The caller holds p.mu.
func (p *Peer) resume() {
	if p.paused != nil {
		_ = p.from.SetReadDeadline(time.Time{})
		close(p.paused)
		p.paused = nil
	}
}

// EndSending closes the peer's sending pipe. It does not send EOF.
func (p *Peer) EndSending() {
	p.Wire.add(Event{From: FromPeer, Note: ClosedSending})
	_ = pipe.CloseSending(p.to)
}

// EndReading closes the peer's receiving pipe, so that the subject's writes fail.
func (p *Peer) EndReading() {
	p.Wire.add(Event{From: FromPeer, Note: ClosedReceiving})
	_ = pipe.CloseReading(p.from)
}

// Close closes both pipes and waits until the reading goroutine has ended. It may be
// called in any state of the connection, and more than once.
func (p *Peer) Close() {
	_ = pipe.CloseSending(p.to)
	_ = pipe.CloseReading(p.from)
	p.mu.Lock()
	p.resume()
	p.readOn()
	p.mu.Unlock()
	<-p.done
}

package relay

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/packetspec/packetspec/internal/pipe"
)

// A Source is the stream that one side sends. CloseRead makes the sender's next write fail, and a read that is
// under way return.
type Source interface {
	io.Reader
	CloseRead() error
}

// A Sink is the stream that one side receives. CloseWrite ends it, and makes a write that is under way return.
type Sink interface {
	io.Writer
	CloseWrite() error
}

// An Endpoint is the relay's end of the two streams of one side.
type Endpoint struct {
	Source Source
	Sink   Sink
}

// A PipeEnd is a [Source] or a [Sink] of a file that carries one direction: a pipe, or one of two files for a socket.
type PipeEnd struct{ *os.File }

// CloseRead ends the direction, and closes the file.
func (p PipeEnd) CloseRead() error { return pipe.CloseReading(p.File) }

// CloseWrite ends the direction, and closes the file.
func (p PipeEnd) CloseWrite() error { return pipe.CloseSending(p.File) }

// A Socket is the [Source] and the [Sink] of a connection that carries both directions, such as a [*net.UnixConn].
type Socket interface {
	net.Conn
	CloseRead() error
	CloseWrite() error
}

// A Relay passes octets between two sides, and has a judge see them. Its fields must not change after Run.
type Relay struct {
	Ends     [2]Endpoint
	Judge    *Judge
	Recorder *Recorder // nil: nothing is recorded

	mu sync.Mutex // guards Judge

	blocked [2]atomic.Bool // by the side that receives

	making sync.Once
	ended  [2]chan struct{}
}

// Blocked reports whether a side has not read all that the relay has for it.
func (r *Relay) Blocked(side Side) bool { return r.blocked[side].Load() }

// Ended returns a channel that is closed once what a side sends has ended, and that has been passed on.
func (r *Relay) Ended(side Side) <-chan struct{} {
	r.making.Do(func() { r.ended = [2]chan struct{}{make(chan struct{}), make(chan struct{})} })
	return r.ended[side]
}

// chunk is the most that the relay reads at a time, in octets: the capacity of a pipe on Linux.
const chunk = 64 << 10

// Run passes on what both sides send, until both streams have ended or ctx has. It owns the ends, and closes
// them.
func (r *Relay) Run(ctx context.Context) {
	stop := context.AfterFunc(ctx, func() {
		r.With(func(j *Judge) { j.Stop(time.Now()) })
		r.close()
	})
	defer stop()
	ticking := make(chan struct{})
	var both, ticks sync.WaitGroup
	for _, side := range []Side{Left, Right} {
		both.Go(func() { r.pass(ctx, side) })
	}
	if d := r.Judge.o.AnswerWithin; d > 0 {
		ticks.Go(func() { r.expire(d, ticking) })
	}
	both.Wait()
	close(ticking)
	ticks.Wait()
	r.close()
}

// close closes both ends.
func (r *Relay) close() {
	for _, e := range r.Ends {
		_ = e.Source.CloseRead()
		_ = e.Sink.CloseWrite()
		for _, stream := range []any{e.Source, e.Sink} {
			if c, ok := stream.(io.Closer); ok {
				_ = c.Close()
			}
		}
	}
}

// With calls a function with the judge, while no octets are judged.
func (r *Relay) With(f func(*Judge)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f(r.Judge)
}

// expire has the judge see requests that are open for too long when they are, not only with the next octets.
func (r *Relay) expire(within time.Duration, done <-chan struct{}) {
	tick := time.NewTicker(min(max(within/4, time.Millisecond), time.Second))
	defer tick.Stop()
	for {
		select {
		case at := <-tick.C:
			r.With(func(j *Judge) { j.Expire(at) })
		case <-done:
			return
		}
	}
}

// pass passes on what one side sends until its stream ends.
func (r *Relay) pass(ctx context.Context, from Side) {
	source, sink := r.Ends[from].Source, r.Ends[from.Other()].Sink
	buf := make([]byte, chunk)
	var err error
	for err == nil {
		var n int
		n, err = source.Read(buf)
		if n == 0 {
			continue
		}
		r.judge(from, buf[:n])
		r.blocked[from.Other()].Store(true)
		_, unwritten := sink.Write(buf[:n])
		r.blocked[from.Other()].Store(false)
		if unwritten != nil {
			err = r.unreceived(from, source)
		}
	}
	how := Broken
	switch {
	case errors.Is(err, io.EOF):
		how = Closed
	case ctx.Err() != nil, errors.Is(err, os.ErrClosed), errors.Is(err, net.ErrClosed):
		how = Stopped
	}
	r.end(from, how)
	_ = sink.CloseWrite()
	r.Ended(from)
	close(r.ended[from])
}

// judge has the judge see octets, before they are passed on.
func (r *Relay) judge(from Side, octets []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	r.Judge.Octets(from, now, octets)
	if r.Recorder != nil {
		r.Recorder.Octets(from, now, octets)
	}
}

// end notes that a side's stream has ended.
func (r *Relay) end(from Side, how Ending) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	r.Judge.End(from, how, now)
	if r.Recorder != nil {
		r.Recorder.End(from, how, now)
	}
}

// unreceived passes on that nobody receives what a side sends any more. It returns the error that ends the
// direction. A connection of TCP has no way to say so: what comes is read and dropped, so that the sender is not
// blocked.
func (r *Relay) unreceived(from Side, source Source) error {
	now := time.Now()
	r.With(func(j *Judge) {
		j.Unreceived(from.Other(), now)
		if r.Recorder != nil {
			r.Recorder.End(from, Stopped, now)
		}
	})
	if tcp, ok := source.(*net.TCPConn); ok {
		_, _ = io.Copy(io.Discard, tcp)
	}
	_ = source.CloseRead()
	return os.ErrClosed
}

package reference_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/packetspec/packetspec/reference"
)

// A stress holds two connections with each other, whose handlers send nested requests.
// Every choice is drawn from a seed. Whatever is drawn, every call and both connections
// must end.
type stress struct {
	t     *testing.T
	early bool // one end ends the connection while both are busy
	rand  *rand.Rand
	mu    sync.Mutex // guards rand
	ends  [2]*reference.PacketConnection
}

func (s *stress) draw(n int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rand.IntN(n)
}

func (s *stress) options() []reference.Option {
	return []reference.Option{
		reference.WithGrace(time.Duration(s.draw(3)) * ms),
		reference.WithHandlers(1 + s.draw(4)),
		reference.WithBacklog(1 << (10 + s.draw(12))),
	}
}

// handler returns a handler of one end, which may request one type less from the other
// end, and then echoes.
func (s *stress) handler(end int) reference.Handler {
	return func(ctx context.Context, r reference.Request) (reference.Reply, error) {
		elapse(time.Duration(s.draw(3)) * ms)
		if s.early { // the other end may drop the nested request: do not wait for ever
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, time.Second)
			defer cancel()
		}
		if r.Type > 0 && s.draw(3) > 0 {
			s.ask(ctx, end, r.Type-1)
		}
		if s.draw(20) == 0 {
			panic("drawn")
		}
		return reference.Reply{Flags: r.Flags, Payload: r.Payload}, nil
	}
}

// ask sends a request from one end. It expects the same flags and payload, a failure
// response, or the end of the connection.
func (s *stress) ask(ctx context.Context, end int, kind uint64) {
	r := reference.Request{Type: kind, Flags: uint64(s.draw(1000)), Payload: make([]byte, s.draw(3000))}
	got, err := s.ends[end].Do(ctx, r)
	switch {
	case errors.Is(err, reference.ErrClosed), errors.Is(err, reference.ErrCancelled), ctx.Err() != nil:
	case err != nil:
		s.t.Errorf("Do: got error %v", err)
	case got.OK && (got.Flags != r.Flags || len(got.Payload) != len(r.Payload)):
		s.t.Errorf("Do: got flags %d and %d octets, expected %d and %d", got.Flags, len(got.Payload), r.Flags, len(r.Payload))
	}
}

// end shuts one end down or closes it.
func (s *stress) end(end int) {
	switch s.draw(4) {
	case 0:
		_ = s.ends[end].Shutdown(true)
	case 1:
		_ = s.ends[end].Close()
	default:
		_ = s.ends[end].Shutdown(false)
	}
}

func (s *stress) run() {
	var streams [2]struct {
		r *io.PipeReader
		w *io.PipeWriter
	}
	for n := range streams {
		streams[n].r, streams[n].w = io.Pipe()
	}
	for n := range s.ends {
		s.ends[n] = reference.New(streams[n].r, streams[1-n].w, s.handler(n), s.options()...)
	}
	var all sync.WaitGroup
	for range 30 {
		all.Go(func() {
			elapse(time.Duration(s.draw(10)) * ms)
			s.ask(ctx, s.draw(2), uint64(s.draw(6)))
		})
	}
	if s.early {
		elapse(time.Duration(s.draw(20)) * ms)
		s.end(s.draw(2))
	}
	all.Wait()
	s.end(s.draw(2))
	for _, c := range s.ends {
		checkEnded(s.t, c)
	}
}

func TestStress(t *testing.T) {
	for seed := range uint64(100) {
		for _, early := range []bool{false, true} {
			t.Run(fmt.Sprintf("seed %d, early end %t", seed, early), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					(&stress{t: t, early: early, rand: rand.New(rand.NewPCG(seed, 0))}).run()
				})
			})
		}
	}
}

// What a connection holds does not grow with the number of requests that it has answered.
func TestMemoryAfterManyRequests(t *testing.T) {
	if testing.Short() {
		t.Skip("sends 200,000 requests")
	}
	a, _ := pair(t, none, echo, reference.WithGrace(0))
	heapAfter := func(requests int) int {
		var all sync.WaitGroup
		for range 64 {
			all.Go(func() {
				for range requests / 64 {
					if _, err := a.Do(ctx, reference.Request{Payload: []byte("hello")}); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		all.Wait()
		var stats runtime.MemStats
		runtime.GC()
		runtime.GC() // the second empties pools
		runtime.ReadMemStats(&stats)
		return int(stats.HeapAlloc)
	}
	before := heapAfter(10_000)
	if grown := heapAfter(200_000) - before; grown > 256<<10 {
		t.Errorf("200,000 more requests left %d bytes more, expected 256 KiB at most", grown)
	}
}

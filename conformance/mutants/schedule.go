package mutants

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// mostAtOnce is how many scenarios may be under way at once. On a machine that is busy
// with other things they do not only wait.
const mostAtOnce = 128

// A crowd runs many scenarios at once, most of which wait: few work at a time, so that
// none is slowed down much, and one that has taken longer than patience keeps no other
// from its place.
type crowd struct {
	present  chan struct{}
	working  chan struct{}
	patience func() time.Duration
	all      sync.WaitGroup
}

func newCrowd(working int, patience func() time.Duration) *crowd {
	return &crowd{present: make(chan struct{}, mostAtOnce), working: make(chan struct{}, working), patience: patience}
}

// run begins f once there is a place for it, unless ctx ends first.
func (c *crowd) run(ctx context.Context, f func()) {
	if !take(ctx, c.present) || !take(ctx, c.working) {
		return
	}
	c.all.Go(func() {
		leave := sync.OnceFunc(func() { <-c.working })
		waiting := time.AfterFunc(c.patience(), leave)
		f()
		waiting.Stop()
		leave()
		<-c.present
	})
}

func take(ctx context.Context, places chan struct{}) bool {
	if ctx.Err() != nil {
		return false
	}
	select {
	case places <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// A pulse beats, and notes by how much it is late: so late is all that this process
// does. A scenario that was under way when it stalled may have run out of time by no
// fault of the implementation's.
type pulse struct {
	stalls atomic.Int64
	late   atomic.Int64 // nanoseconds, on the average of the last beats
	stop   chan struct{}
}

const beat = 10 * time.Millisecond

// newPulse takes a beat that is later than most for a stall.
func newPulse(most time.Duration) *pulse {
	p := &pulse{stop: make(chan struct{})}
	go p.run(most)
	return p
}

func (p *pulse) run(most time.Duration) {
	next := time.NewTimer(beat)
	defer next.Stop()
	for {
		due := time.Now().Add(beat)
		next.Reset(beat)
		select {
		case <-next.C:
		case <-p.stop:
			return
		}
		late := time.Since(due)
		if late > most {
			p.stalls.Add(1)
		}
		p.late.Store((7*p.late.Load() + int64(late)) / 8)
	}
}

// patience is how long a scenario may take before it is taken for one that only waits:
// the longer, the later everything is.
func (p *pulse) patience() time.Duration {
	return 15*time.Millisecond + 3*time.Duration(p.late.Load())
}

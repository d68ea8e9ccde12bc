package mutants

import (
	"context"
	"sync"
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

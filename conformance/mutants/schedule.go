package mutants

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// maxRunning is how many scenarios may run at once, working and waiting together. Most only
// wait for a timeout and cost nothing, but on a machine that is busy with other things too
// many of them wake at once and make each other late.
const maxRunning = 128

// A limiter runs many functions at once that mostly wait, but lets few of them work at a
// time, so that they do not slow each other down. A function that has run for longer than
// waitingAfter says is considered waiting, and another may start in its place.
type limiter struct {
	running      chan struct{} // holds a value for each function
	working      chan struct{} // holds a value for each that is not considered waiting
	waitingAfter func() time.Duration
	all          sync.WaitGroup
}

func newLimiter(working int, waitingAfter func() time.Duration) *limiter {
	return &limiter{running: make(chan struct{}, maxRunning), working: make(chan struct{}, working), waitingAfter: waitingAfter}
}

// start waits until f may work, and then runs it in a goroutine of its own. It does not
// run f if ctx ends first.
func (l *limiter) start(ctx context.Context, f func()) {
	if !acquire(ctx, l.running) || !acquire(ctx, l.working) {
		return
	}
	l.all.Go(func() {
		stopWorking := sync.OnceFunc(func() { <-l.working })
		waiting := time.AfterFunc(l.waitingAfter(), stopWorking)
		f()
		waiting.Stop()
		stopWorking()
		<-l.running
	})
}

// acquire reports whether it got a place before ctx ended.
func acquire(ctx context.Context, places chan struct{}) bool {
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

// A schedulingDelay measures how late a timer fires: everything in this process runs that
// late. A scenario during which the process stalled may have timed out for no fault of the
// implementation.
type schedulingDelay struct {
	stalls  atomic.Int64 // timers that fired too late
	average atomic.Int64 // nanoseconds; the latest timer counts for an eighth
	stop    chan struct{}
}

// samplePeriod is how often the delay is measured: often enough to see a stall of a quarter
// of a second, and too seldom to cost anything.
const samplePeriod = 10 * time.Millisecond

// measureDelay starts to measure, until stop is closed. A timer that fires later than most
// is a stall.
func measureDelay(most time.Duration) *schedulingDelay {
	d := &schedulingDelay{stop: make(chan struct{})}
	go func() {
		for {
			due := time.Now().Add(samplePeriod)
			select {
			case <-time.After(samplePeriod):
			case <-d.stop:
				return
			}
			late := time.Since(due)
			if late > most {
				d.stalls.Add(1)
			}
			d.average.Store((7*d.average.Load() + int64(late)) / 8)
		}
	}()
	return d
}

// waitingAfter returns how long a scenario must have run to be considered waiting. Three of
// four scenarios pass in half of these 15 ms; most others wait 100 ms, to see that nothing
// happens. While timers are late, so are scenarios.
func (d *schedulingDelay) waitingAfter() time.Duration {
	return 15*time.Millisecond + 3*time.Duration(d.average.Load())
}

package adapter

import (
	"context"
	"errors"
	"sync"
	"time"
)

// ErrLate is in the tree of the error of a start that took too long, as [WithStartTime] counts.
var ErrLate = errors.New("late")

// A late is the cause of the end of a context of [WithStartTime].
type late struct{ error }

func (l late) Unwrap() []error { return []error{l.error, ErrLate} }

// A startClock counts how long an adapter takes to start, without the time in which this process or the
// adapter could not run: the machine stood still, or other processes had all CPUs. A timer that fires
// late shows the former, and the system counts the latter.
type startClock struct {
	limit  time.Duration
	period time.Duration // between two looks

	mu      sync.Mutex // guards the fields below
	looked  time.Time
	counted time.Duration
	all     time.Duration // as counted, but with the time in which the adapter could not run
	began   time.Time     // when the adapter began, or was last asked for cpu
	cpu     func() (CPUTime, bool)
	had     CPUTime // when it was last asked for
}

const (
	// startLooks is how often the clock looks within the limit. It is the precision of the limit.
	startLooks = 50
	// mostStarts bounds a start in all, in units of the limit.
	mostStarts = 20
)

type startClockKey struct{}

// WithStartTime returns a context for [Starter.Start] that ends, with a cause that wraps the given one and
// [ErrLate], once the limit has passed. It does not count the time in which this process or the adapter
// could not run. The caller calls cancel.
func WithStartTime(ctx context.Context, limit time.Duration, cause error) (_ context.Context, cancel func()) {
	now := time.Now()
	c := &startClock{limit: limit, period: max(limit/startLooks, time.Millisecond), looked: now}
	ctx, end := context.WithCancelCause(context.WithValue(ctx, startClockKey{}, c))
	go func() {
		tick := time.NewTicker(c.period)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
			if c.look(time.Now()) {
				end(late{cause})
				return
			}
		}
	}()
	return ctx, func() { end(context.Canceled) }
}

// started notes that an adapter has started, and how to ask what CPU time it has had.
func started(ctx context.Context, cpu func() (CPUTime, bool)) {
	c, ok := ctx.Value(startClockKey{}).(*startClock)
	if !ok {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.began, c.cpu, c.had = time.Now(), cpu, CPUTime{}
}

// look reports whether the limit has passed.
func (c *startClock) look(now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	able := Able(now.Sub(c.looked), c.period)
	c.looked = now
	c.counted += able
	c.all += able
	if c.counted >= c.limit && c.all < mostStarts*c.limit {
		c.counted -= c.starved(now)
	}
	return c.counted >= c.limit
}

// starved returns how long the adapter has waited for a CPU since it was last asked.
func (c *startClock) starved(now time.Time) time.Duration {
	if c.cpu == nil {
		return 0
	}
	has, ok := c.cpu()
	if !ok {
		return 0
	}
	starved := has.Starved(c.had, now.Sub(c.began))
	c.had, c.began = has, now
	return starved
}

// Able returns how much of the time between two ticks of a timer this process was able to run. Beyond
// a quarter of the period the timer was late, because the process waited for a CPU.
func Able(elapsed, period time.Duration) time.Duration { return min(elapsed, period+period/4) }

// Starved returns how long threads have waited for a CPU in the time that has elapsed since before. It
// does not count the time in which others of them ran: a subject that keeps a whole CPU busy does not
// starve.
func (t CPUTime) Starved(before CPUTime, elapsed time.Duration) time.Duration {
	return max(0, min(t.Waited-before.Waited, elapsed-(t.Ran-before.Ran)))
}

package adapter

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestStartClock counts a limit of 5 s by looks every 100 ms.
func TestStartClock(t *testing.T) {
	const limit = 5 * time.Second
	for name, c := range map[string]struct {
		pause     time.Duration // of this process, at the 10th look
		ran, wait time.Duration // of the adapter, in each second
		want      time.Duration // from the start to the end
	}{
		"able to run":               {0, 0, 0, limit},
		"the machine stands still":  {5 * time.Minute, 0, 0, limit + 5*time.Minute - 125*time.Millisecond},
		"the adapter starves":       {0, 0, 500 * time.Millisecond, 9800 * time.Millisecond},
		"one thread of many waits":  {0, time.Second, time.Second, limit},
		"it starves without an end": {0, 0, time.Second, mostStarts * limit},
	} {
		t.Run(name, func(t *testing.T) {
			began := time.Unix(1, 0)
			now := began
			cpu := func() (CPUTime, bool) {
				s := now.Sub(began).Seconds()
				return CPUTime{Ran: time.Duration(s * float64(c.ran)), Waited: time.Duration(s * float64(c.wait))}, true
			}
			clock := &startClock{limit: limit, period: 100 * time.Millisecond, looked: began, began: began, cpu: cpu}
			for i := 1; ; i++ {
				now = now.Add(clock.period)
				if i == 10 {
					now = now.Add(c.pause)
				}
				if clock.look(now) {
					break
				}
			}
			if got := now.Sub(began); got < c.want-clock.period || got > c.want+2*clock.period {
				t.Errorf("ended after %v, expected about %v", got, c.want)
			}
		})
	}
}

// TestWithStartTime ends a context, with its cause, unless it is cancelled.
func TestWithStartTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began, cause := time.Now(), errors.New("no answer")
		ctx, cancel := WithStartTime(t.Context(), time.Second, cause)
		defer cancel()
		<-ctx.Done()
		if err := context.Cause(ctx); !errors.Is(err, cause) || !errors.Is(err, ErrLate) || time.Since(began) != time.Second {
			t.Errorf("got %v after %v", err, time.Since(began))
		}
		ctx, cancel = WithStartTime(t.Context(), time.Second, cause)
		cancel()
		if err := context.Cause(ctx); errors.Is(err, ErrLate) {
			t.Errorf("got %v after cancel", err)
		}
	})
}

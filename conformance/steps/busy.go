package steps

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
)

// Steps with an upper bound on time. The load on a machine makes any answer late, so a late answer
// fails such a step only if the machine was calm: if it let this process and the subject run at once.
// Tries that are late while the machine is busy do not count.

// How long the tries of a step go on while the machine is busy: at most busyTime, and busyTimeouts in units
// of --timeout, which is less than a scenario may take in all.
const (
	busyTime     = time.Minute
	busyTimeouts = 12
)

// A tooLate is the failure of one try: what it required came, but not within the bound.
type tooLate struct{ *Failure }

// untilCalm plays a try until one succeeds, or fails for another reason than coming too late. It returns the
// failure of a try that came too late once lost reports true; lost is called after each such try during
// which the machine delayed nobody by as much as tolerable. If the machine is busy for too long, the
// scenario is skipped: nothing is known about the subject.
func (w *World) untilCalm(tolerable time.Duration, try func() error, lost func() bool) error {
	var late tooLate
	err := try() // not measured: on a calm machine a subject without a fault is done by now
	if !errors.As(err, &late) {
		return err
	}
	began := time.Now()
	for {
		m := measureDelay(w.Session.CPU)
		err := try()
		delay := m.stop()
		switch {
		case !errors.As(err, &late):
			return err
		case delay < tolerable && lost():
			return late.Failure
		case time.Since(began) > min(busyTime, busyTimeouts*w.Timeout):
			return fmt.Errorf("%w: the machine is too busy: for %s it delayed the runner or the subject by more than %v, most recently by %v; expected %s, got %s",
				ErrSkip, seconds(time.Since(began)), tolerable, delay.Round(time.Millisecond), late.Expected, late.Actual)
		}
	}
}

// A delayMeter measures by how much the machine delays this process and the subject.
type delayMeter struct {
	cpu    func() (adapter.CPUTime, bool)
	before adapter.CPUTime
	end    context.CancelFunc
	done   sync.WaitGroup
	worst  time.Duration // by which a timer was late; belongs to the timers' goroutine until done
}

// delaySample is how often a delayMeter looks at the clock. It sees delays that are longer.
const delaySample = time.Millisecond

func measureDelay(cpu func() (adapter.CPUTime, bool)) *delayMeter {
	ctx, end := context.WithCancel(context.Background())
	m := &delayMeter{cpu: cpu, end: end}
	m.before, _ = cpu()
	m.done.Go(func() {
		tick := time.NewTicker(delaySample)
		defer tick.Stop()
		for before := time.Now(); ; {
			select {
			case <-tick.C:
			case <-ctx.Done():
				m.note(&before)
				return
			}
			m.note(&before)
		}
	})
	return m
}

// note notes the time since the look before.
func (m *delayMeter) note(before *time.Time) {
	now := time.Now()
	m.worst = max(m.worst, now.Sub(*before)-delaySample)
	*before = now
}

// stop returns the longest delay of a timer of this process, or the time for which the subject's threads
// waited for a CPU, whichever is longer.
func (m *delayMeter) stop() time.Duration {
	m.end()
	m.done.Wait()
	after, _ := m.cpu()
	return max(m.worst, after.Waited-m.before.Waited)
}

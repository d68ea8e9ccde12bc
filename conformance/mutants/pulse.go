package mutants

import (
	"sync/atomic"
	"time"
)

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

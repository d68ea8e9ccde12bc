package mutant

import (
	"maps"
	"slices"
	"sync"
)

// A Probe notes which faults an implementation without one is asked for.
type Probe struct {
	mu    sync.Mutex
	asked map[string]bool
}

func (p *Probe) note(fault string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.asked == nil {
		p.asked = make(map[string]bool)
	}
	p.asked[fault] = true
}

// Asked are the names of the faults that were asked for so far.
func (p *Probe) Asked() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Sorted(maps.Keys(p.asked))
}

// Forget forgets what was asked for so far.
func (p *Probe) Forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.asked)
}

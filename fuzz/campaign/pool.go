package campaign

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"sync/atomic"
)

// A pool plays inputs on processes of the subject, many at a time on each. Every input that it takes
// from cases leaves as one result.
type pool struct {
	Subject
	workers  int
	cases    <-chan *Case
	results  chan<- result
	newEdges func(edges []uint64) *core // notes edges, and returns a core for those that are new, or nil
	replaced atomic.Int64               // processes, since they did not reply
}

const (
	// maxInputs is how many inputs a process plays before a fresh one takes its place. A leak of
	// 28 KiB an input shows by then; a smaller one does not keep later inputs from running.
	maxInputs = 20_000
	// maxStuck is how many connections of a process may be left hanging before a fresh one takes
	// its place: each keeps two pipes and often threads.
	maxStuck = 400
	// maxWaiting is how many inputs may wait on a process for what does not come, beside those
	// that run: they cost memory, and no work.
	maxWaiting = 256
)

// run plays until cases is closed, or making ends. What a process did not reply to by then is played again
// until ctx ends. The error is that the subject cannot be started.
func (p *pool) run(ctx, making context.Context) error {
	var all sync.WaitGroup
	errs := make([]error, p.workers)
	for i := range p.workers {
		all.Go(func() { errs[i] = p.work(ctx, making) })
	}
	all.Wait()
	return cmp.Or(errs...)
}

// work plays on one process after the other.
func (p *pool) work(ctx, making context.Context) error {
	inFlight := p.inFlight
	for more := true; more && making.Err() == nil; {
		process, err := p.start(making)
		if err != nil {
			return err
		}
		s := &service{
			pool: p, process: process, slots: make(chan struct{}, inFlight), waiting: make(chan struct{}, min(maxWaiting, 4*inFlight)),
		}
		more = s.takeCases(making)
		s.running.Wait()
		process.end()
		if process.silent.Load() {
			p.replaced.Add(1)
		}
		if slices.ContainsFunc(s.lost, func(r result) bool { return !r.silent }) {
			inFlight = max(1, inFlight/4) // the next crash or shortage shall cost fewer others
		} else {
			inFlight = min(p.inFlight, inFlight*2)
		}
		if err := p.playAgain(ctx, making, s.lost); err != nil {
			return err
		}
	}
	return nil
}

// A service is one process's time in the pool, until the process dies or has played its share.
type service struct {
	*pool
	process *process
	slots   chan struct{} // holds a value for each input that runs
	waiting chan struct{} // holds a value for each input that waits for what does not come
	running sync.WaitGroup
	stuck   atomic.Int64 // connections left hanging

	mu   sync.Mutex
	lost []result // of the inputs that ran when the process died, had too little, or did not reply
}

// takeCases starts to play cases. It reports whether more may come.
func (s *service) takeCases(ctx context.Context) (more bool) {
	size := newGrowth(s.process)
	for n := range maxInputs {
		select {
		case s.slots <- struct{}{}:
		case <-ctx.Done():
			return false
		}
		if s.stuck.Load() > int64(s.room.stuck) || s.process.silent.Load() {
			break
		}
		select {
		case <-s.process.Ended():
			return true
		case <-ctx.Done():
			return false
		case c, ok := <-s.cases:
			if !ok {
				return false
			}
			played := result{input: c, grown: size.weigh(n)}
			opened := n > cap(s.slots)
			s.running.Go(func() { s.play(ctx, played, opened) })
		}
	}
	return true
}

// play plays one case and gives its slot back. The process has opened connections before if opened
// is true: if it refuses one now, it will open no more.
func (s *service) play(ctx context.Context, r result, opened bool) {
	held := s.slots
	patience := s.process.patience()
	patience.Stalled = func() {
		// An input that waits makes room for another, since it does no work.
		select {
		case s.waiting <- struct{}{}:
			<-s.slots
			held = s.waiting
		default:
		}
	}
	grown := r.grown
	r = s.process.play(ctx, r.input, patience)
	r.grown = grown
	lost := r.died || r.silent || r.short != nil && (s.tight || !opened)
	switch {
	case r.hung():
		s.stuck.Add(1)
	case r.isRefused() && opened, r.short != nil:
		s.stuck.Add(maxStuck + 1)
	}
	if lost {
		s.mu.Lock()
		s.lost = append(s.lost, r)
		s.mu.Unlock()
	} else {
		if len(r.edges) > 0 {
			r.core = s.newEdges(r.edges)
		}
		if r.core != nil {
			r.core.raw = s.process.minimizeCore(ctx, r)
		}
		s.results <- r
	}
	<-held
}

// coreTries is how many inputs are tried to minimise one core, since it holds up its process.
const coreTries = 64

// minimizeCore returns as little of an input as makes the process run the same new edges.
func (p *process) minimizeCore(ctx context.Context, r result) []byte {
	return Minimize(ctx, r.input.Raw, coreTries, func(inputs [][]byte) int {
		return slices.IndexFunc(inputs, func(raw []byte) bool {
			if p.Err() != nil || p.silent.Load() || ctx.Err() != nil {
				return false
			}
			c := caseOf(raw, p.can)
			c.CodecOnly = r.codecOnly
			ran := p.play(ctx, c, p.patience()).edges
			return !slices.ContainsFunc(r.core.fresh, func(edge uint64) bool { return !slices.Contains(ran, edge) })
		})
	})
}

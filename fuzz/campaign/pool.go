package campaign

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/packetspec/packetspec/fuzz/judge"
)

// A pool plays inputs on processes of the subject, many at a time on each. Every input that it takes
// from cases leaves as one result.
type pool struct {
	Subject
	workers  int
	cases    <-chan *Case
	results  chan<- result
	newEdges func(edges []uint64) *core // notes edges, and returns a core for those that are new, or nil
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

// run plays until cases is closed, or ctx ends. The error is that the subject cannot be started.
func (p *pool) run(ctx context.Context) error {
	var all sync.WaitGroup
	errs := make([]error, p.workers)
	for i := range p.workers {
		all.Go(func() { errs[i] = p.work(ctx) })
	}
	all.Wait()
	return cmp.Or(errs...)
}

// work plays on one process after the other.
func (p *pool) work(ctx context.Context) error {
	inFlight := p.inFlight
	for more := true; more && ctx.Err() == nil; {
		process, err := p.start(ctx)
		if err != nil {
			return err
		}
		s := &service{
			pool: p, process: process, slots: make(chan struct{}, inFlight), waiting: make(chan struct{}, min(maxWaiting, 4*inFlight)),
		}
		more = s.takeCases(ctx)
		s.running.Wait()
		process.end()
		if len(s.lost) > 0 {
			inFlight = max(1, inFlight/4) // the next crash or shortage shall cost fewer others
		} else {
			inFlight = min(p.inFlight, inFlight*2)
		}
		for i := 0; i < len(s.lost) && ctx.Err() == nil; i++ {
			if err := p.playAlone(ctx, s.lost[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// playAlone plays the input of a result again on a process of its own, since another input may have
// killed the process that they shared. If it kills that process too, it is played once more: only
// what both processes say of their end can tell crashes apart.
func (p *pool) playAlone(ctx context.Context, lost result) error {
	var tries [2]result
	for i := range tries {
		process, err := p.start(ctx)
		if err != nil {
			return err
		}
		tries[i] = process.play(ctx, lost.input, process.patience())
		process.end()
		if tries[i].short != nil {
			return tries[i].short
		}
		if tries[0].crash == nil {
			break
		}
	}
	again := tries[0]
	if other := tries[1].crash; again.crash != nil && other != nil && other.String() == again.crash.String() {
		again.found = []judge.Difference{again.crash.difference(sameWords(again.crash, other))}
	}
	again.grown = lost.grown
	p.results <- again
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
	lost []result // of the inputs that ran when the process died, or had too little
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
		if s.stuck.Load() > int64(s.room.stuck) {
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
	lost := r.died || r.short != nil && (s.tight || !opened)
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
			if p.Err() != nil || ctx.Err() != nil {
				return false
			}
			c := caseOf(raw, p.can)
			c.CodecOnly = r.codecOnly
			ran := p.play(ctx, c, p.patience()).edges
			return !slices.ContainsFunc(r.core.fresh, func(edge uint64) bool { return !slices.Contains(ran, edge) })
		})
	})
}

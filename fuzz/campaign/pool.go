package campaign

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/fuzz/judge"
)

// A pool plays inputs on processes of the subject, many at once on each.
type pool struct {
	starter  adapter.Starter
	workers  int
	inFlight int // on each process
	cases    <-chan *Case
	verdicts chan<- Verdict
	grown    func(*Case, judge.Difference) // a process has grown by more than it should
	ran      func(edges []uint64) *core    // notes edges, and tells what is new of them, or nil
}

// run plays until there are no more cases, or ctx ends. The error is that the subject
// cannot be started.
func (p *pool) run(ctx context.Context) error {
	var all sync.WaitGroup
	errs := make([]error, p.workers)
	for i := range p.workers {
		all.Go(func() { errs[i] = p.work(ctx) })
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// retire is after how many inputs a process makes room for a fresh one, so that what it
// has gathered does not count against what comes.
const retire = 20_000

// work is one process after the other.
func (p *pool) work(ctx context.Context) error {
	inFlight := p.inFlight
	for ctx.Err() == nil {
		s, err := start(ctx, p.starter)
		if err != nil {
			return err
		}
		lost, more := p.serve(ctx, s, inFlight)
		s.end()
		if len(lost) > 0 {
			inFlight = max(1, inFlight/4) // what crashes one costs the others
		} else {
			inFlight = min(p.inFlight, inFlight*2)
		}
		for _, c := range lost {
			if err := p.alone(ctx, c); err != nil {
				return err // if ctx has ended, that
			}
		}
		if !more {
			return nil
		}
	}
	return nil
}

// serve plays on one process until it dies, has played its share, or no more cases come.
// Those that were under way when it died are lost.
func (p *pool) serve(ctx context.Context, s *subject, inFlight int) (lost []*Case, more bool) {
	var mu sync.Mutex
	var all sync.WaitGroup
	defer all.Wait()
	slots := make(chan struct{}, inFlight)
	waiting := make(chan struct{}, min(maxWaiting, 4*inFlight))
	var stuck atomic.Int64
	size := newGrowth(s)
	for n := 0; n < retire; n++ {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return nil, false
		}
		if stuck.Load() > maxStuck {
			break
		}
		select {
		case <-s.Ended():
			all.Wait()
			return lost, true
		case <-ctx.Done():
			return nil, false
		case c, ok := <-p.cases:
			if !ok {
				all.Wait()
				return lost, false
			}
			for _, d := range size.weigh(n) {
				p.grown(c, d)
			}
			all.Go(func() {
				// An input that waits, and does no work, makes room for another.
				waits := false
				patience := s.patience()
				patience.Stalled = func() {
					select {
					case waiting <- struct{}{}:
						waits = true
						<-slots
					default:
					}
				}
				v := s.run(ctx, c, patience)
				switch {
				case v.Record != nil && v.Record.Hung:
					stuck.Add(1)
				case v.isRefused() && n > inFlight: // it has opened some, and will open no more
					stuck.Add(maxStuck + 1)
				}
				if v.Died {
					mu.Lock()
					lost = append(lost, c)
					mu.Unlock()
				} else {
					if len(v.Edges) > 0 {
						v.Core = p.ran(v.Edges)
					}
					if v.Core != nil {
						v.Core.raw = s.core(ctx, v)
					}
					p.verdicts <- v
				}
				if waits {
					<-waiting
				} else {
					<-slots
				}
			})
		}
	}
	all.Wait()
	return lost, true
}

// maxStuck is how many connections of a process may be left hanging before another
// takes its place.
const maxStuck = 400

// maxWaiting is how many inputs may wait on one process for what does not come, beside
// those that are under way.
const maxWaiting = 256

// alone plays a case on a process of its own.
func (p *pool) alone(ctx context.Context, c *Case) error {
	s, err := start(ctx, p.starter)
	if err != nil {
		return err
	}
	defer s.end()
	p.verdicts <- s.run(ctx, c, s.patience())
	return nil
}

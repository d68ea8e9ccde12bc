package campaign

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"math"
	"sync"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/known"
)

// A Campaign says what to search, and for how long. The zero value of each field except Starter
// is allowed: a campaign without limits runs until its context ends.
type Campaign struct {
	Starter  adapter.Starter // of the subject
	Seed     uint64
	Blind    bool          // keep nothing, and change bytes without regard to packets
	Codec    bool          // test the codec alone, without connections
	Inputs   int64         // how many at most; 0: no limit
	Time     time.Duration // for making inputs, at most; 0: no limit
	Workers  int           // processes of the subject at a time; 0: one
	InFlight int           // inputs at a time on each process; 0: DefaultInFlight
	Limit    int           // bytes of an input, at most; 0: DefaultLimit
	Given    [][]byte      // inputs to begin with
	Known    known.List
	Enough   int  // findings that are not known, after which to end; 0: no limit
	Raw      bool // take suspects for findings: neither confirm nor minimise them
	Minimize int  // inputs to try when minimising one finding; 0: do not minimise

	// Observe, if not nil, is called when a finding is ready, and every second in between. Run
	// calls it from one goroutine of its own, and returns after the last call. While Observe runs
	// the campaign goes on.
	Observe func(Event)
}

// An Event is news of a running campaign.
type Event struct {
	Finding  *Finding // that is ready; the observer may keep it; nil: a second has passed
	Progress Progress
}

// A Progress says how far a campaign has come.
type Progress struct {
	Elapsed  time.Duration
	Inputs   int64 // judged
	Corpus   int   // inputs
	Traces   int
	Edges    int              // that an [Instrumented] subject ran, each with the class of its count
	Findings int              // ready
	Suspects int              // waiting to be confirmed and minimised
	AllRun   bool             // no more inputs: the campaign confirms and minimises suspects
	Shown    map[string]int64 // inputs that showed each signature
}

// A Result is what a campaign leaves.
type Result struct {
	Progress
	Subject  adapter.Hello
	Corpus   [][]byte
	Findings []*Finding
	// Suspects holds those that there was no time to try again.
	Suspects []*Finding
	// Unconfirmed holds a suspect for each signature that no fresh process showed.
	Unconfirmed []*Finding
	// CodecOnly: no connection played an input, because of [Campaign.Codec], or because the subject
	// does not support connections.
	CodecOnly bool
}

const (
	// DefaultInFlight keeps two cores busy with a subject that takes milliseconds for an input.
	DefaultInFlight = 64
	// DefaultLimit in bytes is twice what a pipe of Linux holds: an input can fill it.
	DefaultLimit = 128 << 10
)

// Run runs the campaign until a limit is reached or ctx ends, which is no error: the result is then
// what was found so far. The error is that the subject cannot be started, or a [ReferenceError].
func (c Campaign) Run(ctx context.Context) (*Result, error) {
	c.Workers = max(1, c.Workers)
	c.InFlight = cmp.Or(c.InFlight, DefaultInFlight)
	if _, counts := c.Starter.(Instrumented); counts {
		c.InFlight = 1 // so that an edge can be assigned to an input
	}
	c.Limit = cmp.Or(c.Limit, DefaultLimit)
	first, err := start(ctx, c.Starter)
	if err != nil {
		return nil, err
	}
	hello, can := first.Hello, first.can
	if !c.Codec {
		err = first.reach(ctx)
	}
	first.end()
	if err != nil {
		return nil, err
	}

	making, stop := context.WithCancel(ctx)
	defer stop()
	if c.Time > 0 {
		making, stop = context.WithTimeout(ctx, c.Time)
		defer stop()
	}
	r := &running{
		Campaign: c, began: time.Now(), stop: stop, generator: newGenerator(c.Seed, can, c.Blind, c.Limit, c.Given),
		cases: make(chan *Case, 2*batch), results: make(chan result, 2*batch), news: make(chan struct{}, 1), taken: map[string]int{},
		result: &Result{Subject: hello}, found: map[string]*Finding{}, failed: map[string][]*Finding{},
	}
	r.changed.L = &r.mu
	r.result.Shown = map[string]int64{}
	return r.run(ctx, making)
}

// running is a campaign that runs. Its goroutines pass an input on:
//
//	generate ─cases→ the pool's workers ─results→ collect ─suspects→ triage ─news→ observe
type running struct {
	Campaign
	began     time.Time
	stop      func() // making inputs
	generator *generator
	cases     chan *Case
	results   chan result
	news      chan struct{} // holds one value while a finding is ready that was not observed

	mu       sync.Mutex // guards what follows
	changed  sync.Cond  // there are new suspects, or no more come
	result   *Result
	found    map[string]*Finding   // suspects and findings, by signature
	failed   map[string][]*Finding // suspects that did not show again, by signature
	suspects []*Finding            // that wait to be confirmed
	taken    map[string]int        // suspects that were taken to be confirmed, by requirement
	enough   bool
	errs     []error
}

func (r *running) run(ctx, making context.Context) (*Result, error) {
	finished := make(chan struct{})
	var generating, playing, confirming, observing sync.WaitGroup
	generating.Go(func() { r.generate(making) })
	playing.Go(func() {
		defer close(r.results)
		p := &pool{starter: r.Starter, workers: r.Workers, inFlight: r.InFlight, cases: r.cases, results: r.results, newEdges: r.generator.newEdges}
		r.fail(p.run(making))
	})
	confirming.Go(func() { r.triage(ctx) })
	observing.Go(func() { r.observe(finished) })

	r.collect() // until the pool has ended
	playing.Wait()
	r.mu.Lock()
	r.result.AllRun = true
	r.changed.Broadcast()
	r.mu.Unlock()
	r.stop()
	generating.Wait()
	confirming.Wait()
	close(finished)
	observing.Wait()
	r.result.Progress = r.progress()
	r.result.Unconfirmed = r.unconfirmed()
	r.result.Corpus = r.generator.inputs()
	return r.result, errors.Join(r.errs...)
}

// fail ends the campaign with an error, unless the error is that the campaign has ended.
func (r *running) fail(err error) {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.errs = append(r.errs, err)
	r.stop()
}

// generate makes inputs until a limit is reached.
func (r *running) generate(ctx context.Context) {
	defer close(r.cases)
	for left := cmp.Or(r.Inputs, math.MaxInt64); ctx.Err() == nil && left > 0; left -= batch {
		cases, err := r.generator.next(left)
		if err != nil {
			r.fail(err)
			return
		}
		for _, c := range cases {
			c.CodecOnly = r.Codec
			select {
			case r.cases <- c:
			case <-ctx.Done():
				return
			}
		}
	}
}

// observe calls Observe for each finding and every second, until the campaign has finished.
func (r *running) observe(finished <-chan struct{}) {
	if r.Observe == nil {
		return
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	observed := 0
	for last := false; !last; {
		second := false
		select {
		case <-r.news:
		case <-tick.C:
			second = true
		case <-finished:
			last = true
		}
		fresh := r.findings(observed)
		observed += len(fresh)
		for _, f := range fresh {
			r.Observe(Event{Finding: f, Progress: r.progress()})
		}
		if second {
			r.Observe(Event{Progress: r.progress()})
		}
	}
}

// findings returns copies of the findings from a number on, since collect still counts in those of
// the result.
func (r *running) findings(from int) (fresh []*Finding) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, f := range r.result.Findings[from:] {
		copied := *f
		fresh = append(fresh, &copied)
	}
	return fresh
}

func (r *running) progress() Progress {
	corpus, traces, edges := r.generator.size()
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.result.Progress
	p.Elapsed, p.Corpus, p.Traces, p.Edges = time.Since(r.began), corpus, traces, edges
	p.Findings, p.Suspects, p.Shown = len(r.result.Findings), len(r.suspects), maps.Clone(p.Shown)
	return p
}

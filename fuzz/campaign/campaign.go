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
	Inputs   int64         // how many to make at most, beside those given; 0: no limit
	Time     time.Duration // for making inputs, at most; 0: no limit
	Workers  int           // processes of the subject at a time; 0: one
	InFlight int           // inputs at a time on each process; 0: DefaultInFlight
	Limit    int           // bytes of an input, at most; 0: DefaultLimit
	Given    [][]byte      // inputs to begin with
	Only     bool          // make no inputs beside those given
	Earlier  []*Finding    // of earlier campaigns, to try again before everything else
	Known    known.List
	Enough   int  // findings that are not known, after which to end; 0: no limit
	Raw      bool // take suspects for findings: neither confirm nor minimise them
	Minimize int  // inputs to try when minimising one finding; 0: do not minimise

	Timeout, StartTimeout time.Duration // as of a [Subject]

	// Observe, if not nil, is called when a finding is ready, and every second in between. Run
	// calls it from one goroutine of its own, and returns after the last call. While Observe runs
	// the campaign goes on.
	Observe func(Event)
}

// An Event is news of a running campaign.
type Event struct {
	Finding  *Finding // that is ready; the observer may keep it; nil: a second has passed
	Face     *Finding // the newest of its faces, if the finding was ready before; or nil
	Progress Progress
}

// A Progress says how far a campaign has come.
type Progress struct {
	Elapsed  time.Duration
	Given    int64 // inputs judged, of those given
	Inputs   int64 // inputs judged beside those
	Corpus   int   // inputs
	Traces   int
	Edges    int              // that an [Instrumented] subject ran, each with the class of its count
	Findings int              // ready
	Suspects int              // waiting to be confirmed and minimised
	AllRun   bool             // no more inputs: the campaign confirms and minimises suspects
	Shown    map[string]int64 // inputs that showed each signature
	Unplayed int64            // inputs that no process played, since none replied or opened a connection; 0 until the campaign has ended
	Untested int64            // those, and inputs that a time limit cut short and that show no finding; 0 until the campaign has ended
	Replaced int64            // processes, because they did not reply; 0 until the campaign has ended
}

// A Result is what a campaign leaves.
type Result struct {
	Progress
	Subject  adapter.Hello
	Corpus   [][]byte
	Findings []*Finding
	// Earlier holds findings of earlier campaigns that are fixed or were not tried. Those that are
	// still there are among Findings.
	Earlier []*Finding
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
	subject, err := Subject{Starter: c.Starter, Timeout: c.Timeout, StartTimeout: c.StartTimeout}.withRoom(c.Workers, c.InFlight)
	if err != nil {
		return nil, err
	}
	first, err := subject.start(ctx)
	if err != nil {
		return nil, err
	}
	hello, can := first.Hello, first.can
	if !c.Codec {
		err = first.reach(ctx)
	}
	first.end()
	if err != nil && ctx.Err() == nil {
		return nil, err
	}

	making, stop := context.WithCancel(ctx)
	defer stop()
	r := &running{
		Campaign: c, subject: subject, began: time.Now(), stop: stop, generator: newGenerator(c.Seed, can, c.Blind, c.Limit, c.Given),
		cases: make(chan *Case, 2*batch), results: make(chan result, 2*batch), news: make(chan struct{}, 1), taken: map[string]int{},
		result: &Result{Subject: hello}, found: map[string]*Finding{}, failed: map[string][]*Finding{},
	}
	r.changed.L = &r.mu
	r.result.Shown, r.cutShort = map[string]int64{}, map[string]int64{}
	observed := make(chan struct{})
	finished := make(chan struct{})
	go func() { defer close(observed); r.observe(finished) }()
	r.again(making)
	if c.Time > 0 {
		r.begin() // earlier findings do not take from it
		making, stop = context.WithTimeout(making, c.Time)
		defer stop()
	}
	r.run(ctx, making)
	close(finished)
	<-observed
	return r.result, errors.Join(r.errs...)
}

// running is a campaign that runs. Its goroutines pass an input on:
//
//	generate ─cases→ the pool's workers ─results→ collect ─suspects→ triage ─news→ observe
type running struct {
	Campaign
	subject   Subject
	began     time.Time
	stop      func() // making inputs
	generator *generator
	cases     chan *Case
	results   chan result
	news      chan struct{} // holds one value while unseen is not empty
	plain     sync.Once     // sets causes, before the first finding

	mu       sync.Mutex // guards what follows
	changed  sync.Cond  // there are new suspects, or no more come, or one was examined
	result   *Result
	causes   causes
	found    map[string]*Finding   // suspects, findings and faces, by signature
	failed   map[string][]*Finding // suspects that did not show again, by signature
	unplayed int64                 // inputs that nothing played, whatever was found
	cutShort map[string]int64      // further inputs that were not played to their end, by the signatures that they showed
	suspects []*Finding            // that wait to be confirmed
	examined []*Finding            // suspects that were taken and are not yet decided
	taken    map[string]int        // suspects that were taken to be confirmed, by requirement
	unseen   []Event               // that were not observed
	enough   bool
	errs     []error
}

// begin sets the time from which the campaign counts.
func (r *running) begin() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.began = time.Now()
}

// run makes inputs, plays them, and makes findings of what they show.
func (r *running) run(ctx, making context.Context) {
	var generating, playing, confirming sync.WaitGroup
	generating.Go(func() { r.generate(making) })
	playing.Go(func() {
		defer close(r.results)
		p := &pool{Subject: r.subject, workers: r.Workers, cases: r.cases, results: r.results, newEdges: r.generator.newEdges}
		r.fail(p.run(ctx, making))
		r.mu.Lock()
		defer r.mu.Unlock()
		r.result.Replaced = p.replaced.Load()
	})
	confirming.Go(func() { r.triage(ctx) })

	r.collect() // until the pool has ended
	playing.Wait()
	r.mu.Lock()
	r.result.AllRun = true
	r.changed.Broadcast()
	r.mu.Unlock()
	r.stop()
	generating.Wait()
	confirming.Wait()
	r.result.Progress = r.progress()
	r.result.Unconfirmed = r.unconfirmed()
	r.result.Unplayed, r.result.Untested = r.unplayed, r.untested()
	r.result.Corpus = r.generator.inputs()
}

// fail ends the campaign with an error, unless the error is that the campaign has ended.
func (r *running) fail(err error) {
	if err == nil || ended(err) {
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
	left := int64(len(r.Given))
	switch {
	case r.Only:
	case r.Inputs == 0:
		left = math.MaxInt64
	default:
		left += r.Inputs
	}
	for ; ctx.Err() == nil && left > 0; left -= batch {
		cases, err := r.generator.next(ctx, left)
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
	for last := false; !last; {
		second := false
		select {
		case <-r.news:
		case <-tick.C:
			second = true
		case <-finished:
			last = true
		}
		for _, e := range r.takeEvents() {
			e.Progress = r.progress()
			r.Observe(e)
		}
		if second {
			r.Observe(Event{Progress: r.progress()})
		}
	}
}

func (r *running) takeEvents() []Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	events := r.unseen
	r.unseen = nil
	return events
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

package campaign

import (
	"context"
	"errors"
	"maps"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/known"
	"github.com/packetspec/packetspec/fuzz/judge"
)

// A Campaign is one hunt. Its zero values are those of a short one without limits.
type Campaign struct {
	Starter  adapter.Starter
	Seed     uint64
	Blind    bool          // keep nothing, and know nothing of packets
	Codec    bool          // have the codec alone hear the inputs
	Inputs   int64         // at most; 0: no limit
	Time     time.Duration // at most; 0: no limit
	Workers  int           // processes of the subject
	InFlight int           // inputs at once on each
	Limit    int           // octets of an input
	Given    [][]byte      // inputs to begin with
	Known    known.List
	Enough   int  // findings that are not known, after which to end; 0: go on
	Raw      bool // leave findings as they came: neither confirmed nor made small
	Minimize int  // inputs to try when minimising one finding; 0: do not minimise

	// Observe is told of findings as they are ready, and Progress every second.
	// Both are called one after the other.
	Observe  func(*Finding)
	Progress func(Progress)
}

// A Progress is how far a campaign has come.
type Progress struct {
	Elapsed  time.Duration
	Inputs   int64 // judged
	Corpus   int
	Traces   int
	Edges    int  // of an [Instrumented] subject, with the classes of their counts
	Findings int  // ready
	Suspects int  // waiting to be confirmed and made small
	Heard    bool // every input: what is left is to look at suspects
	Shown    map[string]int64
}

// A Result is what a campaign leaves.
type Result struct {
	Progress
	Subject  adapter.Hello
	Corpus   [][]byte
	Findings []*Finding
	Suspects []*Finding       // that there was no time to try again
	First    map[string]int64 // the input that showed a signature first
	// Unconfirmed holds a suspect for each signature that no fresh process showed.
	Unconfirmed []*Finding
	// CodecOnly: no connection has heard an input, as was asked for or because the subject
	// has none.
	CodecOnly bool
}

// defaults of a campaign.
const (
	defaultInFlight = 64
	defaultLimit    = 128 << 10
)

// Run runs a campaign until its budget is spent or ctx ends, which is no error.
func (c Campaign) Run(ctx context.Context) (*Result, error) {
	c.Workers = max(1, c.Workers)
	if c.InFlight == 0 {
		c.InFlight = defaultInFlight
	}
	if _, counts := c.Starter.(Instrumented); counts {
		c.InFlight = 1 // so that an edge is known to be an input's
	}
	if c.Limit == 0 {
		c.Limit = defaultLimit
	}
	probe, err := start(ctx, c.Starter)
	if err != nil {
		return nil, err
	}
	hello, can := probe.Hello, probe.can
	probe.end()

	hunting, stop := context.WithCancel(ctx)
	defer stop()
	if c.Time > 0 {
		hunting, stop = context.WithTimeout(ctx, c.Time)
		defer stop()
	}
	h := &hunt{
		Campaign: c, began: time.Now(), stop: stop,
		cases: make(chan *Case, 2*batch), verdicts: make(chan Verdict, 2*batch), suspects: newSuspects(),
		generator: newGenerator(c.Seed, can, c.Blind, c.Limit, c.Given),
		result:    &Result{Subject: hello, First: map[string]int64{}},
		found:     map[string]*Finding{},
		failed:    map[string][]*Finding{},
	}
	h.shown = map[string]int64{}
	return h.run(ctx, hunting)
}

// hunt is a campaign under way.
type hunt struct {
	Campaign
	began     time.Time
	stop      func() // making inputs
	generator *generator
	cases     chan *Case
	verdicts  chan Verdict
	suspects  *suspects

	mu      sync.Mutex // of what follows
	result  *Result
	found   map[string]*Finding
	failed  map[string][]*Finding // suspects that did not show again, by signature
	shown   map[string]int64
	judged  int64
	waiting int
	enough  bool // findings
	heard   bool // every input
	errs    []error
}

func (h *hunt) fail(err error) {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.errs = append(h.errs, err)
	h.stop()
}

func (h *hunt) run(ctx, hunting context.Context) (*Result, error) {
	var making, triage sync.WaitGroup
	making.Go(func() { h.generate(hunting) })
	triage.Go(func() { h.triage(ctx) })
	finished := make(chan struct{})
	var reporting sync.WaitGroup
	reporting.Go(func() { h.watch(finished) })
	var playing sync.WaitGroup
	playing.Go(func() {
		p := &pool{
			starter: h.Starter, workers: h.Workers, inFlight: h.InFlight, cases: h.cases, verdicts: h.verdicts,
			grown: func(c *Case, d judge.Difference) { h.ofProcess(c.Raw, c.Number, d) }, ran: h.generator.ran,
		}
		h.fail(p.run(hunting))
		close(h.verdicts)
	})
	h.collect()
	playing.Wait()
	h.mu.Lock()
	h.heard = true
	h.mu.Unlock()
	h.stop()
	making.Wait()
	h.suspects.close()
	triage.Wait()
	close(finished)
	reporting.Wait()
	h.result.Progress = h.progress()
	h.result.Unconfirmed = h.unconfirmed()
	for _, s := range h.generator.corpus {
		h.result.Corpus = append(h.result.Corpus, s.raw)
	}
	return h.result, errors.Join(h.errs...)
}

// generate makes inputs until there are enough.
func (h *hunt) generate(ctx context.Context) {
	defer close(h.cases)
	left := int64(math.MaxInt64)
	if h.Inputs > 0 {
		left = h.Inputs
	}
	for ; ctx.Err() == nil && left > 0; left -= batch {
		cases, err := h.generator.next(left)
		if err != nil {
			h.fail(err)
			return
		}
		for _, c := range cases {
			c.CodecOnly = h.Codec
			select {
			case h.cases <- c:
			case <-ctx.Done():
				return
			}
		}
	}
}

// collect takes verdicts in the order of their inputs, as far as they come.
func (h *hunt) collect() {
	early := map[int64]Verdict{}
	next := int64(0)
	for v := range h.verdicts {
		early[v.Case.Number] = v
		for {
			v, ok := early[next]
			if !ok {
				break
			}
			delete(early, next)
			next++
			h.take(v)
		}
	}
	for ; len(early) > 0; next++ { // the end came before some
		if v, ok := early[next]; ok {
			delete(early, next)
			h.take(v)
		}
	}
}

// take makes suspects of what is new.
func (h *hunt) take(v Verdict) {
	if v.Core != nil {
		h.generator.learn(v.Core)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.judged++
	h.result.CodecOnly = h.result.CodecOnly || v.CodecOnly
	for _, d := range v.Found {
		signature := d.Signature()
		h.shown[signature]++
		if h.found[signature] != nil {
			h.found[signature].Seen++
			continue
		}
		f := &Finding{Signature: signature, Difference: d, Input: v.Case.Raw, First: v.Case.Raw, Number: v.Case.Number, Seen: 1, Record: v.Record, Plan: v.Case.Plan}
		f.Known = h.Known.Reason(d.Requirement, d.Kind)
		h.found[signature] = f
		h.result.First[signature] = v.Case.Number
		if h.Raw {
			h.ready(f)
			continue
		}
		h.waiting++
		h.suspects.put(f)
	}
}

// ofProcess makes a finding of a difference that takes a process which has heard many
// inputs, of which this is the last.
func (h *hunt) ofProcess(raw []byte, number int64, d judge.Difference) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.found[d.Signature()] != nil {
		return
	}
	f := &Finding{Signature: d.Signature(), Difference: d, Input: raw, First: raw, Number: number, Seen: 1, Many: true, Known: h.Known.Reason(d.Requirement, d.Kind)}
	h.found[f.Signature] = f
	h.ready(f)
}

// ready adds a finding. h.mu is held.
func (h *hunt) ready(f *Finding) {
	h.result.Findings = append(h.result.Findings, f)
	if h.Observe != nil {
		h.Observe(f)
	}
	unknown := 0
	for _, f := range h.result.Findings {
		if f.Known == "" {
			unknown++
		}
	}
	if h.Enough > 0 && unknown >= h.Enough {
		h.enough = true
		h.stop()
	}
}

// triage confirms suspects, makes them small, and keeps them. When the time that the
// campaign has is over it has a quarter more, and some, to finish; what is left then stays a
// suspect.
func (h *hunt) triage(ctx context.Context) {
	if h.Time > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, h.began.Add(h.Time+h.Time/4+10*time.Second))
		defer cancel()
	}
	var all sync.WaitGroup
	for range benches {
		all.Go(func() {
			b := &bench{starter: h.Starter}
			defer b.end()
			for f := h.suspects.next(); f != nil; f = h.suspects.next() {
				h.look(ctx, b, f)
			}
		})
	}
	all.Wait()
}

// benches is how many suspects are looked at beside each other.
const benches = 2

func (h *hunt) look(ctx context.Context, b *bench, f *Finding) {
	h.mu.Lock()
	h.waiting--
	enough := h.enough
	h.mu.Unlock()
	switch {
	case enough:
	case ctx.Err() != nil:
		h.leave(f)
	default:
		h.fail(h.settle(ctx, b, f))
	}
}

// maxSuspects is how many inputs of one signature are tried again before the signature is
// given up. Three, like [Tries]: two may fail where a difference depends on scheduling.
const maxSuspects = 3

// smallTime is how long one finding may take to be made small.
const smallTime = 10 * time.Second

func (h *hunt) settle(ctx context.Context, b *bench, f *Finding) error {
	h.mu.Lock()
	t := *f // found's is counted meanwhile
	h.mu.Unlock()
	if err := b.confirm(ctx, &t, 1); err != nil {
		return h.interrupted(f, err)
	}
	if t.Confirmed == 0 { // once is nothing
		if err := b.confirm(ctx, &t, Tries-1); err != nil {
			return h.interrupted(f, err)
		}
	}
	if t.Confirmed > 0 && t.Known == "" {
		if !t.Company && h.Minimize > 0 {
			if err := h.small(ctx, b, &t); err != nil {
				return h.interrupted(f, err)
			}
		}
		if err := b.confirm(ctx, &t, Tries); err != nil {
			return h.interrupted(f, err)
		}
	}
	if t.Confirmed == 0 && t.Difference.Kind == refused {
		h.ofProcess(t.Input, t.Number, judge.Difference{
			Requirement: "BAD-5", Kind: "no more connections", Expected: "a connection, as a fresh process opens it", Came: t.Difference.Came,
		})
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if t.Confirmed == 0 {
		h.failed[t.Signature] = append(h.failed[t.Signature], &t)
		if len(h.failed[t.Signature]) < maxSuspects {
			delete(h.found, t.Signature) // another input may be better
		}
		return nil
	}
	t.Seen = f.Seen
	*f = t
	h.ready(f)
	return nil
}

// unconfirmed returns the last suspect of each signature that never showed again, by
// signature.
func (h *hunt) unconfirmed() (all []*Finding) {
	for _, signature := range slices.Sorted(maps.Keys(h.failed)) {
		if slices.ContainsFunc(h.result.Findings, func(f *Finding) bool { return f.Signature == signature }) {
			continue
		}
		f := h.failed[signature][len(h.failed[signature])-1]
		f.Seen = h.shown[signature]
		all = append(all, f)
	}
	return all
}

// interrupted leaves a suspect as it came, if there was no time to settle it.
func (h *hunt) interrupted(f *Finding, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		h.leave(f)
		return nil
	}
	return err
}

// leave leaves a suspect as it came.
func (h *hunt) leave(f *Finding) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.result.Suspects = append(h.result.Suspects, f)
}

func (h *hunt) small(ctx context.Context, b *bench, f *Finding) error {
	within, cancel := context.WithTimeout(ctx, smallTime)
	defer cancel()
	var failed error
	f.Input = Minimize(f.Input, h.Minimize, func(inputs [][]byte) int {
		if within.Err() != nil {
			return -1
		}
		i, err := b.first(within, inputs, f.Signature)
		if err != nil && within.Err() == nil {
			failed = err
		}
		if err != nil {
			return -1
		}
		return i
	})
	return errors.Join(failed, ctx.Err())
}

func (h *hunt) progress() Progress {
	corpus, traces, edges := h.generator.size()
	h.mu.Lock()
	defer h.mu.Unlock()
	p := Progress{Corpus: corpus, Traces: traces, Edges: edges, Elapsed: time.Since(h.began), Inputs: h.judged, Findings: len(h.result.Findings), Suspects: h.waiting, Heard: h.heard, Shown: map[string]int64{}}
	for s, n := range h.shown {
		p.Shown[s] = n
	}
	return p
}

// watch reports progress every second until the campaign has finished.
func (h *hunt) watch(finished <-chan struct{}) {
	if h.Progress == nil {
		return
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			h.Progress(h.progress())
		case <-finished:
			return
		}
	}
}

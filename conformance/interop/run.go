package interop

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/relay"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/internal/environment"
)

// A Run has adapters talk to each other, in every ordered pair.
type Run struct {
	Spec       *spec.Spec
	Adapters   []adapter.Starter
	Situations []Situation
	Pair       func(requester, responder int) bool // nil: every pair
	Later      bool                                // the dialect is the one of 2024
	Known      []Deviation
	Strict     bool // findings of every level count
	FailFast   bool // play no situation after one that has failed
	Parallel   int  // pairs at a time
	Timeout    time.Duration
	StartTime  time.Duration
	// Again returns the command that plays a situation of a pair again.
	Again func(requester, responder int, situation string) string
	// Observe is called with each result, by one goroutine at a time; nil: it is not.
	Observe func(Result)
}

// A name is what an adapter is called.
type name struct{ hello, full string }

// A pairing is the work on one ordered pair.
type pairing struct {
	run      *Run
	dir      string
	indexes  [2]int
	names    [2]name
	sessions [2]*adapter.Session
}

// Do plays all situations of all pairs. Its error is why an adapter could not be started, or what this machine lacks; the
// results so far come with it. When ctx ends, what is under way is not a result.
func (r *Run) Do(ctx context.Context) (*Results, error) {
	names, err := r.greet(ctx)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "ps-interop")
	if err != nil {
		return nil, environment.Explain("make a temporary folder", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	results := &Results{Dialect: "2021", Strict: r.Strict, Stale: []string{}, Results: []Result{}}
	if r.Later {
		results.Dialect = "2024"
	}
	for _, n := range names {
		results.Adapters = append(results.Adapters, n.full)
	}
	for _, s := range r.Situations {
		results.Situations = append(results.Situations, s.ID)
	}
	var pairs []*pairing
	for i := range r.Adapters {
		for k := range r.Adapters {
			if r.Pair == nil || r.Pair(i, k) {
				own, err := os.MkdirTemp(dir, "")
				if err != nil {
					return nil, environment.Explain("make a temporary folder", err)
				}
				pairs = append(pairs, &pairing{run: r, dir: own, indexes: [2]int{i, k}, names: [2]name{names[i], names[k]}})
			}
		}
	}
	all := r.playAll(ctx, pairs, &err)
	results.NotRun = len(pairs) * len(r.Situations)
	for _, some := range all {
		results.NotRun -= len(some)
		results.Results = append(results.Results, some...)
	}
	if results.NotRun == 0 {
		results.Stale = append(results.Stale, r.stale(results.Results, names)...)
	}
	results.Conforms = len(results.Stale) == 0 && !slices.ContainsFunc(results.Results, func(x Result) bool { return x.fails(r.Strict || r.Known != nil) })
	return results, err
}

// playAll plays all pairs, some at a time, and returns their results in the order of the pairs.
func (r *Run) playAll(ctx context.Context, pairs []*pairing, failure *error) [][]Result {
	all := make([][]Result, len(pairs))
	ctx, giveUp := context.WithCancel(ctx)
	defer giveUp()
	work := make(chan int)
	var workers sync.WaitGroup
	var mu sync.Mutex
	for range max(1, r.Parallel) {
		workers.Go(func() {
			for i := range work {
				err := pairs[i].play(ctx, func(result Result) {
					mu.Lock()
					defer mu.Unlock()
					all[i] = append(all[i], result)
					if r.Observe != nil {
						r.Observe(result)
					}
					if r.FailFast && result.Outcome == Fail {
						giveUp()
					}
				})
				mu.Lock()
				if err != nil && *failure == nil && ctx.Err() == nil {
					*failure = err
					giveUp()
				}
				mu.Unlock()
			}
		})
	}
	for i := range pairs {
		select {
		case work <- i:
		case <-ctx.Done():
		}
	}
	close(work)
	workers.Wait()
	return all
}

// greet starts each adapter once, to learn its name. Of adapters with one name, the later ones get a number.
func (r *Run) greet(ctx context.Context) (names []name, err error) {
	for _, a := range r.Adapters {
		s, err := r.start(ctx, a)
		if err != nil {
			return nil, err
		}
		n := name{s.Hello.Name, s.Hello.Name}
		if s.Hello.Release != "" {
			n.full += " " + s.Hello.Release
		}
		s.Kill()
		plain := n.full
		for i := 2; slices.ContainsFunc(names, func(other name) bool { return other.full == n.full }); i++ {
			n.full = fmt.Sprintf("%s (%d)", plain, i)
		}
		names = append(names, n)
	}
	return names, nil
}

func (r *Run) start(ctx context.Context, a adapter.Starter) (*adapter.Session, error) {
	ctx, cancel := adapter.WithStartTime(ctx, r.StartTime, fmt.Errorf("it did not answer hello in %v", r.StartTime))
	defer cancel()
	return a.Start(ctx)
}

// play plays all situations of a pair.
func (p *pairing) play(ctx context.Context, observe func(Result)) error {
	defer p.stop()
	for _, s := range p.run.Situations {
		result, timedOut, err := p.once(ctx, s)
		if err == nil && timedOut && ctx.Err() == nil { // a busy machine may be why: nothing is believed the first time
			var again Result
			again, _, err = p.once(ctx, s)
			again.Retried = again.Outcome == Pass
			result = again
		}
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		p.judge(&result, s)
		observe(result)
	}
	return nil
}

// once plays a situation. It starts the adapters if they do not run, and ends them after a failure: they may be in any state.
func (p *pairing) once(ctx context.Context, s Situation) (result Result, timedOut bool, err error) {
	result = Result{Requester: p.names[0].full, Responder: p.names[1].full, Situation: s.ID, Outcome: Pass, Findings: []Finding{}}
	for side, session := range p.sessions {
		if session == nil {
			if p.sessions[side], err = p.run.start(ctx, p.run.Adapters[p.indexes[side]]); err != nil {
				return result, false, err
			}
		}
	}
	x := &play{ctx: ctx, timeout: p.run.Timeout, sessions: p.sessions, names: [2]string{p.names[0].full, p.names[1].full}}
	if p.names[0] == p.names[1] {
		x.names[requester] += " as requester"
		x.names[responder] += " as responder"
	}
	err = x.open(p.dir, relay.Options{Spec: p.run.Spec, Later: p.run.Later}, !s.noHandler)
	if err == nil {
		err = s.play(x)
		ended := x.finish(err != nil, s.cut)
		if err == nil {
			err = ended
		}
	}
	result.Findings = append(result.Findings, x.found...)
	if err != nil || len(x.found) > 0 {
		p.stop()
	}
	var lacks *unsupported
	switch {
	case errors.As(err, &lacks):
		result.Outcome, result.Reason, err = Skip, lacks.Error(), nil
	case errors.Is(err, errFailed):
		err = nil
	}
	return result, x.timedOut, err
}

// stop ends the adapters.
func (p *pairing) stop() {
	for side, s := range p.sessions {
		if s != nil {
			s.Kill()
			p.sessions[side] = nil
		}
	}
}

// judge completes a result: the levels of its findings, those that are known, and its outcome.
func (p *pairing) judge(result *Result, s Situation) {
	if len(result.Findings) == 0 {
		return
	}
	result.Again = p.run.Again(p.indexes[0], p.indexes[1], s.ID)
	unknown := false
	for i := range result.Findings {
		f := &result.Findings[i]
		q, ok := p.run.Spec.Requirement(f.Requirement)
		if f.Level = q.Level; !ok {
			f.Level = spec.Must // what breaks the adapter guide alone, such as a crash
		}
		blamed, peer := p.names[0].hello, p.names[1].hello
		if f.Adapter != p.names[0].full && f.Adapter != p.names[0].full+" as requester" {
			blamed, peer = peer, blamed
		}
		for _, d := range p.run.Known {
			if d.covers(*f, blamed, peer, s.ID) {
				f.Known = d.Reason
				break
			}
		}
		unknown = unknown || f.Known == ""
	}
	switch {
	case !unknown:
		result.Outcome = Known
	case result.fails(p.run.Strict || p.run.Known != nil):
		result.Outcome = Fail
	}
}

// stale returns the lines of the list that no finding shows, of adapters and situations that were all played.
func (r *Run) stale(results []Result, names []name) (lines []string) {
	hello := func(full string) string {
		for _, n := range names {
			if n.full == full || n.full+" as requester" == full || n.full+" as responder" == full {
				return n.hello
			}
		}
		return ""
	}
	for _, d := range r.Known {
		played := slices.ContainsFunc(names, func(n name) bool { return plainName(n.hello) == d.Adapter }) &&
			(d.Peer == "" || slices.ContainsFunc(names, func(n name) bool { return plainName(n.hello) == d.Peer })) &&
			(len(r.Situations) == len(situations) || slices.ContainsFunc(r.Situations, func(s Situation) bool { return s.ID == d.Situation })) && r.Pair == nil
		shown := slices.ContainsFunc(results, func(x Result) bool {
			return slices.ContainsFunc(x.Findings, func(f Finding) bool {
				blamed, peer := hello(f.Adapter), hello(x.Requester)
				if f.Adapter == x.Requester {
					peer = hello(x.Responder)
				}
				return d.covers(f, blamed, peer, x.Situation)
			})
		})
		if played && !shown && !d.Flaky {
			lines = append(lines, fmt.Sprintf("%s: %s %s %s", d.Where, d.Adapter, d.Situation, d.Requirement))
		}
	}
	return lines
}

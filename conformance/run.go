package conformance

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
)

// A Run is one run of scenarios against a subject.
type Run struct {
	Version   string // of the suite
	Spec      *spec.Spec
	Scenarios []spec.Scenario
	Subject   adapter.Starter
	Known     Known
	Parallel  int           // adapters alive at a time; at least 1
	Timeout   time.Duration // of one scenario
	StartTime time.Duration // that an adapter has to answer hello
	Dialect   string        // that the subject speaks; empty: the specification's
	Seed      uint64        // of the order in which scenarios run; 0: as they stand
	Dir       string        // in which folders for named pipes are made; empty: the system's for what is temporary
	// Again is the command that runs just the scenario with the id, for a person.
	Again func(id string) string
	// Observe is told of each result as it comes, one at a time. It may be nil.
	Observe func(report.Result)
	// Last reports whether no scenario is to be begun after a result. It may be nil.
	Last func(report.Result) bool
}

// restarts is how often in a row an adapter that has run may fail to start again.
const restarts = 3

// Do runs the scenarios and returns their results in the order of r.Scenarios. The
// error is an [*adapter.StartError] if the subject could not be started at all. If
// ctx ends first, the results are those known so far.
func (r Run) Do(ctx context.Context) (*report.Results, error) {
	dir, err := os.MkdirTemp(r.Dir, "packetspec")
	if err != nil {
		return nil, fmt.Errorf("make a folder for named pipes: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	began := time.Now()
	s := &schedule{Run: r, dir: dir, results: make([]*report.Result, len(r.Scenarios)), order: r.order()}
	first := &worker{schedule: s}
	if err := first.start(ctx); err != nil {
		return nil, err
	}
	s.subject = first.session.Hello
	var all sync.WaitGroup
	for i := range max(1, min(r.Parallel, len(r.Scenarios))) { // the first has an adapter to stop
		w := &worker{schedule: s}
		if i == 0 {
			w = first
		}
		all.Go(func() { w.work(ctx) })
	}
	all.Wait()
	return s.collect(time.Since(began)), nil
}

func (r Run) order() []int {
	order := make([]int, len(r.Scenarios))
	for i := range order {
		order[i] = i
	}
	if r.Seed != 0 {
		random := rand.New(rand.NewPCG(r.Seed, 0))
		random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	}
	return order
}

// schedule is what the workers of a run share.
type schedule struct {
	Run
	dir     string
	subject adapter.Hello

	mu      sync.Mutex
	order   []int // scenarios that no worker has taken
	results []*report.Result
	notes   []string
}

func (s *schedule) next() (index int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.order) == 0 {
		return 0, false
	}
	index, s.order = s.order[0], s.order[1:]
	return index, true
}

func (s *schedule) record(index int, r report.Result) {
	r = s.Known.judge(r)
	if s.Again != nil {
		r.Again = s.Again(r.ID)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.results[index] = &r
	if s.Observe != nil {
		s.Observe(r)
	}
	if s.Last != nil && s.Last(r) {
		s.order = nil
	}
}

// note keeps what is no result, once.
func (s *schedule) note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.notes {
		if n == text {
			return
		}
	}
	s.notes = append(s.notes, text)
}

func (s *schedule) collect(elapsed time.Duration) *report.Results {
	results := &report.Results{
		Suite: report.Suite{Version: s.Version},
		Subject: report.Subject{
			Name: s.subject.Name, Release: s.subject.Release, Language: s.subject.Language,
		},
		Notes: s.notes, Elapsed: elapsed,
	}
	for _, q := range s.Spec.Requirements {
		results.Suite.Requirements = append(results.Suite.Requirements, report.Requirement{ID: q.ID, Level: q.Level, Text: q.Text})
	}
	for _, r := range s.results {
		if r == nil {
			results.NotRun++
			continue
		}
		results.Results = append(results.Results, *r)
	}
	results.Summarize()
	return results
}

// worker runs one scenario after the other on an adapter that it keeps alive, and
// starts anew when a scenario may have spoilt it.
type worker struct {
	*schedule
	session *adapter.Session
	failed  int // starts in a row
}

func (w *worker) start(ctx context.Context) (err error) {
	bounded, cancel := context.WithTimeoutCause(ctx, w.StartTime, fmt.Errorf("no answer within %v", w.StartTime))
	defer cancel()
	w.session, err = w.Subject.Start(bounded)
	return err
}

func (w *worker) work(ctx context.Context) {
	defer w.stop()
	for ctx.Err() == nil && w.failed < restarts {
		index, ok := w.next()
		if !ok {
			return
		}
		r, ran := w.run(ctx, w.Scenarios[index])
		if ctx.Err() != nil {
			return // the run was ended, which is nothing of the scenario's
		}
		if !ran {
			w.failed++
		}
		w.record(index, r)
	}
}

func (w *worker) stop() {
	if w.session == nil {
		return
	}
	if err := w.session.Stop(); err != nil {
		w.note("%v", err)
	}
	w.session = nil
}

// run runs one scenario, on a new adapter if need be.
func (w *worker) run(ctx context.Context, sc spec.Scenario) (r report.Result, ran bool) {
	if w.session == nil {
		if err := w.start(ctx); err != nil {
			return crashed(sc, err), false
		}
	}
	w.failed = 0
	dir, err := scenarioDir(w.dir)
	if err != nil {
		return crashed(sc, err), false
	}
	defer func() { _ = os.RemoveAll(dir) }()
	r, usable := w.runScenario(ctx, sc, w.session, dir)
	if !usable {
		w.session.Kill()
		w.session = nil
	}
	return r, true
}

// crashed is the result of a scenario for which there was no adapter.
func crashed(sc spec.Scenario, err error) report.Result {
	return report.Result{
		ID: sc.ID, Feature: sc.Feature, Scenario: sc.Name, Requirements: sc.Requirements, Level: sc.Level,
		Outcome: report.Crash, Reason: err.Error(),
	}
}

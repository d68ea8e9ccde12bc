package conformance

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/known"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/internal/environment"
	"github.com/packetspec/packetspec/internal/visible"
)

// A Run is one run of scenarios against a subject.
type Run struct {
	Version   string // of the suite
	Spec      *spec.Spec
	Scenarios []spec.Scenario
	Subject   adapter.Starter
	Known     known.List
	Parallel  int           // how many adapters are alive at a time; less than 1 means 1
	Timeout   time.Duration // how long a scenario may take
	StartTime time.Duration // how long an adapter may take to start and answer hello
	Dialect   string        // that the subject speaks; empty: the main one
	Seed      uint64        // makes the order in which scenarios run; 0: in the order of Scenarios
	Dir       string        // where folders for named pipes are made; empty: in the system's temporary folder
	// Again returns the command that runs just the scenario with an id, for a person to
	// type. It may be nil.
	Again func(id string) string
	// Observe is called with each result, by one goroutine at a time. It may be nil.
	Observe func(report.Result)
	// Last reports whether no scenario may start after a result. It is called like Observe,
	// and may be nil.
	Last func(report.Result) bool
}

// maxFailedStarts is how often in a row an adapter that has started before may fail to. One
// failure may be the machine's, short of memory or processes; after several, every further
// scenario would only report the same.
const maxFailedStarts = 3

// Do runs the scenarios and returns their results, in the order of r.Scenarios. If ctx ends
// first, the results are those known by then. If the subject could not be started even once,
// the error is the one of its start, such as an [*adapter.StartError]. If the run was given up
// later, there are results and an error: an [*EnvironmentError] if the machine is the reason.
func (r Run) Do(ctx context.Context) (*report.Results, error) {
	dir, err := os.MkdirTemp(r.Dir, "packetspec")
	if err != nil {
		return nil, environment.Explain("make a folder for named pipes", err)
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
	for i := range max(1, min(r.Parallel, len(r.Scenarios))) { // one at least, to stop the first adapter
		w := &worker{schedule: s}
		if i == 0 {
			w = first
		}
		all.Go(func() { w.work(ctx) })
	}
	all.Wait()
	return s.collect(time.Since(began)), s.gaveUp
}

// An EnvironmentError reports that a run cannot go on because of the machine that it runs on.
type EnvironmentError = environment.Error

// order returns the indices of the scenarios in the order in which they run.
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

// A schedule is what the workers of a run share.
type schedule struct {
	Run
	dir     string
	subject adapter.Hello

	mu      sync.Mutex       // guards the fields below
	order   []int            // scenarios that no worker has taken
	results []*report.Result // nil: not run
	notes   []string
	gaveUp  error // why no further scenario starts; nil: none must
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

// maxText bounds, in bytes, each text of a result that may quote the adapter. Every report has
// them, and there are hundreds of results.
const maxText = 32 << 10

// record keeps a result, and says what the list of known deviations makes of it.
func (s *schedule) record(index int, r report.Result) {
	r.Expected, r.Actual, r.Reason = visible.Cut(r.Expected, maxText), visible.Cut(r.Actual, maxText), visible.Cut(r.Reason, maxText)
	r = s.Known.Judge(r)
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

// giveUp lets no further scenario start, for a reason that makes the rest of the run worthless.
// The first reason is kept.
func (s *schedule) giveUp(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.order = nil
	if s.gaveUp == nil {
		s.gaveUp = err
	}
}

// note keeps a text for the report that is not about a scenario. Equal texts are kept once.
func (s *schedule) note(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.notes, text) {
		s.notes = append(s.notes, text)
	}
}

func (s *schedule) collect(elapsed time.Duration) *report.Results {
	results := &report.Results{
		Suite:   report.Suite{Version: s.Version},
		Subject: report.Subject{Name: s.subject.Name, Release: s.subject.Release, Language: s.subject.Language},
		Notes:   s.notes, Elapsed: elapsed,
	}
	for _, q := range s.Spec.Requirements {
		results.Suite.Requirements = append(results.Suite.Requirements, report.Requirement{ID: q.ID, Level: q.Level, Text: q.Text})
	}
	if s.gaveUp != nil {
		results.GivenUp = s.gaveUp.Error()
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

// A worker runs one scenario after another. It keeps its adapter alive between them, but
// replaces it after a scenario that may have left it in any state.
type worker struct {
	*schedule
	session *adapter.Session // nil: none is alive
	failed  int              // starts in a row that failed
}

func (w *worker) start(ctx context.Context) (err error) {
	bounded, cancel := context.WithTimeoutCause(ctx, w.StartTime, fmt.Errorf("no answer within %v", w.StartTime))
	defer cancel()
	w.session, err = w.Subject.Start(bounded)
	return err
}

func (w *worker) work(ctx context.Context) {
	defer w.stop()
	for ctx.Err() == nil && w.failed < maxFailedStarts {
		index, ok := w.next()
		if !ok {
			return
		}
		r, ran, err := w.run(ctx, w.Scenarios[index])
		if ctx.Err() != nil {
			return // the run was interrupted, so the result says nothing about the scenario
		}
		if err != nil {
			w.giveUp(err)
			return
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
		w.note(err.Error())
	}
	w.session = nil
}

// run runs one scenario, on a new adapter if none is alive. It reports whether the scenario
// ran at all. The error is an [*EnvironmentError], and there is no result then.
func (w *worker) run(ctx context.Context, sc spec.Scenario) (r report.Result, ran bool, err error) {
	var broken *EnvironmentError
	if w.session == nil {
		if err := w.start(ctx); errors.As(err, &broken) {
			return r, false, broken
		} else if err != nil {
			return crashed(sc, err), false, nil
		}
	}
	w.failed = 0
	dir, err := os.MkdirTemp(w.dir, "s") // for its named pipes
	if err != nil {
		return r, false, environment.Explain("make a folder for named pipes", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	r, usable, err := w.runScenario(ctx, sc, w.session, dir)
	if !usable {
		w.session.Kill()
		w.session = nil
	}
	return r, true, err
}

// crashed returns the result of a scenario that had no adapter to run on.
func crashed(sc spec.Scenario, err error) report.Result {
	r := newResult(sc)
	r.Outcome, r.Reason = report.Crash, err.Error()
	return r
}

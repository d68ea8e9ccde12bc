package conformance

import (
	"cmp"
	"context"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/known"
	"github.com/packetspec/packetspec/conformance/profile"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/conformance/steps"
	"github.com/packetspec/packetspec/internal/environment"
	"github.com/packetspec/packetspec/internal/visible"
)

// A Run is one run of scenarios against a subject.
type Run struct {
	Version string // of the suite
	Commit  string // that the suite was built from
	// Setting says how the run was started. The run itself sets Began, Host, Dialect and Seed.
	Setting   report.Setting
	Spec      *spec.Spec
	Scenarios []spec.Scenario
	Subject   adapter.Starter
	Program   *steps.Program // describes a subject that no adapter drives; nil: an adapter drives it
	Known     known.List
	Profile   profile.Profile // what the subject claims; empty: Connection
	Outside   int             // how many scenarios are left out of Scenarios, because the profile does not claim them
	Parallel  int             // how many adapters are alive at a time; less than 1 means 1
	Timeout   time.Duration   // how long a scenario may be silent
	StartTime time.Duration   // how long an adapter may take to start and answer hello
	Dialect   string          // that the subject speaks; empty: the main one
	Seed      uint64          // makes the order in which scenarios run; 0: in the order of Scenarios
	WireOfAll bool            // whether results of scenarios that passed have the wire and the events too
	Dir       string          // where folders for named pipes are made; empty: in the system's temporary folder
	// Retry is how often a scenario that deviates runs again, on a new adapter, until it
	// passes. One that passes then is flaky. A scenario that deviates as listed does not
	// run again.
	Retry int
	// Again returns the command that shows a result again, for a person to type. It may be nil.
	Again func(report.Result) string
	// Begin is called with the id of each scenario that starts, and Observe with each
	// result, both by one goroutine at a time. They may be nil.
	Begin   func(id string)
	Observe func(report.Result)
	// Last reports whether no scenario may start after a result. It is called like Observe,
	// and may be nil.
	Last func(report.Result) bool

	// Keep is called like Observe, and before it, with each result that deviates and is not known, all of whose events
	// it has, and the scenario as a feature. It returns the folder where it has kept them, or "". It may be nil.
	Keep func(subject report.Subject, r report.Result, scenario string) string
	// Warn is called with what a look at the first adapter finds wrong with it, if it finds anything, before
	// any scenario runs; nil: there is no look.
	Warn func(warnings []string)

	// judge returns what is known of a result when it comes; nil: what Known makes of it.
	judge func(report.Result) report.Result
	// reached is set once an adapter has opened the named pipes of a connection.
	reached *atomic.Bool
}

// Do runs the scenarios and returns their results, in the order of r.Scenarios. If ctx ends
// first, the results are those known by then, and say that the run was interrupted, by the text
// of the cause with which ctx ended. If the subject could not be started even once,
// the error is the one of its start, such as an [*adapter.StartError]. If the run was given up
// later, there are results and an error: an [*EnvironmentError] if the machine is the reason, or a
// [*SilentError] if the subject replies to nothing any more.
func (r Run) Do(ctx context.Context) (*report.Results, error) {
	s, err := r.schedule(ctx, make([]report.Attempts, len(r.Scenarios)))
	if s == nil {
		return nil, err
	}
	return s.collect(), err
}

// schedule runs the scenarios, and adds their results to the attempts at each. It returns nil if the
// subject could not be started even once.
func (r Run) schedule(ctx context.Context, attempts []report.Attempts) (*schedule, error) {
	dir, err := os.MkdirTemp(r.Dir, "packetspec")
	if err != nil {
		return nil, environment.Explain("make a folder for named pipes", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	r.Profile = cmp.Or(r.Profile, profile.Connection)
	began := time.Now()
	r.reached = new(atomic.Bool)
	if r.judge == nil {
		r.judge = r.Known.Judge
	}
	s := &schedule{Run: r, dir: dir, attempts: attempts, done: make([]bool, len(r.Scenarios)), order: r.order(), began: began, running: map[int]time.Time{}}
	first := &worker{schedule: s}
	unwatch := s.watch(ctx)
	if err := first.startFirst(ctx); err != nil {
		unwatch()
		if ctx.Err() == nil {
			return nil, err
		}
		s.note("the adapter had not answered hello")
		s.elapsed = time.Since(began)
		return s, nil
	}
	for _, warning := range profile.Warnings(s.subject.Supports) {
		s.note(warning)
	}
	var all sync.WaitGroup
	for i := range max(1, min(r.Parallel, len(r.Scenarios))) { // one at least, to stop the first adapter
		w := &worker{schedule: s}
		if i == 0 {
			w = first
		}
		all.Go(func() { w.work(ctx) })
	}
	all.Wait()
	s.elapsed = time.Since(began)
	unwatch()
	return s, s.gaveUp
}

// Suite returns the specification that the run tests, as reports describe it.
func (r Run) Suite() report.Suite {
	suite := report.Suite{Version: r.Version, Commit: r.Commit, Specification: r.Spec.Version}
	if all, err := (Filter{Dialect: r.Dialect}).Select(r.Spec); err == nil {
		suite.Scenarios = len(all)
	}
	for _, q := range r.Spec.Requirements {
		suite.Requirements = append(suite.Requirements, report.Requirement{ID: q.ID, Level: q.Level, Text: q.Text})
	}
	return suite
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
	dir      string
	subject  adapter.Hello
	began    time.Time
	elapsed  time.Duration
	warnings []string // of the look at the first adapter

	mu       sync.Mutex        // guards the fields below
	order    []int             // scenarios that no worker has taken
	done     []bool            // by scenario
	attempts []report.Attempts // by scenario, in this run and earlier ones; nothing here is known or fixed yet
	notes    []string
	silence  silence
	gaveUp   error             // why no further scenario starts; nil: none must, or ctx ended
	running  map[int]time.Time // when each scenario was taken that has no result yet
	ended    time.Time         // when gaveUp was set, or when ctx ended; zero: neither
	stopped  string            // the text of the cause with which ctx ended
	because  string            // why no further scenario starts, if neither gaveUp nor stopped says it
}

func (s *schedule) next() (index int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.order) == 0 {
		return 0, false
	}
	index, s.order = s.order[0], s.order[1:]
	s.running[index] = time.Now()
	if s.Begin != nil {
		s.Begin(s.Scenarios[index].ID)
	}
	return index, true
}

// maxText bounds, in bytes, each text of a result that may quote the adapter. Every report has
// them, and there are hundreds of results.
const maxText = 32 << 10

// record keeps a result. It ends the run if Last says so, or if the subject is given up.
func (s *schedule) record(index int, r report.Result, replied bool) {
	r.Expected, r.Actual, r.Reason = visible.Cut(r.Expected, maxText), visible.Cut(r.Actual, maxText), visible.Cut(r.Reason, maxText)
	s.mu.Lock()
	defer s.mu.Unlock()
	r.Seed = s.Seed
	s.done[index] = true
	delete(s.running, index)
	if s.Keep != nil && r.Outcome.Deviates() && s.judge(r).Outcome.Deviates() {
		r.Bundle = s.Keep(s.tested(), s.withCommand(r), string(s.Scenarios[index].Source))
	}
	r.Events = reported.Cut(r.Events)
	s.attempts[index].Add(r)
	judged := s.withCommand(s.judge(r))
	if s.Observe != nil {
		s.Observe(judged)
	}
	if err := s.silence.add(s.withCommand(r), replied); err != nil {
		s.end(err)
	}
	if s.Last != nil && s.Last(judged) {
		s.because = cmp.Or(s.because, "--fail-fast ended the run after "+r.ID)
		s.end(nil)
	}
}

// withCommand returns a result with the command that shows it again.
func (s *schedule) withCommand(r report.Result) report.Result {
	if s.Again != nil {
		r.Again = s.Again(r)
	}
	return r
}

// giveUp lets no further scenario start, for a reason that makes the rest of the run worthless.
// The first reason is kept.
func (s *schedule) giveUp(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.end(err)
}

// end does what giveUp does, or lets no further scenario start without an error, for a caller that
// holds s.mu.
func (s *schedule) end(err error) {
	s.order = nil
	if s.gaveUp == nil {
		s.gaveUp = err
	}
	if s.ended.IsZero() { // the scenarios that are running take some more time to clean up
		s.ended = time.Now()
	}
}

// watch lets no further scenario start once ctx has ended. Its owner calls unwatch, once.
func (s *schedule) watch(ctx context.Context) (unwatch func()) {
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		s.giveUp(nil)
	})
	return func() {
		if !stop() {
			<-ended
		}
		s.noteInterrupt(ctx)
	}
}

// noteInterrupt keeps the cause with which ctx has ended, if it has. No scenario may be running.
func (s *schedule) noteInterrupt(ctx context.Context) {
	if ctx.Err() != nil {
		s.giveUp(nil)
		s.stopped = context.Cause(ctx).Error()
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

func (s *schedule) collect() *report.Results {
	results := &report.Results{
		Suite:   s.Suite(),
		Subject: s.tested(),
		Profile: s.Profile, OutsideProfile: s.Outside,
		Run:   s.setting(),
		Notes: s.notes, Warnings: s.warnings, Elapsed: s.elapsed, Interrupted: s.stopped,
	}
	if s.gaveUp != nil {
		results.GivenUp = s.gaveUp.Error()
	}
	if s.gaveUp == nil && s.stopped == "" {
		results.NotRunBecause = s.because
	}
	for i := range s.Scenarios {
		if !s.done[i] {
			results.NotRun++
			results.Unfinished = append(results.Unfinished, s.unfinished(i))
		}
		if r, ok := s.attempts[i].Result(); ok {
			results.Results = append(results.Results, s.withCommand(s.Known.Judge(r)))
		}
	}
	if s.subject.Name != "" { // it has answered hello
		results.Lacking = s.Profile.Lacking(s.subject.Supports, results.Lacks())
	}
	results.Summarize()
	return results
}

// tested returns the subject, as reports describe it.
func (s *schedule) tested() report.Subject {
	return report.Subject{Name: s.subject.Name, Release: s.subject.Release, Language: s.subject.Language}
}

// setting returns how the run was made.
func (s *schedule) setting() report.Setting {
	setting := s.Setting
	setting.Began, setting.Host = s.began.UTC().Round(time.Millisecond), report.ThisHost()
	setting.Dialect, setting.Seed = cmp.Or(s.Dialect, Dialects[0]), s.Seed
	return setting
}

// unfinished describes a scenario without a result.
func (s *schedule) unfinished(index int) report.Unfinished {
	sc := s.Scenarios[index]
	u := report.Unfinished{ID: sc.ID, Feature: sc.Feature, Requirements: sc.Requirements, Level: sc.Level}
	if began, running := s.running[index]; running {
		u.Running = max(1, s.ended.Sub(began).Milliseconds())
	}
	return u
}

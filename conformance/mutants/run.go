package mutants

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/mutant"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
)

// A Run tries faults.
type Run struct {
	Spec    *spec.Spec
	Subject Subject
	Faults  []mutant.Fault
	Whole   bool // these are all the faults there are
	Own     bool // each is tried on the scenarios of its own requirement alone
	// Parallel is how many scenarios work at a time, beside those that only wait; at
	// least 1.
	Parallel int
	Timeout  time.Duration // of a scenario, beside ten times what it takes without a fault
	// Controls is how often each scenario is run without a fault among the others.
	Controls int
	// Observe is told of each scenario run, one at a time. It may be nil.
	Observe func(Progress)
}

// A Progress is one scenario run against one fault.
type Progress struct {
	Fault      string // empty: none
	Scenario   string
	Outcome    report.Outcome
	Done, Runs int // so far, and in all
}

// mostTime is how long a scenario may take that is run again.
const mostTime = time.Minute

// startTime is how long an adapter may take to answer hello.
const startTime = 30 * time.Second

// Do tries the faults. Each is tried on the scenarios that ask for it when there is no
// fault: the others go just as without it. The error is that of a subject that cannot
// be started, or that does not pass a scenario without a fault at the outset. If ctx
// ends first, the matrix is what is known so far.
func (r Run) Do(ctx context.Context) (*Matrix, error) {
	began := time.Now()
	r.Parallel = max(1, r.Parallel)
	t := &trial{Run: r, pulse: newPulse(r.Timeout / 4)}
	defer close(t.pulse.stop)
	dir, err := tempDir()
	if err != nil {
		return nil, fmt.Errorf("make a folder for named pipes: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	t.dir = dir
	if err := t.probe(ctx); err != nil {
		return nil, err
	}
	t.queue()
	t.play(ctx, t.Parallel, t.tasks)
	t.again(ctx, func(k *task) bool { return k.found() && !k.sure })
	for range calmer {
		slow := t.slow()
		if len(slow) == 0 {
			break
		}
		t.again(ctx, func(k *task) bool { return k.outcome == report.Timeout && (k.own || slow[k.trace]) })
	}
	for range chances {
		hidden := t.hidden()
		t.again(ctx, func(k *task) bool { return hidden[k.Fault] && k.own })
	}
	return t.matrix(time.Since(began)), t.err
}

// calmer is how often what ran out of time is run again because a scenario without a
// fault did, so that the machine was too slow for the time there was: that scenario
// with all faults, and each fault with the scenarios of its requirement.
const calmer = 3

// chances is how often more a fault that no scenario of its requirement has found is
// tried on them. One of time may hide on a slow machine, which makes the pause that an
// implementation without it would make.
const chances = 10

// hidden are the faults that no scenario of their requirement has found.
func (t *trial) hidden() map[string]bool {
	hidden := make(map[string]bool)
	for _, k := range t.tasks {
		hidden[k.Fault] = k.Fault != ""
	}
	for _, k := range t.tasks {
		if k.own && k.found() {
			hidden[k.Fault] = false
		}
	}
	return hidden
}

// slow are the scenarios that ran out of time without a fault.
func (t *trial) slow() map[*trace]bool {
	slow := make(map[*trace]bool)
	for _, k := range t.tasks {
		if k.Fault == "" && k.outcome == report.Timeout {
			slow[k.trace] = true
		}
	}
	return slow
}

// A task is one scenario to be run against one fault.
type task struct {
	*trace
	Make
	own     bool // the scenario tests the requirement that the fault breaks
	limit   time.Duration
	place   float64        // in the order of the tasks
	outcome report.Outcome // empty: it was not run
	sure    bool           // that is nothing that the others brought about
}

func (k *task) found() bool {
	return k.outcome == report.Fail || k.outcome == report.Timeout || k.outcome == report.Crash
}

// A trial is a run under way.
type trial struct {
	Run
	pulse  *pulse
	dir    string // for named pipes
	traces []*trace
	tasks  []*task

	mu   sync.Mutex // of what follows, and of the outcomes
	done int
	err  error
}

// queue makes a task of each fault and each scenario that asks for it. A scenario that
// needs a process is tried on the faults of its own requirements alone, since it does
// not tell what it asks for.
func (t *trial) queue() {
	for _, of := range t.traces {
		limit := t.limit(of)
		for range t.controls(of) {
			t.tasks = append(t.tasks, &task{trace: of, Make: Make{Later: of.later, Process: of.alone}, limit: limit})
		}
		for _, f := range t.Faults {
			own := slices.Contains(of.scenario.Requirements, f.Requirement)
			asks := of.asks[f.Name] && (own || !t.Own)
			if of.alone {
				asks = own
			}
			if f.Later() == of.later && asks {
				as := Make{Fault: f.Name, Later: of.later, Process: of.alone || f.Symptom == mutant.Crashes}
				t.tasks = append(t.tasks, &task{trace: of, Make: as, own: own, limit: limit})
			}
		}
	}
	t.shuffle()
}

// limit is how long a scenario may take.
func (t *trial) limit(of *trace) time.Duration {
	switch {
	case of.alone: // it is not known how long it takes
		return 30 * t.Timeout
	case isAboutTime(of.scenario): // that is for it to tell
		return 8 * t.Timeout
	}
	return t.Timeout + 10*of.took
}

// shuffle puts the tasks in any order, always the same, in which what is slow is not
// all at once, and nothing of it is last.
func (t *trial) shuffle() {
	random := rand.New(rand.NewPCG(1, 0))
	for _, k := range t.tasks {
		k.place = random.Float64()
		if k.limit > 2*t.Timeout {
			k.place /= 2
		}
	}
	slices.SortFunc(t.tasks, func(a, b *task) int { return cmp.Compare(a.place, b.place) })
}

// controls is how often a scenario is run without a fault.
func (t *trial) controls(of *trace) int {
	if of.alone {
		return min(t.Controls, 1) // processes are dear
	}
	return t.Controls
}

// play runs tasks, many at once.
func (t *trial) play(ctx context.Context, working int, tasks []*task) {
	c := newCrowd(working, t.pulse.patience)
	for _, k := range tasks {
		c.run(ctx, func() { t.run(ctx, k) })
	}
	c.all.Wait()
}

// again runs those tasks again that are not sure, few at a time and with more time.
// What they come to then stands.
func (t *trial) again(ctx context.Context, unsure func(*task) bool) {
	var tasks []*task
	for _, k := range t.tasks {
		if unsure(k) {
			k.limit = min(3*k.limit, mostTime)
			k.sure = true
			tasks = append(tasks, k)
		}
	}
	t.play(ctx, max(1, t.Parallel/2), tasks)
}

// run runs a task and keeps what it comes to.
func (t *trial) run(ctx context.Context, k *task) {
	stalls := t.pulse.stalls.Load()
	results, err := t.scenario(ctx, k.trace, t.Subject.Made(k.Make), k.limit)
	if ctx.Err() != nil {
		return
	}
	stalled := t.pulse.stalls.Load() != stalls
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil {
		t.err = fmt.Errorf("try the fault %q: %w", k.Fault, err)
		return
	}
	if k.outcome == "" {
		t.done++
	}
	k.outcome = results.Results[0].Outcome
	k.sure = k.sure || !stalled && (k.outcome != report.Fail || !isAboutTime(k.scenario))
	if t.Observe != nil {
		t.Observe(Progress{Fault: k.Fault, Scenario: k.scenario.ID, Outcome: k.outcome, Done: t.done, Runs: len(t.tasks)})
	}
}

// scenario runs one scenario against a subject.
func (t *trial) scenario(ctx context.Context, of *trace, subject adapter.Starter, limit time.Duration) (*report.Results, error) {
	return conformance.Run{
		Spec: t.Spec, Scenarios: []spec.Scenario{of.scenario}, Subject: subject, Dialect: dialect(of.later),
		Parallel: 1, Timeout: limit, StartTime: startTime, Dir: t.dir,
	}.Do(ctx)
}

// tempDir makes a folder, in memory if this system has such: a hundred thousand folders and
// pipes are made in it, which on a disk cost as much as all the rest.
func tempDir() (string, error) {
	if dir, err := os.MkdirTemp("/dev/shm", "packetspec"); err == nil {
		return dir, nil
	}
	return os.MkdirTemp("", "packetspec")
}

// aboutTime finds the steps that give the subject less time than a scenario has, which
// a slow machine may fail.
var aboutTime = regexp.MustCompile(`less than [0-9.]+ s`)

func isAboutTime(sc spec.Scenario) bool { return slices.ContainsFunc(sc.Steps, aboutTime.MatchString) }

// matrix is what is known.
func (t *trial) matrix(elapsed time.Duration) *Matrix {
	m := &Matrix{Whole: t.Whole && !t.Own, Runs: len(t.tasks), NotRun: len(t.tasks) - t.done, Elapsed: elapsed, Alarms: []Kill{}}
	tried := make(map[string]*Tried)
	for _, f := range t.Faults {
		m.Faults = append(m.Faults, Tried{
			Name: f.Name, Requirement: f.Requirement, Text: f.Text, sign: f.Symptom, Own: []Kill{}, Others: []Kill{},
		})
	}
	for i := range m.Faults {
		tried[m.Faults[i].Name] = &m.Faults[i]
	}
	for _, k := range t.tasks {
		if f := tried[k.Fault]; f != nil {
			f.add(k)
		} else if k.found() {
			m.Alarms = append(m.Alarms, Kill{Scenario: k.scenario.ID, Outcome: k.outcome})
		}
	}
	for i := range m.Faults {
		f := &m.Faults[i]
		sortKills(f.Own)
		sortKills(f.Others)
		f.Verdict = f.judge()
	}
	sortKills(m.Alarms)
	m.Requirements = clauses(t.Spec, m.Faults)
	m.Scores = score(m.Faults, m.Requirements)
	return m
}

// add adds what a task came to.
func (f *Tried) add(k *task) {
	f.Runs++
	switch kill := (Kill{Scenario: k.scenario.ID, Outcome: k.outcome}); {
	case k.outcome == "":
		f.notRun++
	case !k.found():
	case k.own:
		f.Own = append(f.Own, kill)
	default:
		f.Others = append(f.Others, kill)
	}
}

func sortKills(kills []Kill) {
	slices.SortFunc(kills, func(a, b Kill) int {
		return cmp.Or(cmp.Compare(a.Scenario, b.Scenario), cmp.Compare(a.Outcome, b.Outcome))
	})
}

// A Subject is an implementation that can be made with faults.
type Subject interface {
	// Made starts it as it is to be made.
	Made(Make) adapter.Starter
	// Probed starts it in this process without a fault, and tells the names of the
	// faults that it has been asked for since.
	Probed(later bool) (adapter.Starter, func() []string)
}

// A Make says how an implementation is to be made.
type Make struct {
	Fault   string // empty: none
	Later   bool   // it speaks the later dialect
	Process bool   // it is a process of its own
}

// A Mutant is the mutant, whose processes are started as Process says.
type Mutant struct {
	Process func(Make) adapter.Starter
}

// Made implements [Subject].
func (m Mutant) Made(as Make) adapter.Starter {
	if as.Process {
		return m.Process(as)
	}
	return mutant.InProcess{Fault: as.Fault, Later: as.Later}
}

// Probed implements [Subject].
func (m Mutant) Probed(later bool) (adapter.Starter, func() []string) {
	p := &mutant.Coverage{}
	return mutant.InProcess{Later: later, Coverage: p}, p.Reached
}

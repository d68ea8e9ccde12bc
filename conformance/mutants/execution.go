package mutants

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/mutant"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
)

// A task is one scenario to be run against one mutant.
type task struct {
	*scenarioCoverage
	Config
	own       bool // the scenario tests the requirement that the fault breaks
	limit     time.Duration
	order     float64        // of the tasks
	outcome   report.Outcome // empty: it has not been run
	confirmed bool           // the load on the machine cannot have caused the outcome
}

// An execution is a run under way.
type execution struct {
	Run
	delay     *schedulingDelay
	dir       string // for named pipes
	coverages []*scenarioCoverage
	tasks     []*task

	mu   sync.Mutex // guards the fields below, and the outcomes of tasks
	done int
	err  error
}

// makeTasks makes a task of each fault and each scenario that reaches it. The coverage of a
// scenario that needs a process is unknown: it is tried on the faults of its requirements.
func (e *execution) makeTasks() {
	for _, c := range e.coverages {
		limit, baselines := e.limit(c), e.Baselines
		if c.needsProcess {
			baselines = min(baselines, 1) // processes are slow
		}
		for range baselines {
			e.tasks = append(e.tasks, &task{scenarioCoverage: c, Config: Config{Later: c.later, Process: c.needsProcess}, limit: limit})
		}
		for _, f := range e.Faults {
			own := slices.Contains(c.scenario.Requirements, f.Requirement)
			try := c.reached[f.Name] && (own || !e.Own)
			if c.needsProcess {
				try = own
			}
			if f.Later() == c.later && try {
				config := Config{Fault: f.Name, Later: c.later, Process: c.needsProcess || f.Symptom == mutant.Crashes}
				e.tasks = append(e.tasks, &task{scenarioCoverage: c, Config: config, own: own, limit: limit})
			}
		}
	}
	e.shuffle()
}

func (e *execution) limit(c *scenarioCoverage) time.Duration {
	if c.needsProcess { // how long it takes is unknown, and a process is slow to start
		return 30 * e.Timeout
	}
	return e.Timeout + 10*c.took
}

// shuffle puts the tasks in random order, the same every time. Those with a long time limit
// are in the first half, spread out, so that the run does not end by waiting for them.
func (e *execution) shuffle() {
	random := rand.New(rand.NewPCG(1, 0))
	for _, t := range e.tasks {
		t.order = random.Float64()
		if t.limit > 2*e.Timeout {
			t.order /= 2
		}
	}
	slices.SortFunc(e.tasks, func(a, b *task) int { return cmp.Compare(a.order, b.order) })
}

// runTasks runs tasks, and lets as many as working says work at a time.
func (e *execution) runTasks(ctx context.Context, working int, tasks []*task) {
	l := newLimiter(working, e.delay.waitingAfter)
	for _, t := range tasks {
		l.start(ctx, func() { e.runTask(ctx, t) })
	}
	l.all.Wait()
}

// retry runs the doubtful tasks again, fewer at a time and with three times the time limit.
// Their new outcomes are final.
func (e *execution) retry(ctx context.Context, doubtful func(*task) bool) {
	var tasks []*task
	for _, t := range e.tasks {
		if doubtful(t) {
			t.limit = min(3*t.limit, maxRetryTime)
			t.confirmed = true
			tasks = append(tasks, t)
		}
	}
	e.runTasks(ctx, max(1, e.Parallel/2), tasks)
}

func (e *execution) runTask(ctx context.Context, t *task) {
	stalls := e.delay.stalls.Load()
	results, err := e.runScenario(ctx, t.scenarioCoverage, e.Subject.Mutant(t.Config), t.limit)
	if ctx.Err() != nil {
		return
	}
	stalled := e.delay.stalls.Load() != stalls
	e.mu.Lock()
	defer e.mu.Unlock()
	if err != nil {
		e.err = fmt.Errorf("try the fault %q: %w", t.Fault, err)
		return
	}
	if t.outcome == "" {
		e.done++
	}
	t.outcome = results.Results[0].Outcome
	t.confirmed = t.confirmed || !stalled
	if e.Observe != nil {
		e.Observe(Progress{Fault: t.Fault, Scenario: t.scenario.ID, Outcome: t.outcome, Done: e.done, Runs: len(e.tasks)})
	}
}

func (e *execution) runScenario(ctx context.Context, c *scenarioCoverage, subject adapter.Starter, limit time.Duration) (*report.Results, error) {
	return conformance.Run{
		Spec: e.Spec, Scenarios: []spec.Scenario{c.scenario}, Subject: subject, Dialect: dialect(c.later),
		Parallel: 1, Timeout: limit, StartTime: startTime, Dir: e.dir,
	}.Do(ctx)
}

// tempDir makes a folder, in memory where the system has such: a run makes a hundred
// thousand folders and pipes in it, which on a disk take as long as everything else.
func tempDir() (string, error) {
	if dir, err := os.MkdirTemp("/dev/shm", "packetspec"); err == nil {
		return dir, nil
	}
	return os.MkdirTemp("", "packetspec")
}

// table returns what is known.
func (e *execution) table(elapsed time.Duration) *Table {
	table := &Table{Whole: e.Whole && !e.Own, Runs: len(e.tasks), NotRun: len(e.tasks) - e.done, Elapsed: elapsed, FalsePositives: []Detection{}}
	index := make(map[string]int)
	for i, f := range e.Faults {
		index[f.Name] = i
		table.Faults = append(table.Faults, FaultResult{
			Name: f.Name, Requirement: f.Requirement, Text: f.Text, symptom: f.Symptom, Own: []Detection{}, Others: []Detection{},
		})
	}
	for _, t := range e.tasks {
		if t.Fault != "" {
			table.Faults[index[t.Fault]].add(t)
		} else if t.outcome.Deviates() {
			table.FalsePositives = append(table.FalsePositives, Detection{Scenario: t.scenario.ID, Outcome: t.outcome})
		}
	}
	for i := range table.Faults {
		f := &table.Faults[i]
		sortDetections(f.Own)
		sortDetections(f.Others)
		f.Verdict = f.verdict()
	}
	sortDetections(table.FalsePositives)
	table.Requirements = requirementResults(e.Spec, table.Faults)
	table.Scores = scores(table.Faults, table.Requirements)
	return table
}

func (f *FaultResult) add(t *task) {
	f.Runs++
	switch d := (Detection{Scenario: t.scenario.ID, Outcome: t.outcome}); {
	case t.outcome == "":
		f.notRun++
	case !t.outcome.Deviates():
	case t.own:
		f.Own = append(f.Own, d)
	default:
		f.Others = append(f.Others, d)
	}
}

func sortDetections(all []Detection) {
	slices.SortFunc(all, func(a, b Detection) int {
		return cmp.Or(cmp.Compare(a.Scenario, b.Scenario), cmp.Compare(a.Outcome, b.Outcome))
	})
}

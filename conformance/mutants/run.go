package mutants

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/mutant"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/internal/environment"
	"github.com/packetspec/packetspec/internal/hint"
	"github.com/packetspec/packetspec/internal/match"
)

// A Subject is an implementation that can be built with faults.
type Subject interface {
	// Mutant returns what starts the implementation as it is configured.
	Mutant(Config) adapter.Starter
	// Faultless returns what starts the implementation without a fault, in this process,
	// and a function that returns the names of the faults reached since.
	Faultless(later bool) (s adapter.Starter, reached func() []string)
}

// A Config says how an implementation is built and started.
type Config struct {
	Fault   string // empty: none
	Later   bool   // it speaks the later dialect
	Process bool   // it is a process of its own
}

// SecondImplementation is the [Subject] of package mutant. Process returns what starts it
// as a process.
type SecondImplementation struct {
	Process func(Config) adapter.Starter
}

// Mutant implements [Subject].
func (s SecondImplementation) Mutant(c Config) adapter.Starter {
	if c.Process {
		return s.Process(c)
	}
	return mutant.InProcess{Fault: c.Fault, Later: c.Later}
}

// Faultless implements [Subject].
func (s SecondImplementation) Faultless(later bool) (adapter.Starter, func() []string) {
	c := &mutant.Coverage{}
	return mutant.InProcess{Later: later, Coverage: c}, c.Reached
}

// A Run tries faults: it runs scenarios against mutants, each with one of the faults.
type Run struct {
	Spec    *spec.Spec
	Subject Subject
	Faults  []mutant.Fault
	Whole   bool // Faults has every fault of the subject
	Own     bool // a fault is tried on the scenarios of its own requirement only
	// Parallel is how many scenarios work at a time, not counting those that only wait; at least 1.
	Parallel int
	// Timeout is how long a scenario may be silent, in addition to ten times what it takes
	// without a fault.
	Timeout time.Duration
	// Baselines is how often each scenario is run without a fault, among the others.
	Baselines int
	// Observe is called after each run of a scenario, by one goroutine at a time. It may be nil.
	Observe func(Progress)
}

// A Progress is one scenario run against one mutant.
type Progress struct {
	Fault      string // empty: none
	Scenario   string
	Outcome    report.Outcome
	Done, Runs int // so far, and in all
}

// Select returns the faults whose name or requirement matches one of the regular expressions run,
// unless there are none, and none of skip. The name of a fault, or the id of a requirement, stands
// for just that: SHD-1 does not match SHD-10.
func Select(run, skip []string) ([]mutant.Fault, error) {
	all := mutant.Faults()
	matching := func(flag string, values []string) (func(mutant.Fault) bool, error) {
		matches, err := match.Any(flag, values, all, func(f mutant.Fault) match.Names {
			return match.Names{IDs: []string{f.Name, f.Requirement}}
		})
		var nothing *match.NothingError
		if errors.As(err, &nothing) {
			err = hint.Add(fmt.Errorf("no fault is selected by %s %q", flag, nothing.Value), "packetspec mutants --list shows all")
		}
		return matches, err
	}
	runs, err := matching("--run", run)
	if err != nil {
		return nil, err
	}
	skips, err := matching("--skip", skip)
	if err != nil {
		return nil, err
	}
	selected := slices.DeleteFunc(all, func(f mutant.Fault) bool { return len(run) > 0 && !runs(f) || skips(f) })
	if len(selected) == 0 {
		return nil, hint.Add(errors.New("no fault is selected: --skip leaves out all that --run selects"), "packetspec mutants --list shows all")
	}
	return selected, nil
}

const (
	// maxRetryTime is how long a scenario may take that is run again.
	maxRetryTime = time.Minute
	// startTime is how long an adapter may take to answer hello.
	startTime = 30 * time.Second
)

// Do tries each fault on the scenarios that reach it. It returns an error if the subject
// could not be started, or did not pass every scenario without a fault at the outset. If ctx
// ends first, the table says what is known by then.
func (r Run) Do(ctx context.Context) (*Table, error) {
	began := time.Now()
	r.Parallel = max(1, r.Parallel)
	// A stall of a quarter of the shortest time limit can make a scenario time out.
	e := &execution{Run: r, delay: measureDelay(r.Timeout / 4)}
	defer close(e.delay.stop)
	dir, err := tempDir()
	if err != nil {
		return nil, environment.Explain("make a folder for named pipes", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	e.dir = dir
	if err := e.measureCoverage(ctx); err != nil {
		return nil, err
	}
	e.makeTasks()
	e.runTasks(ctx, e.Parallel, e.tasks)
	e.retry(ctx, func(t *task) bool { return t.outcome.Deviates() && !t.confirmed })
	for range timeoutRetries {
		slow := e.timedOutWithoutFault()
		if len(slow) == 0 {
			break
		}
		e.retry(ctx, func(t *task) bool { return t.outcome == report.Timeout && (t.own || slow[t.scenarioCoverage]) })
	}
	for range survivorRetries {
		undetected := e.undetected()
		e.retry(ctx, func(t *task) bool { return undetected[t.Fault] && t.own })
	}
	return e.table(time.Since(began)), e.err
}

// Record does the run twice and returns what both tables have in common. It returns an
// error if a scenario failed without a fault, or if ctx ended first.
func (r Run) Record(ctx context.Context) (*Record, error) {
	var tables [2]*Table
	for i := range tables {
		t, err := r.Do(ctx)
		switch {
		case err != nil:
			return nil, err
		case ctx.Err() != nil:
			return nil, fmt.Errorf("nothing is recorded: %w", context.Cause(ctx))
		case len(t.FalsePositives) > 0:
			var failed []string
			for _, d := range t.FalsePositives {
				failed = append(failed, fmt.Sprintf("%s (%s)", d.Scenario, d.Outcome))
			}
			return nil, fmt.Errorf("scenarios fail without a fault: nothing is recorded: %s", strings.Join(failed, ", "))
		}
		tables[i] = t
	}
	return NewRecord(tables[0], tables[1]), nil
}

// timeoutRetries is how often timeouts are retried because a scenario timed out without a
// fault, which shows that the machine was too slow for the time limits. Retried are that
// scenario with all faults, and each fault with the scenarios of its requirement.
const timeoutRetries = 3

// survivorRetries is how often a fault that no scenario of its requirement has detected is
// tried on them again. A fault that shows in a duration hides on a slow machine, which
// pauses where the implementation should.
const survivorRetries = 10

// undetected returns the faults that no scenario of their requirement has detected.
func (e *execution) undetected() map[string]bool {
	undetected := make(map[string]bool)
	for _, f := range e.Faults {
		undetected[f.Name] = true
	}
	for _, t := range e.tasks {
		if t.own && t.outcome.Deviates() {
			delete(undetected, t.Fault)
		}
	}
	return undetected
}

func (e *execution) timedOutWithoutFault() map[*scenarioCoverage]bool {
	slow := make(map[*scenarioCoverage]bool)
	for _, t := range e.tasks {
		if t.Fault == "" && t.outcome == report.Timeout {
			slow[t.scenarioCoverage] = true
		}
	}
	return slow
}

package mutants

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/mutant"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
)

// coverageRuns is how often each scenario is run without a fault, to learn which faults it
// reaches: which code runs may depend on which of two goroutines is first.
const coverageRuns = 2

// A scenarioCoverage says what a scenario, run without a fault in a dialect, reaches. It
// reaches a fault if the code in which the fault would act runs: no other fault can change
// how the scenario ends.
type scenarioCoverage struct {
	scenario     spec.Scenario
	later        bool            // the dialect
	reached      map[string]bool // faults, by name
	needsProcess bool            // in this process it is skipped
	took         time.Duration   // the shortest time in which it passed; 0: it has not passed
}

func dialect(later bool) string {
	if later {
		return conformance.LaterDialect
	}
	return ""
}

// measureCoverage runs each scenario without a fault. It returns an error if the subject
// could not be started, or did not pass a scenario.
func (e *execution) measureCoverage(ctx context.Context) error {
	for _, later := range []bool{false, true} {
		if !slices.ContainsFunc(e.Faults, func(f mutant.Fault) bool { return f.Later() == later }) {
			continue
		}
		scenarios, err := conformance.Filter{Dialect: dialect(later)}.Select(e.Spec)
		if err != nil {
			return err
		}
		for _, sc := range scenarios {
			e.coverages = append(e.coverages, &scenarioCoverage{scenario: sc, later: later, reached: make(map[string]bool)})
		}
	}
	l := newLimiter(e.Parallel, e.delay.waitingAfter)
	for _, c := range e.coverages {
		for range coverageRuns {
			l.start(ctx, func() { e.measureScenario(ctx, c) })
		}
	}
	l.all.Wait()
	return e.err
}

// measureScenario runs one scenario without a fault, and adds what that shows. Its time
// limit is generous: a scenario that does not pass here ends the whole run.
func (e *execution) measureScenario(ctx context.Context, c *scenarioCoverage) {
	subject, reached := e.Subject.Faultless(c.later)
	results, err := e.runScenario(ctx, c, subject, 20*e.Timeout)
	if ctx.Err() != nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if err != nil {
		e.err = err
		return
	}
	switch r := results.Results[0]; r.Outcome {
	case report.Pass:
		if took := time.Duration(r.DurationMS * float64(time.Millisecond)); c.took == 0 || took < c.took {
			c.took = took
		}
	case report.Skip:
		c.needsProcess = true
	default:
		e.err = fmt.Errorf("without a fault every scenario must pass, but:\n%s", results.Explain(r))
	}
	for _, name := range reached() {
		c.reached[name] = true
	}
}

package mutants

import (
	"context"
	"fmt"
	"time"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
)

// probes is how often each scenario is run without a fault, to learn what it asks for:
// that may hang on which of two goroutines is first.
const probes = 2

// A trace is what is known of a scenario in a dialect from its being run without a
// fault.
type trace struct {
	scenario spec.Scenario
	later    bool            // the dialect
	asks     map[string]bool // faults
	alone    bool            // it needs a process to show anything
	took     time.Duration   // at least; 0: it has not passed
}

// dialects are those that the faults are in: the later one, or not.
func (t *trial) dialects() (later []bool) {
	seen := make(map[bool]bool)
	for _, f := range t.Faults {
		if !seen[f.Later()] {
			seen[f.Later()] = true
			later = append(later, f.Later())
		}
	}
	return later
}

func dialect(later bool) string {
	if later {
		return conformance.LaterDialect
	}
	return ""
}

// probe learns of each scenario which faults it asks for.
func (t *trial) probe(ctx context.Context) error {
	for _, later := range t.dialects() {
		scenarios, err := conformance.Filter{Dialect: dialect(later)}.Select(t.Spec)
		if err != nil {
			return err
		}
		for _, sc := range scenarios {
			t.traces = append(t.traces, &trace{scenario: sc, later: later, asks: make(map[string]bool)})
		}
	}
	c := newCrowd(t.Parallel, t.pulse.patience)
	for _, of := range t.traces {
		for range probes {
			c.run(ctx, func() { t.probeOne(ctx, of) })
		}
	}
	c.all.Wait()
	return t.err
}

// probeOne adds to what is known of a scenario.
func (t *trial) probeOne(ctx context.Context, of *trace) {
	subject, asked := t.Subject.Probed(of.later)
	results, err := t.scenario(ctx, of, subject, 20*t.Timeout)
	if ctx.Err() != nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil {
		t.err = err
		return
	}
	switch r := results.Results[0]; r.Outcome {
	case report.Pass:
		if took := time.Duration(r.DurationMS * float64(time.Millisecond)); of.took == 0 || took < of.took {
			of.took = took
		}
	case report.Skip:
		of.alone = true
	default:
		t.err = fmt.Errorf("without a fault nothing should be found, but:\n%s", results.Explain(r))
	}
	for _, name := range asked() {
		of.asks[name] = true
	}
}

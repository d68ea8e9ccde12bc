package mutant_test

import (
	"context"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/mutant"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
)

// atOnce is how many faults are tried at a time: they wait more than they work.
const atOnce = 12

// TestEachFaultIsFound has a scenario of its own requirement fail for each fault. With
// MUTANT_REPORT set, it tells how each is found.
func TestEachFaultIsFound(t *testing.T) {
	if testing.Short() {
		t.Skip("not in short mode: it tries every fault")
	}
	s := loadSpec(t)
	found := make(map[string]*verdict)
	faults := make(chan *verdict)
	var all sync.WaitGroup
	for range atOnce {
		all.Go(func() {
			for v := range faults {
				v.find(t, s)
			}
		})
	}
	for _, f := range mutant.Faults() {
		found[f.Name] = &verdict{Fault: f}
		faults <- found[f.Name]
	}
	close(faults)
	all.Wait()
	for _, f := range mutant.Faults() {
		found[f.Name].judge(t)
	}
}

// verdict is how a fault was found, if it was.
type verdict struct {
	mutant.Fault
	by    []report.Result // scenarios that did not pass
	tried int
	took  time.Duration
	err   error
}

// find runs the scenarios of the fault's requirement until one finds it.
func (v *verdict) find(t *testing.T, s *spec.Spec) {
	ctx, enough := context.WithCancel(context.Background())
	defer enough()
	scenarios := s.Testing(v.Requirement)
	began := time.Now()
	_, v.err = conformance.Run{
		Spec: s, Scenarios: scenarios, Parallel: 1, Timeout: 2 * time.Second, StartTime: 20 * time.Second,
		Subject: subject(t, v.Fault),
		Observe: func(r report.Result) {
			v.tried++
			if r.Outcome == report.Pass || r.Outcome == report.Skip {
				return
			}
			v.by = append(v.by, r)
			if os.Getenv("MUTANT_REPORT") == "" {
				enough()
			}
		},
	}.Do(ctx)
	v.took = time.Since(began)
}

// subject is a process where the fault ends one, or shows on the standard error.
func subject(t *testing.T, f mutant.Fault) adapter.Starter {
	if strings.HasSuffix(f.Name, "-crashes") || slices.Contains([]string{"TCK-3", "TCK-4", "BAD-5"}, f.Requirement) {
		return asProcess(t, f.Name)
	}
	return inProcess(t, f.Name)
}

func (v *verdict) judge(t *testing.T) {
	outcomes := map[report.Outcome]int{}
	for _, r := range v.by {
		outcomes[r.Outcome]++
	}
	t.Logf("%-6s %-36s %d of %d: %v %v", v.Requirement, v.Name, len(v.by), v.tried, outcomes, v.took)
	switch {
	case v.err != nil:
		t.Errorf("%s cannot be tried: %v", v.Name, v.err)
	case len(v.by) == 0:
		t.Errorf("%s survives: %s", v.Name, v.Text)
	}
}

package mutant_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/mutant"
	"github.com/packetspec/packetspec/conformance/report"
)

// TestLaterDialect passes the scenarios of the later dialect without a fault, but for
// those that need to see the process.
func TestLaterDialect(t *testing.T) {
	results := runLater(t, mutant.NewLater(), "", 20*time.Second)
	for _, r := range results.Results {
		if r.Outcome != report.Pass && r.Outcome != report.Skip {
			t.Error(results.Explain(r))
		}
	}
	t.Logf("%v in %v", results.Summary, results.Elapsed)
}

// runLater runs scenarios of the later dialect inside this process.
func runLater(t *testing.T, i adapter.Implementation, run string, limit time.Duration) *report.Results {
	t.Helper()
	s := loadSpec(t)
	scenarios, err := conformance.Filter{Run: run, Dialect: conformance.LaterDialect}.Select(s)
	if err != nil {
		t.Fatal(err)
	}
	results, err := conformance.Run{
		Spec: s, Scenarios: scenarios, Subject: adapter.InProcess{Implementation: i}, Dialect: conformance.LaterDialect,
		Parallel: 4, Timeout: limit, StartTime: 20 * time.Second,
	}.Do(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return results
}

// TestLaterFaults finds each fault of the later dialect by a scenario of its requirement.
func TestLaterFaults(t *testing.T) {
	for _, f := range mutant.Faults() {
		if !strings.HasPrefix(f.Requirement, "ERQ-") {
			continue
		}
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			impl, err := mutant.New(f.Name)
			if err != nil {
				t.Fatal(err)
			}
			sum := runLater(t, impl, f.Requirement, 2*time.Second).Summary
			if sum[report.Fail]+sum[report.Timeout] == 0 {
				t.Errorf("it survives: %s", f.Text)
			}
			if f.Sign == mutant.Tells && sum[report.Fail] == 0 {
				t.Errorf("only waiting finds it: %s", f.Text)
			}
		})
	}
}

package mutant_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/mutant"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/features"
	"github.com/packetspec/packetspec/internal/subjecttest"
)

func TestMain(m *testing.M) { subjecttest.Main(m) }

func loadSpec(t *testing.T) *spec.Spec {
	t.Helper()
	s, err := spec.Load(features.FS)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestWithoutAFault requires every scenario to pass without a fault. Scenarios that need to
// see the standard error or the memory of a process are skipped inside this process, and
// then run against a separate one.
func TestWithoutAFault(t *testing.T) {
	s := loadSpec(t)
	impl, err := mutant.New("")
	if err != nil {
		t.Fatal(err)
	}
	scenarios := slices.DeleteFunc(slices.Clone(s.Scenarios), func(sc spec.Scenario) bool {
		return slices.Contains(sc.Tags, "@dialect-2024")
	})
	skipped := passAll(t, conformance.Run{Spec: s, Scenarios: scenarios, Subject: adapter.InProcess{Implementation: impl}})
	if len(skipped) > 13 {
		t.Errorf("expected at most 13 skipped scenarios, about the standard error and memory, got %d", len(skipped))
	}
	for _, sc := range passAll(t, conformance.Run{Spec: s, Scenarios: skipped, Subject: subjecttest.Mutant(t, "")}) {
		t.Errorf("%s: skipped in a separate process too", sc.ID)
	}
}

// TestLaterDialect requires the scenarios of the later dialect to pass without a fault, or
// to be skipped because they need to see a process.
func TestLaterDialect(t *testing.T) {
	s := loadSpec(t)
	scenarios, err := conformance.Filter{Dialect: conformance.LaterDialect}.Select(s)
	if err != nil {
		t.Fatal(err)
	}
	passAll(t, conformance.Run{
		Spec: s, Scenarios: scenarios, Dialect: conformance.LaterDialect,
		Subject: adapter.InProcess{Implementation: mutant.NewLater()},
	})
}

// passAll runs scenarios, reports those that neither pass nor are skipped as errors, and
// returns those that are skipped.
func passAll(t *testing.T, run conformance.Run) (skipped []spec.Scenario) {
	t.Helper()
	run.Parallel, run.Timeout, run.StartTime = 4, 20*time.Second, 20*time.Second
	results, err := run.Do(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results.Results {
		switch r.Outcome {
		case report.Pass:
		case report.Skip:
			skipped = append(skipped, run.Scenarios[i])
		default:
			t.Error(results.Explain(r))
		}
	}
	t.Logf("%v in %v", results.Summary, results.Elapsed)
	return skipped
}

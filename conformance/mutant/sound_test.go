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
	"github.com/packetspec/packetspec/internal/mutanttest"
)

func TestMain(m *testing.M) { mutanttest.Main(m) }

// inProcess is the mutant with a fault inside this process.
func inProcess(t *testing.T, fault string) adapter.Starter {
	t.Helper()
	impl, err := mutant.New(fault)
	if err != nil {
		t.Fatal(err)
	}
	return adapter.InProcess{Implementation: impl}
}

func loadSpec(t *testing.T) *spec.Spec {
	t.Helper()
	s, err := spec.Load(features.FS)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestWithoutAFault passes every scenario inside this process, and those that need
// to see the standard error as a process: none is skipped.
func TestWithoutAFault(t *testing.T) {
	s := loadSpec(t)
	scenarios := slices.DeleteFunc(slices.Clone(s.Scenarios), func(sc spec.Scenario) bool {
		return slices.ContainsFunc(sc.Tags, isOtherDialect)
	})
	skipped := passAll(t, s, scenarios, inProcess(t, ""))
	if len(skipped) > 12 {
		t.Errorf("%d scenarios are skipped, not just those about the standard error and memory", len(skipped))
	}
	for _, sc := range passAll(t, s, skipped, mutanttest.Process(t, "")) {
		t.Errorf("%s is skipped", sc.ID)
	}
}

// isOtherDialect finds the scenarios that are not about the specification's dialect.
func isOtherDialect(tag string) bool { return tag == "@dialect-2024" }

// passAll fails the test by the scenarios that do not pass, but for those that skip.
func passAll(t *testing.T, s *spec.Spec, scenarios []spec.Scenario, subject adapter.Starter) (skipped []spec.Scenario) {
	t.Helper()
	results, err := conformance.Run{
		Spec: s, Scenarios: scenarios, Parallel: 4, Timeout: 20 * time.Second, StartTime: 20 * time.Second, Subject: subject,
	}.Do(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results.Results {
		switch r.Outcome {
		case report.Pass:
		case report.Skip:
			skipped = append(skipped, scenarios[i])
		default:
			t.Error(results.Explain(r))
		}
	}
	t.Logf("%v in %v", results.Summary, results.Elapsed)
	return skipped
}

// TestLaterDialect passes the scenarios of the later dialect without a fault, but for
// those that need to see the process.
func TestLaterDialect(t *testing.T) {
	s := loadSpec(t)
	scenarios, err := conformance.Filter{Dialect: conformance.LaterDialect}.Select(s)
	if err != nil {
		t.Fatal(err)
	}
	results, err := conformance.Run{
		Spec: s, Scenarios: scenarios, Dialect: conformance.LaterDialect,
		Subject:  adapter.InProcess{Implementation: mutant.NewLater()},
		Parallel: 4, Timeout: 20 * time.Second, StartTime: 20 * time.Second,
	}.Do(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results.Results {
		if r.Outcome != report.Pass && r.Outcome != report.Skip {
			t.Error(results.Explain(r))
		}
	}
	t.Logf("%v in %v", results.Summary, results.Elapsed)
}

package reference_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/adapters/goreference"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/features"
	"github.com/packetspec/packetspec/reference"
)

// TestFeatures runs the specification inside this process. .ci/mutants runs it, without
// the other tests, against mechanical mutants of this package. So it stops at the first
// failure, and uses a small backlog, which a mutant that counts wrongly soon exceeds.
func TestFeatures(t *testing.T) {
	s, err := spec.Load(features.FS)
	if err != nil {
		t.Fatal(err)
	}
	scenarios, err := conformance.Filter{}.Select(s)
	if err != nil {
		t.Fatal(err)
	}
	limit := time.Minute
	if os.Getenv("PACKETSPEC_MUTANTS") != "" {
		limit = 5 * time.Second // a mutant that hangs uses it up
	}
	results, err := conformance.Run{
		Spec: s, Scenarios: scenarios, Parallel: 8, Timeout: limit, StartTime: 20 * time.Second,
		Subject: adapter.InProcess{Implementation: goreference.Implementation{
			Options: []reference.Option{reference.WithBacklog(4 << 20)},
		}},
		Last: func(r report.Result) bool { return r.Counts(true) },
	}.Do(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results.Results {
		if r.Counts(true) {
			t.Error(results.Explain(r))
		}
	}
	if !results.Conforms(true) {
		t.Errorf("the reference does not conform: %v, %d not run", results.Summary, results.NotRun)
	}
}

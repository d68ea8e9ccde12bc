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

// TestFeatures runs the specification inside this process. The mutants that a tool makes
// of this package are to be found by it alone, so it ends at the first failure, and holds
// little for a peer, so that what is held is soon too much if it is counted wrongly.
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
		limit = 5 * time.Second // a mutant that hangs has all of it
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

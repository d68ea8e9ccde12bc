package conformance_test

import (
	"context"
	"testing"
	"time"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/adapters/goreference"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/features"
)

// TestReference runs every scenario against the reference inside this process.
func TestReference(t *testing.T) {
	s, err := spec.Load(features.FS)
	if err != nil {
		t.Fatal(err)
	}
	results, err := conformance.Run{
		Spec: s, Scenarios: s.Scenarios, Parallel: 4, Timeout: 10 * time.Second, StartTime: 10 * time.Second,
		Subject: adapter.InProcess{Implementation: goreference.Implementation{}},
	}.Do(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if len(results.Results) != len(s.Scenarios) {
		t.Errorf("%d results of %d scenarios", len(results.Results), len(s.Scenarios))
	}
	for _, r := range results.Results {
		switch r.Outcome {
		case report.Pass:
		case report.Skip:
			t.Logf("%s: %s", r.ID, r.Reason)
		default:
			t.Error(results.Explain(r))
		}
	}
	t.Log(results.Summary, results.Elapsed)
}

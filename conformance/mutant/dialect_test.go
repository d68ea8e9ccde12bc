package mutant_test

import (
	"context"
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

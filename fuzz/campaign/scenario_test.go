package campaign_test

import (
	"context"
	"io/fs"
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/adapters/goreference"
	"github.com/packetspec/packetspec/conformance/mutant"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/features"
	"github.com/packetspec/packetspec/fuzz/campaign"
)

// TestScenarios runs the scenarios of findings through the suite: unchanged, they fail for the fault
// that was found, and pass for the reference.
func TestScenarios(t *testing.T) {
	if testing.Short() {
		t.Skip("not in short mode: under the race detector replies are late, and a campaign suspects them")
	}
	for _, fault := range []string{
		"tag-never-free", "duplicate-loses-first", "int-overlong-refused", "eof-cancels-none", "shutdown-cancels-pending",
		"decoder-for-failures", "nested-refused", "stray-ends-stream", "meo-ignored", "block-returns-at-once",
		"handler-gets-shifted-flags", "packets-after-shutdown-handled",
	} {
		t.Run(fault, func(t *testing.T) {
			f := sureFinding(t, fault)
			text := scenarioOf(t, f)
			if got := outcome(t, text, mutant.InProcess{Fault: fault}); got == report.Pass {
				t.Errorf("with the fault it passes:\n%s", text)
			}
			if got := outcome(t, text, adapter.InProcess{Implementation: goreference.Implementation{}}); got != report.Pass {
				t.Errorf("the reference does not pass it, but ends in %s:\n%s", got, text)
			}
		})
	}
}

// sureFinding returns the first finding that does not depend on scheduling. Whether a shutdown returns
// a moment before EOF, for example, does.
func sureFinding(t *testing.T, fault string) *campaign.Finding {
	t.Helper()
	sure := firstFinding(t, campaign.Campaign{Starter: mutant.InProcess{Fault: fault}, Seed: 1, Inputs: 5000, Minimize: 100}, func(f *campaign.Finding) bool {
		return !f.Flaky() && f.Difference.Kind != "shutdown returns before EOF"
	})
	if sure == nil {
		t.Fatal("nothing is found for sure")
	}
	return sure
}

// scenarioOf returns a finding as a scenario, at the level of its requirement.
func scenarioOf(t *testing.T, f *campaign.Finding) string {
	t.Helper()
	s, err := spec.Load(features.FS)
	if err != nil {
		t.Fatal(err)
	}
	q, ok := s.Requirement(f.Difference.Requirement)
	if !ok {
		t.Fatalf("there is no requirement %s", f.Difference.Requirement)
	}
	return f.Scenario(q.Level)
}

// outcome returns the outcome of a feature with one scenario that is added to the suite.
func outcome(t *testing.T, feature string, subject adapter.Starter) report.Outcome {
	t.Helper()
	const file = "99-found.feature"
	all := fstest.MapFS{file: {Data: []byte(feature)}}
	entries, err := fs.ReadDir(features.FS, ".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() {
			continue
		}
		text, err := fs.ReadFile(features.FS, e.Name())
		if err != nil {
			t.Fatal(err)
		}
		all[e.Name()] = &fstest.MapFile{Data: text}
	}
	s, err := spec.Load(all)
	if err != nil {
		t.Fatalf("%v\n%s", err, feature)
	}
	found := slices.DeleteFunc(slices.Clone(s.Scenarios), func(sc spec.Scenario) bool { return sc.File != file })
	results, err := conformance.Run{
		Spec: s, Scenarios: found, Subject: subject, Parallel: 1, Timeout: 3 * time.Second, StartTime: 20 * time.Second,
	}.Do(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if len(results.Results) != 1 {
		t.Fatalf("%d results of one scenario:\n%s", len(results.Results), feature)
	}
	r := results.Results[0]
	if r.Outcome != report.Pass {
		t.Log(results.Explain(r))
	}
	return r.Outcome
}

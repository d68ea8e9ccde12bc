package conformance_test

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/known"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/features"
	"github.com/packetspec/packetspec/internal/subjecttest"
)

// TestOriginal runs the suite against releases of the original. Each must deviate exactly as
// its list of known deviations says. A list with one line too few or too many must fail.
func TestOriginal(t *testing.T) {
	for _, release := range []string{"20211208", "20210306"} {
		t.Run(release, func(t *testing.T) {
			t.Parallel() // most of the time is spent in timeouts
			testOriginal(t, release)
		})
	}
}

func testOriginal(t *testing.T, release string) {
	dir := filepath.Join("adapters", "python-cs-packetstream")
	original := subjecttest.Original(t, dir, release)
	s, err := spec.Load(features.FS)
	if err != nil {
		t.Fatal(err)
	}
	list, err := os.ReadFile(filepath.Join(dir, "known-"+release+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	run := func(t *testing.T, text string, scenarios []spec.Scenario) *report.Results {
		t.Helper()
		list, err := known.Read("list", strings.NewReader(text), s)
		if err != nil {
			t.Fatal(err)
		}
		results, err := conformance.Run{
			Spec: s, Scenarios: scenarios, Known: list, Parallel: 4,
			Timeout: 5 * time.Second, StartTime: time.Minute,
			Subject: original,
		}.Do(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		return results
	}

	scenarios, err := conformance.Filter{}.Select(s)
	if err != nil {
		t.Fatal(err)
	}
	whole := run(t, string(list), scenarios)
	if !whole.Conforms(true) {
		for _, r := range whole.Results {
			if r.Outcome != report.Pass && r.Outcome != report.Known && r.Outcome != report.Skip {
				t.Error(whole.Explain(r))
			}
		}
	}
	if whole.Summary[report.Pass] < 330 {
		t.Errorf("only %d scenarios pass: %v", whole.Summary[report.Pass], whole.Summary)
	}

	const deviating, passing = "tags/a-tag-is-used-again-after-its-answer", "tags/requests-in-flight-have-different-tags"
	two := []spec.Scenario{find(t, s, deviating), find(t, s, passing)}
	lacking := regexp.MustCompile(`(?m)^`+deviating+` .*$`).ReplaceAllString(string(list), "")
	if r := run(t, lacking, two); r.Conforms(true) || r.Summary[report.Fail] != 1 {
		t.Errorf("a list that lacks a deviation: %v", r.Summary)
	}
	if r := run(t, string(list)+passing+" TAG-2 fail no reason\n", two); r.Conforms(false) || r.Summary[report.Fixed] != 1 {
		t.Errorf("a list with a scenario that passes: %v", r.Summary)
	}
}

func find(t *testing.T, s *spec.Spec, id string) spec.Scenario {
	t.Helper()
	sc, found := s.Scenario(id)
	if !found {
		t.Fatalf("no scenario %s", id)
	}
	return sc
}

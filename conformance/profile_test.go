package conformance_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/mutant"
	"github.com/packetspec/packetspec/conformance/profile"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/features"
)

// claiming is an implementation that claims other abilities than it has.
type claiming struct {
	adapter.Implementation
	supports []adapter.Ability
}

func (c claiming) Hello() adapter.Hello {
	h := c.Implementation.Hello()
	h.Supports = c.supports
	return h
}

// TestEveryAbilityIsTested skips a scenario for want of each ability. The profile everything thus fails
// an adapter that lacks one, and no other profile does.
func TestEveryAbilityIsTested(t *testing.T) {
	s, err := spec.Load(features.FS)
	if err != nil {
		t.Fatal(err)
	}
	scenarios, err := conformance.Filter{Run: strings.Fields("EQ-2 TXT-1 EOS-6 TCK-1 DCR-1 HND-7 RQS-3 INT-5 CHN-2 JOI-2")}.Select(s)
	if err != nil {
		t.Fatal(err)
	}
	subject, err := mutant.New("")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []profile.Profile{profile.Connection, profile.Everything} {
		r := realResults(t, conformance.Run{
			Spec: s, Scenarios: scenarios, Parallel: 8, Timeout: 30 * time.Second, StartTime: 30 * time.Second, Profile: p,
			Subject: adapter.InProcess{Implementation: claiming{subject, []adapter.Ability{"bigintegers"}}},
		})
		lacks, counted := map[string]bool{}, map[string]bool{}
		for _, result := range r.Results {
			switch {
			case result.Outcome != report.Pass && result.Outcome != report.Skip:
				t.Errorf("%s: %s: got the outcome %s", p, result.ID, result.Outcome)
			case result.Counts(false):
				counted[result.Lacks] = true
				fallthrough
			case result.Outcome == report.Skip:
				lacks[result.Lacks] = true
			}
		}
		for _, a := range adapter.Abilities {
			check(t, string(p)+": a scenario is skipped for want of "+string(a), lacks[string(a)], true)
			check(t, string(p)+": it counts", counted[string(a)], p == profile.Everything)
			check(t, string(p)+": it is among what is lacking", slices.Contains(r.Lacking, string(a)), true)
		}
		check(t, string(p)+": abilities and commands lacking", len(r.Lacking), len(adapter.Abilities))
		check(t, string(p)+": conforms", r.Conforms(true), p != profile.Everything)
		check(t, "notes", strings.Join(r.Notes, "; "), `the adapter's reply to hello lists "bigintegers", which is not an ability; did it mean "big-integers"?`)
	}
}

// TestProfileOfAFake counts a must that is skipped for want of a core command that the profile
// requires.
func TestProfileOfAFake(t *testing.T) {
	for _, p := range profile.All {
		run := newFake(t, "right", "refuse").run()
		run.Profile = p
		r := results(t, run)
		check(t, "outcomes", outcomes(r), "pass skip")
		check(t, string(p)+": lacks", r.Results[1].Lacks, adapter.OpEncode)
		check(t, string(p)+": unmet", r.Results[1].Unmet, string(p))
		check(t, string(p)+": conforms", r.Conforms(false), false)
	}
}

// TestClaimed leaves out, for the profile codec alone, the scenarios that need a connection.
func TestClaimed(t *testing.T) {
	s, err := spec.Load(features.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range profile.All {
		claimed, outside, err := conformance.Claimed(p, s.Scenarios)
		if err != nil {
			t.Fatal(err)
		}
		check(t, string(p)+": all scenarios", len(claimed)+outside, len(s.Scenarios))
		connected := slices.ContainsFunc(claimed, func(sc spec.Scenario) bool {
			return slices.ContainsFunc(sc.Steps, func(step string) bool {
				return strings.Contains(step, "connection") || strings.HasPrefix(step, "the peer")
			})
		})
		check(t, string(p)+": scenarios with a connection", connected, p != profile.Codec)
		check(t, string(p)+": leaves some out", outside > 0, p == profile.Codec)
		check(t, string(p)+": keeps some", len(claimed) > 0, true)
	}
	shutdown, err := conformance.Filter{Run: []string{"SHD-1"}}.Select(s)
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = conformance.Claimed(profile.Codec, shutdown)
	if !errors.Is(err, conformance.ErrNothingSelected) || !strings.HasSuffix(err.Error(), "\nhint: --profile connection") {
		t.Errorf("got %v, expected ErrNothingSelected and a hint at the other profile", err)
	}
}

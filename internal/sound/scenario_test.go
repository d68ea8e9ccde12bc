package sound

import (
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/features"
	"github.com/packetspec/packetspec/fuzz/campaign"
	"github.com/packetspec/packetspec/fuzz/judge"
	"github.com/packetspec/packetspec/fuzz/mutate"
	"github.com/packetspec/packetspec/fuzz/plan"
)

// kinds are the kinds of differences by which scenarios of findings differ.
var kinds = []string{"no answer", "shutdown returns early", "shutdown returns before EOF", "cancelled early", "told cut", "handler called"}

// found returns a feature with the scenarios of n random inputs, as of findings.
func found(seed uint64, n int) string {
	var s strings.Builder
	s.WriteString("Feature: Found by fuzzing\n")
	chance := rand.New(rand.NewPCG(seed, 3))
	var raw []byte
	for i := range n {
		if len(raw) > 120 {
			raw = nil
		}
		raw = mutate.Mutate(chance, raw, raw, 1<<10)
		f := campaign.Finding{
			Signature: fmt.Sprintf("%d", i), Input: raw, Plan: plan.Make(raw, plan.Abilities{Channels: true, Decode: true, DecodeFlags: true}),
			Difference: judge.Difference{Requirement: "EOS-2", Kind: kinds[i%len(kinds)], State: "open"},
		}
		_, scenario, _ := strings.Cut(f.Scenario(spec.Must), "\n")
		if strings.Contains(scenario, "No step") { // something in it is beyond the steps
			continue
		}
		fmt.Fprintf(&s, "%s\n    # %x\n", scenario, raw)
	}
	return s.String()
}

// TestScenarios has the scenarios of findings pass implementations that are sound but late:
// a finding of such a scenario must be the fault's.
func TestScenarios(t *testing.T) {
	each(t, func(t *testing.T, late Late) {
		t.Parallel()
		const file = "99-found.feature"
		all := fstest.MapFS{file: {Data: []byte(found(late.Seed, number("SOUND_INPUTS", 1000)/5))}}
		entries, err := fs.ReadDir(features.FS, ".")
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if text, err := fs.ReadFile(features.FS, e.Name()); err == nil {
				all[e.Name()] = &fstest.MapFile{Data: text}
			}
		}
		s, err := spec.Load(all)
		if err != nil {
			t.Fatal(err)
		}
		scenarios := slices.DeleteFunc(slices.Clone(s.Scenarios), func(sc spec.Scenario) bool { return sc.File != file })
		results, err := conformance.Run{
			Spec: s, Scenarios: scenarios, Subject: late, Parallel: 8, Timeout: 10 * time.Second, StartTime: 20 * time.Second,
		}.Do(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		passed := 0
		for _, r := range results.Results {
			switch r.Outcome {
			case report.Pass:
				passed++
			case report.Skip:
			default:
				t.Errorf("%s", results.Explain(r))
			}
		}
		t.Logf("%d of %d scenarios passed", passed, len(results.Results))
	})
}

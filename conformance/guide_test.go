package conformance_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/mutant"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
)

// guideStages lists the commands that the guide's table of levels adds, row by row.
var guideStages = [][]string{
	{adapter.OpHello, adapter.OpEncode},
	{adapter.OpDecode},
	{adapter.OpOpen, adapter.OpSeen, adapter.OpRelease, adapter.OpClose},
	{adapter.OpRequest, adapter.OpWait, adapter.OpDo},
	{adapter.OpShutdown, adapter.OpJoin},
}

// TestGuideLevels counts the scenarios that the commands of each stage turn on, and then those of each
// ability. The guide must say as many.
func TestGuideLevels(t *testing.T) {
	if testing.Short() {
		t.Skip("it runs the suite several times")
	}
	guide, err := os.ReadFile("adapter/ADAPTERS.md")
	if err != nil {
		t.Fatal(err)
	}
	s, scenarios := wholeSuite(t)
	impl, err := mutant.New("")
	if err != nil {
		t.Fatal(err)
	}
	says := func(commands string, turnsOn, inAll int) {
		row := fmt.Sprintf(" | %d | %d |\n", turnsOn, inAll)
		_, rest, _ := strings.Cut(string(guide), "\n| "+commands+" |")
		line, _, found := strings.Cut(rest, "\n")
		if !found || !strings.HasSuffix(line+"\n", row) {
			t.Errorf("the row of %s in ADAPTERS.md must end in%s", commands, row)
		}
	}
	var ops []string
	before := 0
	for _, stage := range guideStages {
		ops = append(ops, stage...)
		ons, lacks := turnedOn(t, s, scenarios, impl, ops)
		says("`"+strings.Join(stage, "`, `")+"`", ons-before, ons)
		before = ons
		if len(ops) < len(slices.Concat(guideStages...)) {
			continue
		}
		for _, a := range adapter.Abilities {
			ons += lacks[string(a)]
			says("ability `"+string(a)+"`", lacks[string(a)], ons)
		}
		if ons != len(scenarios) {
			t.Errorf("%d of %d scenarios need a command or an ability: %v", ons, len(scenarios), lacks)
		}
	}
}

// turnedOn returns how many scenarios an adapter runs that has these commands and no ability, and how
// many are skipped for want of each thing.
func turnedOn(t *testing.T, s *spec.Spec, scenarios []spec.Scenario, impl adapter.Implementation, ops []string) (ons int, lacks map[string]int) {
	t.Helper()
	refuse := func(m adapter.Message) adapter.Kind {
		switch {
		case !slices.Contains(ops, m.Op):
			return adapter.Unsupported
		case m.Channel != "": // as an implementation without channels does
			return adapter.Invalid
		}
		return ""
	}
	r := realResults(t, conformance.Run{
		Spec: s, Scenarios: scenarios, Parallel: 8, Timeout: 30 * time.Second, StartTime: 30 * time.Second,
		Subject: refusing(claiming{impl, nil}, refuse, new(atomic.Int64)),
	})
	lacks = map[string]int{}
	for _, result := range r.Results {
		switch {
		case result.Outcome == report.Skip && result.Lacks != "":
			lacks[result.Lacks]++
		case result.Outcome == report.Pass || result.Outcome == report.Skip:
			ons++ // those about memory are skipped within one process
		default:
			t.Errorf("%s: got the outcome %s", result.ID, result.Outcome)
		}
	}
	return ons, lacks
}

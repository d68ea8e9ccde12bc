//go:build unix

package probe

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/profile"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/conformance/steps"
)

// sharedTag is the tag of the scenarios that may follow one another on one connection. They are in sharedFile.
const (
	sharedTag  = "@one-connection"
	sharedFile = "22-seen-from-outside.feature"
)

// A Run is a run of scenarios against a program.
type Run struct {
	conformance.Series // without Subject, Program and Profile, which the run sets
	Target             *Target
	Asks               []steps.Ask // the requests that may be sent; none: [DefaultAsk]
}

// Do examines the program, and runs the scenarios as [conformance.Series.Do] does. Its error may also be a
// [*adapter.StartError]: the program did not start, or does not speak the protocol.
func (r Run) Do(ctx context.Context) (*report.Results, error) {
	if r.Asks == nil {
		r.Asks = []steps.Ask{DefaultAsk}
	}
	limits := Limits{Start: r.StartTime, Answer: r.Timeout}
	e, err := examine(ctx, r.Target, r.Asks, limits)
	if err != nil {
		return nil, err
	}
	s := &subject{target: r.Target, limits: limits, exam: e, first: e.first}
	if !e.parallel {
		r.Scenarios, s.sharing = inOrder(r.Scenarios)
		r.Parallel, r.Seed = 1, 0
		e.program.Single = true
	}
	if !r.Target.isLocal() { // the examination has shown that two are served
		r.Parallel = min(r.Parallel, 2)
	}
	r.Subject, r.Program, r.Profile = s, &e.program, profile.Outside
	// A scenario's connection may begin with the start of the program.
	r.Timeout += (startups * e.startup).Round(100 * time.Millisecond)
	results, err := r.Series.Do(ctx)
	s.abandon() // unless a scenario has ended the first connection
	if results != nil {
		results.Notes = slices.Concat(e.notes, results.Notes)
	}
	return results, err
}

// inOrder returns the scenarios in the order for a program that may serve one connection alone: those that
// share a connection, then the others of their feature, the first of which ends it, and then all others. It
// also returns how many leave the connection open.
func inOrder(scenarios []spec.Scenario) (ordered []spec.Scenario, sharing int) {
	rank := func(sc spec.Scenario) int {
		switch {
		case slices.Contains(sc.Tags, sharedTag):
			sharing++
			return 0
		case sc.File == sharedFile:
			return 1
		}
		return 2
	}
	ranks := map[string]int{}
	for _, sc := range scenarios {
		ranks[sc.ID] = rank(sc)
	}
	ordered = slices.SortedStableFunc(slices.Values(scenarios), func(a, b spec.Scenario) int { return cmp.Compare(ranks[a.ID], ranks[b.ID]) })
	return ordered, min(sharing, len(scenarios)-1)
}

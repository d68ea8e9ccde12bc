// Package packetspectest runs the conformance suite as subtests of go test, against an implementation of
// the packet stream protocol in Go:
//
//	func TestConformance(t *testing.T) {
//		packetspectest.Run(t, mine.Implementation{})
//	}
//
// Each scenario is a subtest, named after its feature and itself, so that one can be run alone:
//
//	go test -run 'TestConformance/tags/a-tag-is-used-again'
//
// The implementation runs in the process of the test. So a few scenarios are skipped, which look at the
// memory and the standard error of a process of its own; packetspec test runs them against an adapter.
package packetspectest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/known"
	"github.com/packetspec/packetspec/conformance/profile"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/features"
)

// An Option changes what [Run] runs, or what counts as a failure.
type Option func(*suite)

// Strict has scenarios of every level count. Without it those of level must count, and the others are
// skipped, with an explanation, if they fail.
func Strict() Option { return func(s *suite) { s.everyLevel = true } }

// FailFast has no scenario start after one that counts has failed.
func FailFast() Option { return func(s *suite) { s.failFast = true } }

// Dialect names the dialect that the implementation speaks: 2021, the default, or 2024.
func Dialect(name string) Option { return func(s *suite) { s.filter.Dialect = name } }

// Profile names what the implementation claims; the default is [profile.Connection]. A scenario that is
// skipped for want of something that it claims fails.
func Profile(p profile.Profile) Option { return func(s *suite) { s.run.Profile = p } }

// Known names a file that lists the known deviations, as packetspec test --known does. A scenario that
// deviates as listed is skipped, one that is listed but passes fails, and all levels count.
func Known(file string) Option { return func(s *suite) { s.known, s.everyLevel = file, true } }

// Skip leaves out the scenarios that match one of these regular expressions, as packetspec test --skip does.
func Skip(expressions ...string) Option {
	return func(s *suite) { s.filter.Skip = append(s.filter.Skip, expressions...) }
}

// Timeout bounds how long a scenario may be silent; the default is 20 s. In all it may take 20 times as long.
func Timeout(d time.Duration) Option { return func(s *suite) { s.run.Timeout = d } }

// parallel is how many scenarios run at a time: most of them wait.
const parallel = 8

// A suite is what [Run] runs.
type suite struct {
	run        conformance.Run
	filter     conformance.Filter
	known      string // the file; empty: none
	everyLevel bool
	failFast   bool
	stopped    atomic.Bool // a scenario that counts has failed, with failFast
}

// Run runs the suite against an implementation, and returns when all scenarios have ended. Each is a subtest
// of one of its feature. A failure shows what was expected, what came, and what went over the wire.
func Run(t *testing.T, impl adapter.Implementation, options ...Option) {
	t.Helper()
	specification, err := spec.Load(features.FS)
	if err != nil {
		t.Fatal(err)
	}
	s := &suite{run: conformance.Run{
		Spec: specification, Subject: adapter.InProcess{Implementation: impl},
		Parallel: parallel, Timeout: 20 * time.Second, StartTime: 20 * time.Second,
	}}
	for _, option := range options {
		option(s)
	}
	scenarios, err := s.prepare()
	if err != nil {
		t.Fatal(err)
	}
	for len(scenarios) > 0 {
		feature, _, _ := strings.Cut(scenarios[0].ID, "/")
		n := 1
		for n < len(scenarios) && strings.HasPrefix(scenarios[n].ID, feature+"/") {
			n++
		}
		t.Run(feature, func(t *testing.T) { s.feature(t, scenarios[:n]) })
		scenarios = scenarios[n:]
	}
}

// prepare completes the run by what the options name, and returns the scenarios of its dialect and profile.
func (s *suite) prepare() ([]spec.Scenario, error) {
	s.run.Dialect = s.filter.Dialect
	scenarios, err := s.filter.Select(s.run.Spec)
	if err == nil && s.run.Profile != "" {
		scenarios, _, err = conformance.Claimed(s.run.Profile, scenarios)
	}
	if err != nil || s.known == "" {
		return scenarios, err
	}
	f, err := os.Open(s.known)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	s.run.Known, err = known.Read(s.known, f, s.run.Spec)
	return scenarios, err
}

// A verdict is what a subtest reports.
type verdict struct {
	result report.Result
	err    error // there is no result
}

// feature runs the scenarios of one feature that the flags of go test select. Package testing says which
// these are by starting their subtests. They are parallel, so they wait until this function has returned, and
// the run of all of them has begun.
func (s *suite) feature(t *testing.T, scenarios []spec.Scenario) {
	run, verdicts := s.run, map[string]chan verdict{}
	of := run.Suite()
	for _, sc := range scenarios {
		_, name, _ := strings.Cut(sc.ID, "/")
		t.Run(name, func(t *testing.T) {
			run.Scenarios = append(run.Scenarios, sc)
			comes := make(chan verdict, 1)
			verdicts[sc.ID] = comes
			t.Parallel()
			s.report(t, of, <-comes)
		})
	}
	if len(run.Scenarios) == 0 {
		return
	}
	name := t.Name()
	run.Again = func(r report.Result) string { return again(name, r.ID) }
	run.Observe = func(r report.Result) { verdicts[r.ID] <- verdict{result: r} }
	if s.failFast {
		run.Last = func(r report.Result) bool { return r.Counts(s.everyLevel) }
	}
	ctx := t.Context()
	go func() {
		err := errStopped
		if !s.stopped.Load() {
			err = do(ctx, run)
		}
		for _, comes := range verdicts {
			select {
			case comes <- verdict{err: err}: // only to those without a result: one has room
			default:
			}
		}
	}()
}

// errStopped is the reason for which scenarios have no result after a failure, with [FailFast].
var errStopped = errors.New("not run: an earlier scenario has failed")

// do runs the scenarios. Its error is the reason for which some have no result.
func do(ctx context.Context, run conformance.Run) error {
	results, err := run.Do(ctx)
	switch {
	case err != nil:
		return err
	case results.Interrupted != "":
		return fmt.Errorf("not run: the test was interrupted by %s", results.Interrupted)
	}
	return errStopped
}

// again returns the command that runs one scenario of a test again.
func again(feature, id string) string {
	_, scenario, _ := strings.Cut(id, "/")
	var levels []string
	for level := range strings.SplitSeq(feature+"/"+scenario, "/") {
		levels = append(levels, "^"+regexp.QuoteMeta(level)+"$")
	}
	return "go test -run '" + strings.Join(levels, "/") + "'"
}

// report ends a subtest as its scenario ended.
func (s *suite) report(t *testing.T, of report.Suite, v verdict) {
	t.Helper()
	r := v.result
	explanation := func() string { return "\n" + (&report.Results{Suite: of}).Explain(r) }
	switch {
	case errors.Is(v.err, errStopped):
		t.Skip(v.err)
	case v.err != nil:
		t.Fatal(v.err)
	case r.Counts(s.everyLevel):
		s.stopped.Store(s.failFast)
		t.Error(explanation())
	case r.Outcome == report.Known:
		t.Skipf("a known deviation: %s", r.Reason)
	case r.Outcome == report.Skip:
		t.Skip(r.Reason)
	case r.Outcome.Deviates():
		t.Skip("it fails, which counts with packetspectest.Strict alone: its level is " + string(r.Level) + explanation())
	}
}

package conformance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/cucumber/godog"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/record"
	"github.com/packetspec/packetspec/conformance/replay"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/conformance/steps"
	"github.com/packetspec/packetspec/internal/environment"
)

// How long an adapter may take to close a scenario's connections, and to answer after a
// scenario that did not pass. A healthy adapter takes milliseconds for either.
const (
	closeTime = 2 * time.Second
	aliveTime = 1 * time.Second
)

// reported bounds what a result keeps of what happened in its scenario: a run may have hundreds of
// failures, and a report holds all of them.
var reported = record.Limit{Events: 200, Each: 2 << 10, Bytes: 32 << 10}

// runScenario runs one scenario on a session and reports whether the session can
// serve another scenario. The error is an [*EnvironmentError]: the result says nothing then.
func (run Run) runScenario(ctx context.Context, sc spec.Scenario, session *adapter.Session, dir string) (r report.Result, usable bool, broken error) {
	r = newResult(sc)
	session.MarkStderr()
	world := &steps.World{Session: session, Dir: dir, Timeout: run.Timeout, HasERQ: run.Dialect == LaterDialect, Reached: run.reached, Program: run.Program}
	stop := world.Watch(ctx)
	began := time.Now()
	step, err := play(sc, world)
	stop()
	r.DurationMS = float64(time.Since(began).Microseconds()) / 1000

	// The next scenario must find no connection of this one.
	closing, done := steps.Patiently(context.WithoutCancel(ctx), session, closeTime)
	defer done()
	closeErr := world.Close(closing)
	if err != nil && !errors.Is(err, steps.ErrSkip) {
		detectCrash(ctx, session)
		if lack := world.Lacks(); lack != nil && session.Err() == nil {
			err = lack
		}
	}
	if err == nil { // the steps passed, perhaps before the adapter said that it cannot do what they began with
		err = world.LacksLate()
	}
	usable = closeErr == nil && session.Err() == nil
	if broken := environmentError(err, dir); broken != nil {
		return r, false, broken
	}

	var failure *steps.Failure
	switch {
	case session.Err() != nil:
		r.Outcome, r.Step, r.Reason = report.Crash, step, session.Err().Error()
		if errors.Is(session.Err(), adapter.ErrEnded) {
			r.Reason = session.DescribeExit(world.Unanswered())
		}
	case err == nil && errors.Is(closeErr, steps.ErrSkip):
		return skip(run.Profile, r, closeErr), usable, nil
	case err == nil:
		r.Outcome = report.Pass
		if run.WireOfAll {
			r.Wire, r.Events = world.Wire(), world.Record(reported)
		}
		return r, usable, nil
	case errors.Is(err, steps.ErrSkip):
		return skip(run.Profile, r, err), usable, nil
	case errors.As(err, &failure):
		r.Outcome, r.Step, r.Expected, r.Actual = report.Fail, step, failure.Expected, failure.Actual
		if failure.TimedOut {
			r.Outcome = report.Timeout
		}
	default:
		r.Outcome, r.Step, r.Actual = report.Fail, step, err.Error()
	}
	r.Wire, r.Events = world.Wire(), world.Record(replay.Limit)
	if r.Outcome != report.Crash { // its reason has the standard error
		r.Stderr = session.Stderr()
	}
	return r, false, nil // after a failure the adapter may be in any state, so it is not reused
}

// environmentError returns the [*EnvironmentError] in the error of a scenario, or the one behind
// it: without the folder of its named pipes no subject can pass. It returns nil if there is none.
func environmentError(err error, dir string) error {
	var broken *EnvironmentError
	switch {
	case errors.As(err, &broken):
		return broken
	case err == nil || errors.Is(err, steps.ErrSkip):
		return nil
	}
	if _, err := os.Stat(dir); err != nil {
		return environment.Explain("find the folder of the named pipes", err)
	}
	return environment.Allows()
}

// newResult returns a result of a scenario that has no outcome yet.
func newResult(sc spec.Scenario) report.Result {
	return report.Result{
		ID: sc.ID, Feature: sc.Feature, Scenario: sc.Name, File: sc.File, Line: sc.Line, Requirements: sc.Requirements, Level: sc.Level,
	}
}

// detectCrash gives the client an occasion to notice that the adapter has ended or is about
// to end: it sends a command and ignores the reply. Session.Err then reports the crash.
func detectCrash(ctx context.Context, session *adapter.Session) {
	bounded, stop := steps.Patiently(context.WithoutCancel(ctx), session, aliveTime)
	defer stop()
	_, _ = session.Do(bounded, adapter.Message{Op: adapter.OpHello, Version: adapter.Version})
}

// play runs the scenario with godog and returns the first step that failed, with its error.
//
// Each scenario is a suite of its own, because godog's formatters, seed and concurrency
// belong to a whole suite, and because its verdicts count a skipped scenario as passed.
//
// Each scenario is parsed a second time. godog v0.16 accepts features as text only, from
// FeatureContents or from Paths, and the packages in which it keeps a parsed feature are
// internal. A line filter, as in "a.feature:7", parses the whole file all the same. The
// text of one scenario alone keeps the second parse of all 772 scenarios at about 50 ms.
func play(sc spec.Scenario, world *steps.World) (step string, err error) {
	played := 0
	suite := godog.TestSuite{
		Name: sc.ID,
		ScenarioInitializer: func(s *godog.ScenarioContext) {
			played++
			world.Register(s)
			s.StepContext().After(func(ctx context.Context, st *godog.Step, _ godog.StepResultStatus, stepErr error) (context.Context, error) {
				if stepErr != nil && err == nil {
					step, err = spec.StepText(st), stepErr
				}
				return ctx, nil
			})
		},
		Options: &godog.Options{
			Format: "progress", Output: io.Discard, NoColors: true, Strict: true,
			FeatureContents: []godog.Feature{{Name: sc.File, Contents: sc.Source}},
			DefaultContext:  world.Ctx,
		},
	}
	if status := suite.Run(); status != 0 && err == nil {
		err = fmt.Errorf("godog ended with status %d, but no step failed", status)
	}
	if played != 1 && err == nil {
		err = fmt.Errorf("%d scenarios ran, expected one", played)
	}
	return step, err
}

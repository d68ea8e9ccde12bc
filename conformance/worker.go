package conformance

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/internal/environment"
)

// maxFailedStarts is how often in a row an adapter that has started before may fail to. One
// failure may be the machine's, short of memory or processes; after several, every further
// scenario would only report the same.
const maxFailedStarts = 3

// A worker runs one scenario after another. It keeps its adapter alive between them, but
// replaces it after a scenario that may have left it in any state.
type worker struct {
	*schedule
	session *adapter.Session // nil: none is alive
	failed  int              // starts in a row that failed
}

func (w *worker) start(ctx context.Context) (err error) {
	bounded, cancel := adapter.WithStartTime(ctx, w.StartTime, fmt.Errorf("no answer within %v", w.StartTime))
	defer cancel()
	w.session, err = w.Subject.Start(bounded)
	return err
}

func (w *worker) work(ctx context.Context) {
	defer w.stop()
	for ctx.Err() == nil && w.failed < maxFailedStarts {
		index, ok := w.next()
		if !ok {
			return
		}
		if r, replied, done := w.attempt(ctx, w.Scenarios[index]); done {
			w.record(index, r, replied)
		}
	}
}

// attempt runs one scenario, and again while it deviates, as Retry allows. It also reports
// whether the subject replied to any command, and whether there is a result: an attempt during
// which ctx ends says nothing about the scenario.
func (w *worker) attempt(ctx context.Context, sc spec.Scenario) (r report.Result, replied, done bool) {
	var attempts report.Attempts
	for try := 0; try <= w.Retry; try++ {
		one, spoke, ran, err := w.run(ctx, sc)
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			w.giveUp(err)
			break
		}
		if !ran {
			if w.failed++; w.failed == maxFailedStarts {
				w.failedToStart()
			}
		}
		attempts.Add(one)
		r, done = attempts.Result()
		replied = replied || spoke
		if !one.Outcome.Deviates() || !w.judge(r).Outcome.Deviates() || w.failed >= maxFailedStarts {
			break
		}
	}
	return r, replied, done
}

// failedToStart notes why the worker takes no further scenario.
func (w *worker) failedToStart() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.because = cmp.Or(w.because, fmt.Sprintf("the adapter failed to start %d times in a row", maxFailedStarts))
}

func (w *worker) stop() {
	if w.session == nil {
		return
	}
	if err := w.session.Stop(); err != nil {
		w.note(err.Error())
	}
	w.release()
}

// release forgets an adapter that has ended, and notes what it has left behind.
func (w *worker) release() {
	if left := w.session.LeftBehind(); left != "" {
		w.note(left)
	}
	w.session = nil
}

// run runs one scenario, on a new adapter if none is alive. It reports whether the adapter
// replied to any of its commands, and whether the scenario ran at all. The error is an
// [*EnvironmentError], and there is no result then.
func (w *worker) run(ctx context.Context, sc spec.Scenario) (r report.Result, replied, ran bool, err error) {
	if w.session == nil {
		err := w.start(ctx)
		if errors.Is(err, adapter.ErrLate) { // on a busy machine one start may be
			err = w.start(ctx)
		}
		if err != nil {
			if broken := environmentError(err, w.dir); broken != nil {
				return r, false, false, broken
			}
			return crashed(sc, err), false, false, nil
		}
	}
	w.failed = 0
	dir, err := os.MkdirTemp(w.dir, "s") // for its named pipes
	if err != nil {
		return r, false, false, environment.Explain("make a folder for named pipes", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	before := w.session.Replied()
	r, usable, err := w.runScenario(ctx, sc, w.session, dir)
	replied = w.session.Replied() > before
	if !usable {
		if r.Outcome == report.Pass {
			w.note(fmt.Sprintf("the adapter did not close a connection within %v of the end of a scenario that passed; it was ended and started again each time", closeTime))
		}
		w.session.Kill()
		w.release()
	}
	return r, replied, true, err
}

// crashed returns the result of a scenario that had no adapter to run on.
func crashed(sc spec.Scenario, err error) report.Result {
	r := newResult(sc)
	r.Outcome, r.Reason, r.NotStarted = report.Crash, err.Error(), true
	return r
}

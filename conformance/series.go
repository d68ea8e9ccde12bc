package conformance

import (
	"context"
	"fmt"
	"slices"

	"github.com/packetspec/packetspec/conformance/report"
)

// A Series repeats a run, and combines the results of each scenario. If the run has a seed, the
// runs have that and the following ones, and so each its own order.
type Series struct {
	Run
	Times int // less than 1 means 1
}

// Do repeats the run and returns the combined results, as [Run.Do] does. The first run that leaves
// a scenario out, because ctx or Last ended it or there was an error, is the last.
//
// Observe and Last get the results of single runs. There a scenario that is listed as flaky is
// known if it deviates, since it may pass in another run.
func (s Series) Do(ctx context.Context) (*report.Results, error) {
	if s.Times <= 1 {
		return s.Run.Do(ctx)
	}
	ended := false
	if last := s.Last; last != nil {
		s.Last = func(r report.Result) bool {
			ended = ended || last(r)
			return ended
		}
	}
	s.judge = func(r report.Result) report.Result {
		if r.Outcome.Deviates() && s.Known.Lists(r.ID, report.Flaky) {
			r.Outcome = report.Known
			return r
		}
		return s.Known.Judge(r)
	}
	var one, whole *schedule // whole: the last run, with what all runs share
	var err error
	attempts := make([]report.Attempts, len(s.Scenarios))
	seed, times := s.Seed, 0
	for times < s.Times && err == nil && !ended && ctx.Err() == nil && (whole == nil || !slices.Contains(whole.done, false)) {
		if seed != 0 {
			s.Seed = seed + uint64(times)
		}
		if one, err = s.schedule(ctx, attempts); one == nil {
			break
		}
		if whole != nil {
			one.elapsed, one.subject, one.began = one.elapsed+whole.elapsed, whole.subject, whole.began
			for _, note := range whole.notes {
				one.note(note)
			}
		}
		if whole != nil {
			one.warnings = whole.warnings
		}
		whole, s.Warn = one, nil
		times++
	}
	switch {
	case whole == nil:
		return nil, err
	case one == nil: // the adapter did not start again
		whole.done = make([]bool, len(s.Scenarios))
		whole.gaveUp = err
	}
	whole.noteInterrupt(ctx)
	whole.Seed = seed
	whole.note(s.describe(times, seed))
	return whole.collect(), err
}

// describe returns a note about the runs that were made.
func (s Series) describe(times int, seed uint64) string {
	note := fmt.Sprintf("every scenario ran %d times", times)
	if times < s.Times {
		note = fmt.Sprintf("--repeat ended in run %d of %d", times, s.Times)
	}
	if seed != 0 {
		note += fmt.Sprintf(", in orders by the seeds %d to %d", seed, seed+uint64(times)-1)
	}
	return note
}

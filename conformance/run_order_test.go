package conformance_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/packetspec/packetspec/conformance/report"
)

// observed returns the ids of the results of a run in the order in which they came.
func observed(t *testing.T, f *fake, seed uint64) (ids []string) {
	t.Helper()
	run := f.run()
	run.Seed = seed
	run.Observe = func(r report.Result) { ids = append(ids, r.ID) }
	r := results(t, run)
	for i, sc := range run.Scenarios {
		check(t, "the results' order", r.Results[i].ID, sc.ID)
	}
	return ids
}

func TestOrder(t *testing.T) {
	f := newFake(t, slices.Repeat([]string{"right"}, 30)...)
	var asTheyStand []string
	for _, sc := range f.spec.Scenarios {
		asTheyStand = append(asTheyStand, sc.ID)
	}
	join := func(ids []string) string { return strings.Join(ids, " ") }
	check(t, "order without a seed", join(observed(t, f, 0)), join(asTheyStand))

	one := observed(t, f, 1)
	check(t, "order by the seed 1, again", join(observed(t, f, 1)), join(one))
	if join(one) == join(asTheyStand) || join(one) == join(observed(t, f, 2)) {
		t.Errorf("got the order %v by the seed 1, expected one of its own", one)
	}
	slices.Sort(one)
	slices.Sort(asTheyStand)
	check(t, "scenarios run by the seed 1", join(one), join(asTheyStand))
}

// TestParallel runs every scenario once, and calls the observer from one goroutine at a time.
func TestParallel(t *testing.T) {
	const parallel = 8
	f := newFake(t, slices.Repeat([]string{"right", "wrong", "right", "die"}, 15)...)
	run := f.run()
	run.Parallel = parallel
	seen := map[string]int{}
	observing := 0 // without a lock, so that the race detector sees two callers at once
	run.Observe = func(r report.Result) {
		observing++
		runtime.Gosched()
		if observing != 1 {
			t.Errorf("%d are observing at once", observing)
		}
		seen[r.ID]++
		observing--
	}
	r := results(t, run)
	check(t, "outcomes", outcomes(r), strings.Join(slices.Repeat([]string{"pass fail pass crash"}, 15), " "))
	check(t, "scenarios observed", len(seen), len(run.Scenarios))
	for id, n := range seen {
		check(t, id+": times", n, 1)
	}
	if f.mostAlive > parallel {
		t.Errorf("%d adapters were alive at once, expected at most %d", f.mostAlive, parallel)
	}
	check(t, "adapters alive", f.alive, 0)
	check(t, "adapters ended", f.stopped+f.killed, f.started)
}

func TestNoMoreAdaptersThanScenarios(t *testing.T) {
	for _, parallel := range []int{-1, 0, 1, 100} {
		f := newFake(t, "right", "right")
		run := f.run()
		run.Parallel = parallel
		check(t, "outcomes", outcomes(results(t, run)), "pass pass")
		if f.started > 2 {
			t.Errorf("%d adapters were started for two scenarios", f.started)
		}
	}
}

// TestInterruptedRun keeps what is known, and counts the scenarios that did not end.
func TestInterruptedRun(t *testing.T) {
	for name, c := range map[string]struct {
		does []string
		want string
	}{
		"early":       {[]string{"right", "wrong", "right", "right", "right"}, "pass fail"},
		"at the last": {[]string{"right", "wrong"}, "pass fail"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, c.does...)
			run := f.run()
			run.Timeout = time.Hour
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			n := 0
			run.Observe = func(report.Result) {
				if n++; n == 2 {
					cancel()
				}
			}
			r, err := run.Do(ctx)
			if err != nil {
				t.Fatal(err)
			}
			check(t, "outcomes", outcomes(r), c.want)
			check(t, "scenarios not run", r.NotRun, len(c.does)-2)
			check(t, "conforms", r.Conforms(false), false)
			check(t, "adapters alive", f.alive, 0)
		})
	}
}

// TestInterruptedScenario interrupts a run while the adapter does not answer.
func TestInterruptedScenario(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, "nothing", "right")
		run := f.run()
		run.Timeout = time.Hour
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute, errors.New("SIGINT"))
		defer cancel()
		r, err := run.Do(ctx)
		if err != nil {
			t.Fatal(err)
		}
		check(t, "outcomes", outcomes(r), "")
		check(t, "scenarios not run", r.NotRun, 2)
		check(t, "interrupted by", r.Interrupted, "SIGINT")
		check(t, "the first scenario's time, without the time to clean up", r.Unfinished[0].Running, int64(60_000))
		check(t, "the second scenario's time", r.Unfinished[1].Running, int64(0))
		check(t, "the second scenario", r.Unfinished[1].ID, run.Scenarios[1].ID)
		check(t, "adapters alive", f.alive, 0)
	})
}

func TestInterruptedBeforeTheRun(t *testing.T) {
	f := newFake(t, "right")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errors.New("interrupted"))
	r, err := f.run().Do(ctx)
	if err != nil {
		t.Fatal(err)
	}
	check(t, "scenarios not run", r.NotRun, 1)
	check(t, "interrupted by", r.Interrupted, "interrupted")
	check(t, "adapters alive", f.alive, 0)
}

package conformance_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/report"
)

// TestSilence gives up a subject that replies to nothing in 20 scenarios in a row.
func TestSilence(t *testing.T) {
	times := func(n int, does string) []string { return slices.Repeat([]string{does}, n) }
	for name, c := range map[string]struct {
		does  []string
		retry int
		want  int // scenarios run when the subject is given up; 0: it is not
	}{
		"it never replies":                      {times(30, "nothing"), 0, 20},
		"it replies to the first alone":         {append(times(1, "right"), times(30, "nothing")...), 0, 21},
		"it replies to one of 20":               {slices.Concat(times(19, "nothing"), times(1, "wrong"), times(19, "nothing")), 0, 0},
		"it refuses one of 20":                  {slices.Concat(times(19, "nothing"), times(1, "refuse"), times(19, "nothing")), 0, 0},
		"it always dies":                        {times(30, "die"), 0, 20},
		"it dies after it has replied":          {append(times(1, "right"), times(30, "die")...), 0, 0},
		"it prints something that is no reply":  {times(30, "stray"), 0, 20},
		"retries do not count":                  {times(19, "nothing"), 3, 0},
		"19 scenarios":                          {times(19, "nothing"), 0, 0},
		"the last of 20 scenarios":              {times(20, "nothing"), 0, 20},
		"dead scenarios between silent ones":    {slices.Repeat([]string{"right", "nothing", "die"}, 15), 0, 0},
		"silent after 10 that died, and a pass": {slices.Concat(times(10, "die"), times(1, "right"), times(19, "nothing")), 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, c.does...)
			run := f.run()
			run.Retry = c.retry
			run.Again = func(r report.Result) string { return "run " + r.ID }
			var r *report.Results
			var err error
			synctest.Test(t, func(t *testing.T) { r, err = run.Do(t.Context()) })
			check(t, "adapters alive", f.alive, 0)
			if c.want == 0 {
				check(t, "error", err, nil)
				check(t, "scenarios not run", r.NotRun, 0)
				return
			}
			var silent *conformance.SilentError
			if !errors.As(err, &silent) {
				t.Fatalf("got the error %v, expected a SilentError", err)
			}
			check(t, "results", len(r.Results), c.want)
			check(t, "scenarios not run", r.NotRun, len(c.does)-c.want)
			check(t, "scenarios in a row", silent.Scenarios, 20)
			last := run.Scenarios[c.want-1].ID
			for _, told := range []string{"in 20 scenarios in a row", "the last one was " + last, "\nhint: ", "run " + last} {
				if !strings.Contains(err.Error(), told) {
					t.Errorf("got %q, expected it to contain %q", err, told)
				}
			}
			check(t, "the hint names --timeout", strings.Contains(err.Error(), "--timeout: "), slices.Contains(c.does, "nothing"))
		})
	}
}

// TestSilenceAmongSeveral counts over all adapters of a run.
func TestSilenceAmongSeveral(t *testing.T) {
	f := newFake(t, slices.Repeat([]string{"nothing"}, 100)...)
	run := f.run()
	run.Parallel = 4
	synctest.Test(t, func(t *testing.T) {
		r, err := run.Do(t.Context())
		if silent := (*conformance.SilentError)(nil); !errors.As(err, &silent) {
			t.Errorf("got the error %v, expected a SilentError", err)
		}
		if n := len(r.Results); n < 20 || n > 23 {
			t.Errorf("%d scenarios ran, expected 20, and those that were running then", n)
		}
	})
	check(t, "adapters alive", f.alive, 0)
}

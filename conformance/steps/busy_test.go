package steps

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
)

// TestUntilCalm counts a late try as a failure only if the machine was calm meanwhile.
func TestUntilCalm(t *testing.T) {
	for name, c := range map[string]struct {
		busy     time.Duration // for which the subject waits for a CPU in each try
		succeeds int           // the try that is not late; 0: none
		tries    int           // at most; 0: the time bounds them
		err      string
	}{
		"the first try succeeds":         {0, 1, 1, ""},
		"late on a calm machine":         {0, 0, 4, "expected an answer, got a late one"},
		"late on a slightly busy one":    {time.Millisecond, 0, 4, "expected an answer, got a late one"},
		"late on a busy machine":         {3 * time.Millisecond, 0, 0, "skipped: the machine is too busy: for 60.0s"},
		"at last in time, on a busy one": {3 * time.Millisecond, 100, 100, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var waited time.Duration
				w := &World{Timeout: testTimeout, Session: &adapter.Session{
					CPU: func() (adapter.CPUTime, bool) { return adapter.CPUTime{Waited: waited}, true },
				}}
				tries, late := 0, 0
				err := w.untilCalm(2*time.Millisecond, func() error {
					tries++
					<-time.After(10 * time.Millisecond) // in the bubble's time
					waited += c.busy
					if tries == c.succeeds {
						return nil
					}
					return tooLate{failf("an answer", "a late one")}
				}, func() bool {
					late++
					return late == 3
				})
				if err == nil && c.err != "" || err != nil && (c.err == "" || !strings.HasPrefix(err.Error(), c.err)) {
					t.Errorf("got the error %v, expected %q", err, c.err)
				}
				if errors.Is(err, ErrSkip) != (c.tries == 0) {
					t.Errorf("got %v: only the time may skip the scenario", err)
				}
				if c.tries > 0 && tries != c.tries {
					t.Errorf("got %d tries, expected %d", tries, c.tries)
				}
			})
		})
	}
}

// TestDelayOfThisProcess measures by how much a look at the clock is late.
func TestDelayOfThisProcess(t *testing.T) {
	m := &delayMeter{}
	before := time.Now().Add(-20 * time.Millisecond)
	m.note(&before)
	if m.worst < 19*time.Millisecond {
		t.Errorf("got a delay of %v, expected 19ms", m.worst)
	}
}

// An event that comes while the subject waits for a CPU has not stayed away, however late it is.
func TestStaysAwayOnABusyMachine(t *testing.T) {
	for name, c := range map[string]struct {
		waited time.Duration // for a CPU, in each window
		comes  time.Duration // when the event does
		away   bool
		least  time.Duration // that the step takes
	}{
		"calm, and it comes in time": {0, absence / 2, false, absence / 2},
		"calm, and it comes later":   {0, 2 * absence, true, absence},
		"busy, and it comes late":    {absence, 5 * absence / 2, false, 5 * absence / 2},
		"busy without end":           {absence, time.Hour, true, mostAbsence * absence},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := startQuiet(t)
				began := time.Now()
				s.CPU = func() (adapter.CPUTime, bool) {
					windows := time.Since(began) / absence
					return adapter.CPUTime{Waited: windows * c.waited}, true
				}
				w := &World{Timeout: time.Hour, Session: s, current: &connection{}}
				defer w.Watch(t.Context())()
				event := make(chan struct{})
				comes := time.AfterFunc(c.comes, func() { close(event) })
				defer comes.Stop()
				away, err := w.staysAway(event)
				if err != nil || away != c.away || time.Since(began) < c.least {
					t.Errorf("got %v, %v after %v, expected %v after at least %v", away, err, time.Since(began), c.away, c.least)
				}
				s.Kill()
			})
		})
	}
}

package report

import (
	"fmt"
	"maps"
	"strings"

	"github.com/packetspec/packetspec/internal/words"
)

// A Tally counts the runs of one scenario by outcome.
type Tally map[Outcome]int

// Total returns the number of runs.
func (t Tally) Total() (n int) {
	for _, runs := range t {
		n += runs
	}
	return n
}

// Outcome returns what all runs together show. A scenario that passed in some runs and deviated
// in others is flaky. One that deviated in different ways has the most frequent of them and,
// among equally frequent ones, the worst: a crash, then a timeout. A run that was skipped
// shows nothing beside others.
func (t Tally) Outcome() Outcome {
	switch deviation := t.deviation(); {
	case deviation != "" && t[Pass] > 0:
		return Flaky
	case deviation != "":
		return deviation
	case t[Pass] > 0:
		return Pass
	}
	return Skip
}

// deviation returns the most frequent outcome that deviates, or "" if no run deviated.
func (t Tally) deviation() (most Outcome) {
	for _, o := range []Outcome{Crash, Timeout, Fail} {
		if t[o] > t[most] {
			most = o
		}
	}
	return most
}

// Only reports whether every run that was not skipped had this outcome.
func (t Tally) Only(o Outcome) bool { return t[o]+t[Skip] == t.Total() }

// String returns the tally as words: "passed in 3 of 4 runs, failed in 1".
func (t Tally) String() string {
	verbs := map[Outcome]string{Pass: "passed", Fail: "failed", Timeout: "timed out", Crash: "crashed", Skip: "skipped"}
	var parts []string
	for _, o := range Outcomes {
		switch n := t[o]; {
		case n == 0:
		case n == t.Total():
			return fmt.Sprintf("%s in all %d runs", verbs[o], n)
		case parts == nil:
			parts = append(parts, fmt.Sprintf("%s in %d of %d runs", verbs[o], n, t.Total()))
		default:
			parts = append(parts, fmt.Sprintf("%s in %d", verbs[o], n))
		}
	}
	return strings.Join(parts, ", ")
}

// Attempts collects the results of several runs of one scenario, to combine them into one.
// Its zero value is empty and ready to use.
type Attempts struct {
	tally    Tally
	examples map[Outcome]Result // the first result of each outcome
	duration float64            // of all runs, in milliseconds
}

// Add adds the result of one run or, if it is combined itself, of several.
func (a *Attempts) Add(r Result) {
	if a.tally == nil {
		a.tally, a.examples = Tally{}, map[Outcome]Result{}
	}
	runs := r.Runs
	if runs == nil {
		runs = Tally{r.Outcome: 1}
	}
	for o, n := range runs {
		a.tally[o] += n
	}
	a.duration += r.DurationMS * float64(runs.Total())
	if shown := runs.shown(); a.examples[shown].ID == "" {
		a.examples[shown] = r
	}
}

// Result returns the combined result, and whether there was any run. It explains the first run with
// the outcome that matters most, and its duration is the mean. It counts the runs if there were
// several.
func (a *Attempts) Result() (r Result, ok bool) {
	if a.tally == nil {
		return r, false
	}
	r = a.examples[a.tally.shown()]
	r.Outcome = a.tally.Outcome()
	if n := a.tally.Total(); n > 1 {
		r.Runs, r.DurationMS = maps.Clone(a.tally), a.duration/float64(n)
	}
	return r, true
}

// shown returns the outcome of the run that a combined result explains.
func (t Tally) shown() Outcome {
	if deviation := t.deviation(); deviation != "" {
		return deviation
	}
	return t.Outcome()
}

// classes returns a line that says how many scenarios that ran several times passed always,
// never and sometimes, or "" if none ran several times.
func (r *Results) classes() string {
	always, never, sometimes, runs := 0, 0, 0, 0
	for _, result := range r.Results {
		switch t := result.Runs; {
		case t[Skip] == t.Total(): // also of no tally
			continue
		case t[Pass] == t.Total():
			always++
		case t[Pass] == 0:
			never++
		default:
			sometimes++
		}
		runs += result.Runs.Total()
	}
	if runs == 0 {
		return ""
	}
	return fmt.Sprintf("%s ran several times, %d runs in all: %d always passed, %d never, %d sometimes\n",
		words.Count(always+never+sometimes, "scenario"), runs, always, never, sometimes)
}

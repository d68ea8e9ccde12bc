package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/packetspec/packetspec/conformance/mutants"
	"github.com/packetspec/packetspec/conformance/report"
)

// How long the line on a terminal stays at least, since nobody reads faster and a slow connection would
// delay the run, and how often a log gets a line: often enough to show that a run goes on.
const (
	redrawTime = time.Second / 10
	logTime    = 10 * time.Second
)

// A progress shows what a command does while it runs: on a terminal in a line that changes, elsewhere
// in a line every ten seconds. Several goroutines may call its methods.
type progress struct {
	w       io.Writer
	columns func() int             // of the terminal; nil: w is not one
	text    func(time.Time) string // what is to be shown at a time

	mu      sync.Mutex // guards the line on the terminal, and what text reads
	drawn   string     // the line on the terminal; empty: it is not there
	drawnAt time.Time  // when it was written last
	stop    func()
}

// start shows the progress on w until end is called.
func (p *progress) start(w io.Writer) {
	p.w = w
	every := logTime
	if f := interactive(w); f != nil {
		p.columns = func() int { return columnsOf(f) }
		every = redrawTime
	}
	ticker := time.NewTicker(every)
	done := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() { p.watch(ticker.C, done) })
	p.stop = func() {
		ticker.Stop()
		close(done)
		watching.Wait()
	}
}

// watch shows the progress at each tick, until done is closed.
func (p *progress) watch(ticks <-chan time.Time, done <-chan struct{}) {
	for {
		select {
		case at := <-ticks:
			p.update(at, func() {
				if p.columns == nil {
					_, _ = fmt.Fprintf(p.w, "running %s\n", p.text(at))
				}
			})
		case <-done:
			return
		}
	}
}

// update calls a function that changes what is to be shown at a time, and shows it on a terminal,
// unless the line there is younger than redrawTime: the next tick shows it then. The function may also
// print to the terminal, by a writer of above.
func (p *progress) update(at time.Time, change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
	if p.columns == nil || at.Sub(p.drawnAt) < redrawTime {
		return
	}
	if line := fit(p.text(at), p.columns()); line != p.drawn {
		p.erase()
		_, _ = io.WriteString(p.w, line)
		p.drawn, p.drawnAt = line, at
	}
}

// above returns a writer to w that erases the line before it writes. It may be used inside update,
// and after end.
func (p *progress) above(w io.Writer) io.Writer { return &aboveProgress{w, p} }

type aboveProgress struct {
	io.Writer
	progress *progress
}

func (a *aboveProgress) Write(b []byte) (int, error) {
	a.progress.erase()
	return a.Writer.Write(b)
}

// end erases the line, and shows no more.
func (p *progress) end() {
	p.stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erase()
}

func (p *progress) erase() {
	if p.drawn != "" {
		_, _ = io.WriteString(p.w, eraseLine)
		p.drawn = ""
	}
}

// A runProgress is the progress of a run of scenarios.
type runProgress struct {
	progress
	total   int // scenarios to run
	began   time.Time
	done    int
	failed  int
	running []runningScenario // in the order in which they began
}

type runningScenario struct {
	id    string
	began time.Time
}

func newRunProgress(total int, now time.Time) *runProgress {
	r := &runProgress{total: total, began: now}
	r.text = r.describe
	return r
}

// begin notes that a scenario begins.
func (r *runProgress) begin(id string, at time.Time) {
	r.update(at, func() { r.running = append(r.running, runningScenario{id, at}) })
}

// observe notes that a scenario has ended, and shows its result by a function.
func (r *runProgress) observe(result report.Result, at time.Time, show func(report.Result)) {
	r.update(at, func() {
		show(result)
		r.done++
		if result.Counts(true) {
			r.failed++
		}
		for i, s := range r.running {
			if s.id == result.ID {
				r.running = append(r.running[:i:i], r.running[i+1:]...)
				return
			}
		}
	})
}

// describe says how far the run is, and which scenario has been running longest.
func (r *runProgress) describe(at time.Time) string {
	text := fmt.Sprintf("%s: %d of %d, %d failed", since(r.began, at), r.done, r.total, r.failed)
	switch n := len(r.running); {
	case n > 0:
		text += fmt.Sprintf("; now %s, %s", r.running[0].id, since(r.running[0].began, at))
		if n > 1 {
			text += fmt.Sprintf(", and %d more", n-1)
		}
	case r.done == 0:
		text += "; the adapter has not answered hello yet"
	}
	return text
}

// since returns the time between two moments, in whole seconds.
func since(began, at time.Time) string { return at.Sub(began).Round(time.Second).String() }

// A mutantsProgress is the progress of runs against mutants.
type mutantsProgress struct {
	progress
	began time.Time
	last  mutants.Progress
}

func newMutantsProgress(now time.Time) *mutantsProgress {
	m := &mutantsProgress{began: now}
	m.text = func(at time.Time) string {
		return strings.TrimRight(fmt.Sprintf("%s: %d of %d runs  %s  %s", since(m.began, at), m.last.Done, m.last.Runs, m.last.Fault, m.last.Scenario), " ")
	}
	return m
}

func (m *mutantsProgress) observe(p mutants.Progress) { m.update(time.Now(), func() { m.last = p }) }

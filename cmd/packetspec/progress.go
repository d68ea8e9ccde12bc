package main

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"github.com/packetspec/packetspec/conformance/mutants"
	"github.com/packetspec/packetspec/conformance/report"
)

// A progress shows how far a run is, in one line that changes. It shows nothing in a log.
type progress struct {
	w     io.Writer // nil: not a terminal
	total int       // scenarios to run
	done  int
	bad   int // did not pass
}

// newProgress returns the progress of a run of total scenarios, which shows on w if that is a
// terminal.
func newProgress(w io.Writer, total int) *progress {
	p := &progress{total: total}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.w = w
	}
	return p
}

// eraseLine is the control sequence that a terminal obeys by erasing the line.
const eraseLine = "\r\x1b[K"

func (p *progress) observe(r report.Result) {
	p.done++
	switch r.Outcome {
	case report.Fail, report.Timeout, report.Crash, report.Fixed:
		p.bad++
	}
	if p.w != nil {
		_, _ = fmt.Fprintf(p.w, eraseLine+"%d of %d scenarios, %d not passed  %s", p.done, p.total, p.bad, r.ID)
	}
}

// observeMutant shows a run of one scenario against one mutant.
func (p *progress) observeMutant(m mutants.Progress) {
	if p.w != nil {
		_, _ = fmt.Fprintf(p.w, eraseLine+"%d of %d runs  %s  %s", m.Done, m.Runs, m.Fault, m.Scenario)
	}
}

func (p *progress) end() {
	if p.w != nil {
		_, _ = fmt.Fprint(p.w, eraseLine)
	}
}

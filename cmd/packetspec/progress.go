package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/packetspec/packetspec/conformance/mutants"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/fuzz/campaign"
)

func isTerminal(w io.Writer) bool {
	if p, ok := w.(*printer); ok {
		w = p.out
	}
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// A progress shows how far a run is, in one line that changes. It shows nothing in a log.
type progress struct {
	w     io.Writer // the terminal
	total int       // scenarios to run
	done  int
	bad   int // did not pass
}

// newProgress returns the progress of a run of total scenarios, which shows on w if that is a
// terminal.
func newProgress(w io.Writer, total int) *progress {
	if !isTerminal(w) {
		w = io.Discard
	}
	return &progress{w: w, total: total}
}

// eraseLine is the control sequence that a terminal obeys by erasing the line.
const eraseLine = "\r\x1b[K"

func (p *progress) observe(r report.Result) {
	p.done++
	if r.Outcome.Deviates() || r.Outcome == report.Fixed {
		p.bad++
	}
	_, _ = fmt.Fprintf(p.w, eraseLine+"%d of %d scenarios, %d not passed  %s", p.done, p.total, p.bad, r.ID)
}

// observeMutant shows a run of one scenario against one mutant.
func (p *progress) observeMutant(m mutants.Progress) {
	_, _ = fmt.Fprintf(p.w, eraseLine+"%d of %d runs  %s  %s", m.Done, m.Runs, m.Fault, m.Scenario)
}

func (p *progress) end() { _, _ = fmt.Fprint(p.w, eraseLine) }

// A screen shows the progress of a campaign: a block of lines that it rewrites on a terminal,
// or a line now and then in a log. It must not be used from two goroutines at once.
type screen struct {
	w        io.Writer
	terminal bool
	lines    int // on the terminal now

	last   campaign.Progress
	logged time.Duration
	pause  time.Duration // until the next line in a log
	curve  []int         // traces, second by second
}

func newScreen(w io.Writer) *screen {
	return &screen{w: w, terminal: isTerminal(w), pause: 5 * time.Second}
}

// clear erases the block from a terminal, so that something else can be printed.
func (s *screen) clear() {
	if s.lines > 0 {
		_, _ = fmt.Fprintf(s.w, "\x1b[%dA\x1b[J", s.lines)
		s.lines = 0
	}
}

func (s *screen) progress(p campaign.Progress) {
	rate := float64(p.Inputs-s.last.Inputs) / max((p.Elapsed-s.last.Elapsed).Seconds(), 1e-3)
	s.curve = append(s.curve, p.Traces)
	if s.terminal {
		s.last = p
		s.clear()
		edges, phase := "", ""
		if p.Edges > 0 {
			edges = fmt.Sprintf("  edges     %d\n", p.Edges)
		}
		if p.AllRun {
			phase = ": no more inputs, suspects are being confirmed and minimised"
		}
		text := fmt.Sprintf("  time      %s%s\n  inputs    %d, %.0f a second\n  traces    %d %s\n%s  corpus    %d\n  findings  %d, and %d suspects\n",
			p.Elapsed.Round(time.Second), phase, p.Inputs, rate, p.Traces, sparkline(s.curve, 40), edges, p.Corpus, p.Findings, p.Suspects)
		_, _ = io.WriteString(s.w, text)
		s.lines = strings.Count(text, "\n")
		return
	}
	if p.Elapsed-s.logged < s.pause {
		return
	}
	s.last, s.logged = p, p.Elapsed
	s.pause = min(2*s.pause, time.Minute)
	_, _ = fmt.Fprintf(s.w, "%s: %d inputs, %.0f a second; %d traces, corpus %d; %d findings, %d suspects\n",
		p.Elapsed.Round(time.Second), p.Inputs, rate, p.Traces, p.Corpus, p.Findings, p.Suspects)
}

// sparkline draws values over time, in at most the given number of columns.
func sparkline(values []int, columns int) string {
	bars := []rune("▁▂▃▄▅▆▇█")
	step := max(1, (len(values)+columns-1)/columns)
	top := max(1, values[len(values)-1])
	var s strings.Builder
	for i := step - 1; i < len(values); i += step {
		s.WriteRune(bars[values[i]*(len(bars)-1)/top])
	}
	return s.String()
}

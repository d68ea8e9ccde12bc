package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/packetspec/packetspec/fuzz/campaign"
	"github.com/packetspec/packetspec/internal/words"
)

// A screen shows the progress of a campaign: a block of lines that it rewrites on a terminal,
// or a line now and then in a log. It must not be used from two goroutines at once.
type screen struct {
	w       io.Writer
	columns func() int // of the terminal; nil: w is not one
	lines   int        // on the terminal now

	last   campaign.Progress
	logged time.Duration
	pause  time.Duration // until the next line in a log
	curve  []int         // traces, second by second
}

func newScreen(w io.Writer) *screen {
	s := &screen{w: w, pause: 5 * time.Second}
	if f := interactive(w); f != nil {
		s.columns = func() int { return columnsOf(f) }
	}
	return s
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
	if s.columns != nil {
		s.last = p
		s.clear()
		edges, phase := "", ""
		if p.Edges > 0 {
			edges = fmt.Sprintf("  edges     %d\n", p.Edges)
		}
		if p.AllRun {
			phase = ": no more inputs, suspects are being confirmed and minimised"
		}
		text := fmt.Sprintf("  time      %s%s\n  inputs    %d, %.0f a second\n  traces    %d %s\n%s  corpus    %d\n  findings  %d, and %s\n",
			p.Elapsed.Round(time.Second), phase, p.Inputs, rate, p.Traces, sparkline(s.curve, 40), edges, p.Corpus, p.Findings, words.Count(p.Suspects, "suspect"))
		columns := s.columns()
		for line := range strings.Lines(text) {
			_, _ = io.WriteString(s.w, fit(strings.TrimSuffix(line, "\n"), columns)+"\n")
			s.lines++
		}
		return
	}
	if p.Elapsed-s.logged < s.pause {
		return
	}
	s.last, s.logged = p, p.Elapsed
	s.pause = min(2*s.pause, time.Minute)
	_, _ = fmt.Fprintf(s.w, "%s: %d inputs, %.0f a second; %d traces, corpus %d; %s, %s\n",
		p.Elapsed.Round(time.Second), p.Inputs, rate, p.Traces, p.Corpus, words.Count(p.Findings, "finding"), words.Count(p.Suspects, "suspect"))
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

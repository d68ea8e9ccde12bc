package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/packetspec/packetspec/fuzz/campaign"
)

// A screen shows how a campaign goes: some lines that change on a terminal, and a plain
// line now and then in a log.
type screen struct {
	w        io.Writer
	terminal bool
	lines    int // that are on the terminal now

	last   campaign.Progress
	logged time.Duration
	pause  time.Duration // until the next line in a log
	curve  []int         // traces, second by second
}

func newScreen(w io.Writer) *screen {
	s := &screen{w: w, pause: 5 * time.Second}
	if f, ok := w.(*os.File); ok {
		s.terminal = term.IsTerminal(int(f.Fd()))
	}
	return s
}

// clear takes the lines off a terminal, so that something else can be printed.
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
		if p.Heard {
			phase = ": no more inputs, the suspects are being confirmed and made small"
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

// sparkline draws values over time, in so many columns at most.
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

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/spf13/cobra"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/spec"
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

// filesAndSubject takes the arguments before -- for files, and those behind for the adapter.
func filesAndSubject(cmd *cobra.Command, args []string) (files []string, p adapter.Process, err error) {
	files = args
	var command []string
	if dash := cmd.ArgsLenAtDash(); dash >= 0 {
		files, command = args[:dash], args[dash:]
	}
	if len(files) == 0 {
		return nil, p, errors.New("which input? give its file")
	}
	p, err = process(command, conformance.Dialects[0])
	return files, p, err
}

// adapterWords is the adapter's command as it stands behind --.
func adapterWords(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return " -- " + adapter.Process{Argv: args}.String()
}

// requirementOf is the requirement that a difference breaks. That there is no connection at
// all breaks none, and counts as the worst.
func requirementOf(s *spec.Spec, f *campaign.Finding) spec.Requirement {
	q, ok := s.Requirement(f.Difference.Requirement)
	if !ok {
		return spec.Requirement{Level: spec.Must, Text: "the adapter guide"}
	}
	return q
}

package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
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
	s := &screen{w: w, pause: 5 * time.Second}
	if f, ok := w.(*os.File); ok {
		s.terminal = term.IsTerminal(int(f.Fd()))
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

// readCorpora reads the inputs of folders that the user gave as the arguments or flags named.
func readCorpora(name string, dirs []string, format campaign.Format, advice string) (all [][]byte, err error) {
	for _, dir := range dirs {
		corpus, err := campaign.ReadCorpus(dir, format)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil, hint(fmt.Errorf("%s: there is no folder %s", name, dir), "%s", advice)
		case err != nil:
			return nil, fmt.Errorf("%s: read the inputs: %w", name, err)
		}
		all = append(all, corpus...)
	}
	return all, nil
}

// splitArgs splits a verb's arguments into the paths before --, at least one and at most most, and
// the adapter's command behind it. The name is that of the paths in the verb's usage.
func splitArgs(cmd *cobra.Command, args []string, name string, most int) (paths []string, p adapter.Process, err error) {
	paths = args
	var command []string
	if dash := cmd.ArgsLenAtDash(); dash >= 0 {
		paths, command = args[:dash], args[dash:]
	}
	switch n := len(paths); {
	case n == 0:
		return nil, p, hint(fmt.Errorf("%s is missing", name), "%s", cmd.UseLine())
	case n > most:
		return nil, p, hint(fmt.Errorf("%s is given %d times: it must be given once", name, n), "%s", cmd.UseLine())
	}
	p, err = process(command, conformance.Dialects[0])
	return paths, p, err
}

// adapterWords returns the adapter's command as it follows the rest of the command line.
func adapterWords(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return " -- " + adapter.Process{Argv: args}.String()
}

// requirementOf returns the requirement that a finding breaks. Without a connection none can be
// tested, so a finding that breaks only the adapter guide counts as a must.
func requirementOf(s *spec.Spec, f *campaign.Finding) spec.Requirement {
	q, ok := s.Requirement(f.Difference.Requirement)
	if !ok {
		return spec.Requirement{Level: spec.Must, Text: "the adapter guide"}
	}
	return q
}

package report

import (
	"fmt"
	"io"

	"github.com/packetspec/packetspec/internal/visible"
)

// A Stream writes the text report of a run while it runs: Observe writes what there is to say
// about one result, and Finish the rest. Its methods must not be called concurrently.
type Stream struct {
	w       io.Writer
	suite   Suite
	verbose bool
	color   bool
	err     error // of the first write that failed; nothing is written after it

	explained map[explanation]bool
	last      map[string]string // the last headline of each scenario, by id
	warnings  int               // that were written
}

// An explanation is what a reader need not see twice: runs that are repeated fail alike.
type explanation struct {
	id      string
	outcome Outcome
}

// NewStream returns a stream to w of the results of a suite. If verbose, it lists the scenarios that
// need no explanation too. With color, the words for outcomes have the colors of a terminal.
func NewStream(w io.Writer, suite Suite, verbose, color bool) *Stream {
	return &Stream{w: w, suite: suite, verbose: verbose, color: color, explained: map[explanation]bool{}, last: map[string]string{}}
}

// Warn writes warnings about the adapter.
func (s *Stream) Warn(warnings []string) {
	for _, w := range warnings {
		s.write("warning: " + visible.Line(w) + "\n")
	}
	s.warnings += len(warnings)
}

// Observe writes an explanation of a result that deviates, unless it has written one for the same
// outcome of the scenario. If verbose, it writes a line for any other result.
func (s *Stream) Observe(r Result) {
	switch {
	case explains(r) && !s.explained[explanation{r.ID, r.Outcome}]:
		s.explain(r)
	case s.verbose:
		s.write(s.headline(r) + remark(r) + "\n")
	default:
		return
	}
	s.last[r.ID] = headline(r)
}

// Finish writes what Observe has not written about the results, and what they come to. It returns
// the first error of all writes.
func (s *Stream) Finish(results *Results) error {
	s.Warn(results.Warnings[min(s.warnings, len(results.Warnings)):])
	introduced := len(s.last) == 0
	for _, r := range results.Results {
		said := s.last[r.ID] == headline(r) || !explains(r) && !s.verbose
		if !said && !introduced {
			s.write("all runs together:\n")
			introduced = true
		}
		switch {
		case said:
		case explains(r) && !s.explained[explanation{r.ID, r.Outcome}]:
			s.explain(r)
		default:
			s.write(s.headline(r) + remark(r) + "\n")
		}
	}
	s.write(results.summarize())
	return s.err
}

// explains reports whether a result needs an explanation of its own. The summary describes skips
// together.
func explains(r Result) bool { return r.Counts(true) && r.Outcome != Skip }

func (s *Stream) explain(r Result) {
	s.write(s.suite.explain(r, s.headline(r)) + "\n")
	s.explained[explanation{r.ID, r.Outcome}] = true
}

func (s *Stream) headline(r Result) string {
	if s.color {
		return colored(r)
	}
	return headline(r)
}

// remark returns the end of the line of a result without an explanation: how long a scenario that passed
// took in its only run, or why one was skipped.
func remark(r Result) string {
	switch {
	case r.Outcome == Pass && r.Runs == nil && r.DurationMS > 0:
		return fmt.Sprintf("  %.1f ms", r.DurationMS)
	case r.Outcome == Skip && r.Reason != "":
		return "  " + visible.Line(r.Reason)
	}
	return ""
}

// write writes a text at once, so that it stays whole beside the output of other programs.
func (s *Stream) write(text string) {
	if s.err == nil {
		_, s.err = io.WriteString(s.w, text)
	}
}

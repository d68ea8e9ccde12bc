package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/packetspec/packetspec/conformance/relay"
	"github.com/packetspec/packetspec/conformance/watch"
)

// A watchScreen shows what a watch sees: lines, and on a terminal what is open in the last one.
type watchScreen struct {
	f        *watchFlags
	errs     io.Writer
	log      *os.File    // nil: the lines go to errs
	view     *watch.View // nil: no packets are shown
	judge    *relay.Judge
	progress *progress // on a terminal
	open     atomic.Pointer[openState]
}

// An openState is what was open after the last event.
type openState struct {
	count  [2]int
	oldest [2]time.Time
}

func (f *watchFlags) newScreen(cmd *cobra.Command, log *os.File, names [2]string, began time.Time) *watchScreen {
	s := &watchScreen{f: f, errs: cmd.ErrOrStderr(), log: log}
	if f.quiet {
		return s
	}
	o := watch.ViewOptions{
		Names: names, JSON: f.format == "json", NoPayloads: f.noPayloads,
		Filter: watch.Filter{From: f.from, Channels: wide(f.channels), Tags: wide(f.tags), Types: wide(f.types)},
		Color:  log == nil && f.format == "text" && inColor(f.color, s.errs),
		Show:   func(lines string) error { _, err := io.WriteString(s.errs, lines); return err },
	}
	switch {
	case log != nil:
		o.Show = func(lines string) error { _, err := log.WriteString(lines); return err }
	case interactive(s.errs) != nil && f.format == "text":
		o.Drops = true
		s.progress = &progress{text: func(at time.Time) string { return s.describe(names, at) }}
		s.progress.start(s.errs)
		above := s.progress.above(s.errs)
		o.Show = func(lines string) error {
			s.progress.update(time.Now(), func() { _, _ = io.WriteString(above, lines) })
			return nil
		}
	}
	s.view = watch.NewView(o, began)
	return s
}

func wide(values []uint) (all []uint64) {
	for _, v := range values {
		all = append(all, uint64(v))
	}
	return all
}

// observe takes an event of the judge.
func (s *watchScreen) observe(e *relay.Event) {
	if s.view == nil {
		return
	}
	if s.progress != nil {
		var state openState
		for _, side := range []relay.Side{relay.Left, relay.Right} {
			state.count[side], state.oldest[side] = s.judge.OpenNow(side)
		}
		s.open.Store(&state)
	}
	s.view.Observe(e)
}

// describe says which requests are open.
func (s *watchScreen) describe(names [2]string, at time.Time) string {
	state := s.open.Load()
	if state == nil {
		return "no packet yet"
	}
	var parts []string
	for _, side := range []relay.Side{relay.Left, relay.Right} {
		if n := state.count[side]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s waits for %d, the oldest for %v", names[side], n, at.Sub(state.oldest[side]).Round(100*time.Millisecond)))
		}
	}
	slices.Sort(parts)
	return cmp.Or(strings.Join(parts, "; "), "nothing is open")
}

// finish shows what is queued, and the summary. It returns an error of a log that could not be written.
func (s *watchScreen) finish(report *relay.Report, strict bool) (err error) {
	if s.view != nil {
		err = s.view.Close()
	}
	if s.progress != nil {
		s.progress.end()
	}
	inJSON := s.f.format == "json"
	if s.log != nil && err == nil {
		err = watch.Summary(s.log, report, inJSON, strict)
	}
	if s.log == nil || !inJSON {
		_ = watch.Summary(s.errs, report, inJSON, strict)
	}
	if err != nil && s.log != nil {
		return fmt.Errorf("--log %s: %w", s.f.log, plainError(err))
	}
	return nil
}

package main

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/doctor"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/internal/words"
)

func newDoctor() *cobra.Command {
	var format string
	var o doctor.Options
	cmd := &cobra.Command{
		Use:   "doctor [flags] [-- ADAPTER ARG...]",
		Short: "Check an adapter, before the suite blames the implementation behind it",
		Long: `Talks with an adapter step by step, and says what does not follow the adapter guide: what
was sent, what came, what to change, and which section of the guide describes it. Where an
implementation with a fault would look the same, it says: adapter or implementation.
Without ADAPTER it checks the adapter of the reference.

Exit status: 0 if nothing was found; 1 if something was; 2 for a mistake in the command
line; 3 if the adapter could not be started, or did not answer hello, or this machine
lacks something; 4 if the findings could not be written; 128 and the number of the signal
that ended the checks, with the findings so far.`,
		Example: `  packetspec doctor -- python3 adapter.py
  packetspec doctor --format json -- ./adapter
  packetspec doctor --start-timeout 2m -- java -jar adapter.jar`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := cmp.Or(
				oneOf("--format", format, doctorFormats...),
				aboveZero("--timeout", o.Timeout), aboveZero("--start-timeout", o.StartTime),
			); err != nil {
				return err
			}
			process, err := subject(cmd, conformance.Dialects[0], args)
			if err != nil {
				return err
			}
			o.Adapter = process
			return check(cmd, o, format == "json")
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&format, "format", doctorFormats[0], words.Join(doctorFormats, "or"))
	flags.DurationVar(&o.Timeout, "timeout", 3*time.Second, "how long the adapter may be silent when something is due")
	flags.DurationVar(&o.StartTime, "start-timeout", 30*time.Second, "how long an adapter may take to start and answer hello")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(doctorFormats, cobra.ShellCompDirectiveNoFileComp)) // there is such a flag
	return cmd
}

var doctorFormats = []string{"text", "json"}

// check checks an adapter and prints what is found: text as it is found, and JSON at the end.
func check(cmd *cobra.Command, o doctor.Options, asJSON bool) error {
	p := newDoctorProgress(time.Now())
	stdout := p.above(cmd.OutOrStdout())
	o.Begin = func(check string) { p.update(time.Now(), func() { p.check = check }) }
	o.Found = func(f doctor.Finding) {
		p.update(time.Now(), func() {
			if p.found++; !asJSON {
				_, _ = fmt.Fprintln(stdout, f.Text())
			}
		})
	}
	p.start(cmd.ErrOrStderr())
	results, err := doctor.Check(cmd.Context(), o)
	p.end()
	if results == nil {
		return &statusError{statusAdapter, err}
	}
	if asJSON {
		_ = report.WriteJSON(stdout, results)
	} else {
		_ = results.Summary(stdout)
	}
	switch {
	case err != nil:
		return &statusError{statusAdapter, err}
	case results.NotStarted != "":
		return &statusError{statusAdapter, errors.New(results.NotStarted)}
	case len(results.Findings) > 0:
		return &statusError{status: statusNot}
	}
	return nil
}

// A doctorProgress is the progress of the checks of an adapter.
type doctorProgress struct {
	progress
	began time.Time
	check string // the one that runs
	found int    // kinds of findings
}

func newDoctorProgress(now time.Time) *doctorProgress {
	p := &doctorProgress{began: now}
	p.text = func(at time.Time) string {
		return fmt.Sprintf("%s: checking %s, %s", since(p.began, at), p.check, words.Count(p.found, "finding"))
	}
	return p
}

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/mutant"
	"github.com/packetspec/packetspec/conformance/mutants"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/internal/hint"
	"github.com/packetspec/packetspec/internal/output"
)

type mutantsFlags struct {
	run     mutants.Run
	only    []string
	skip    []string
	format  string
	verbose bool
	list    bool
	check   bool
	record  []string
}

// baselines is how often each scenario is run without a fault. One that fails only now and
// then may pass once.
const baselines = 2

func newMutants() *cobra.Command {
	var f mutantsFlags
	cmd := &cobra.Command{
		Use: "mutants", Short: "Run the suite against an implementation with each of many faults", Args: noArguments,
		Long: `Measures the suite: runs it against the second implementation with each of its faults,
and reports which scenarios detect which faults. Each fault breaks one requirement. A
scenario of that requirement must detect it, and not only because its time runs out.

Exit status: 0 if every fault is so detected, every scenario detects a fault, and every
requirement of level must or should has a scenario that detects a fault that breaks it;
1 if not. With --check it is 0 if every fault that was detected in the last record still
is, and no score is lower. It is 3 if this machine lacks something, 4 if a record could
not be written, and 128 and the number of the signal that ended the run.`,
		Example: `  packetspec mutants
  packetspec mutants --run '^EQ-' -v
  packetspec mutants --record conformance/mutants/record.json --record conformance/SCORE.md`,
		RunE: withSpecification(f.mutants),
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&f.only, "run", nil, "only faults whose name or requirement matches this regular `expression`; may be repeated: any of them")
	flags.StringArrayVar(&f.skip, "skip", nil, "no fault whose name or requirement matches this regular `expression`; may be repeated")
	flags.StringVar(&f.format, "format", "text", "text or json")
	flags.IntVar(&f.run.Parallel, "parallel", 2*runtime.NumCPU(), "how many scenarios work at a time, not counting those that only wait")
	flags.DurationVar(&f.run.Timeout, "timeout", time.Second, "how long a scenario may be silent, in addition to ten times what it takes without a fault")
	flags.BoolVar(&f.run.Own, "own", false, "try each fault on the scenarios of its own requirement only, which takes seconds")
	flags.BoolVar(&f.list, "list", false, "list the faults, and run nothing")
	flags.BoolVar(&f.check, "check", false, "fail only if something is worse than in the last record")
	flags.StringArrayVar(&f.record, "record", nil, "run twice, and write what both runs have in common to this `file`: a page if its name ends in .md, else JSON; may be repeated")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "list each fault with the scenarios that detect it")
	return cmd
}

// selects reports whether the flags select some of the faults.
func (f *mutantsFlags) selects() bool { return len(f.only)+len(f.skip) > 0 }

func (f *mutantsFlags) mutants(cmd *cobra.Command, s *spec.Spec, _ []string) error {
	if err := cmp.Or(
		oneOf("--format", f.format, "text", "json"),
		atLeast("--parallel", f.run.Parallel, 1),
		aboveZero("--timeout", f.run.Timeout),
	); err != nil {
		return err
	}
	if f.record != nil && (f.selects() || f.run.Own) {
		return hint.Add(fmt.Errorf("--record is %q together with --run, --skip or --own: a record must be of every fault and every scenario", f.record[0]), "packetspec mutants --record %s", f.record[0])
	}
	faults, err := mutants.Select(f.only, f.skip)
	switch {
	case err != nil:
		return err
	case f.list:
		return listFaults(cmd, faults, f.format)
	}
	run, err := f.newRun(s, faults)
	if err != nil {
		return err
	}
	progress := newMutantsProgress(time.Now())
	run.Observe = progress.observe
	if f.record != nil {
		files, err := openRecords(cmd.Context(), f.record)
		if err != nil {
			return err
		}
		progress.start(cmd.ErrOrStderr())
		r, err := run.Record(cmd.Context())
		progress.end()
		if err != nil {
			return runError(err)
		}
		return f.writeRecord(cmd, r, files)
	}
	progress.start(cmd.ErrOrStderr())
	table, err := run.Do(cmd.Context())
	progress.end()
	if err != nil {
		return runError(err)
	}
	return f.report(cmd, table)
}

// runError returns the error of a run without a table.
func runError(err error) error {
	if errors.As(err, new(*conformance.EnvironmentError)) {
		return &statusError{statusAdapter, err}
	}
	return &statusError{statusNot, err}
}

func listFaults(cmd *cobra.Command, faults []mutant.Fault, format string) error {
	type listedFault struct {
		Name        string `json:"name"`
		Requirement string `json:"requirement"`
		Text        string `json:"text"`
	}
	var all []listedFault
	for _, f := range faults {
		all = append(all, listedFault{f.Name, f.Requirement, f.Text})
	}
	if format == "json" {
		return report.WriteJSON(cmd.OutOrStdout(), all)
	}
	for _, f := range all {
		cmd.Printf("%-6s %s: %s\n", f.Requirement, f.Name, f.Text)
	}
	cmd.Printf("faults: %d\n", len(all))
	return nil
}

// newRun returns the run of faults for which the flags ask.
func (f *mutantsFlags) newRun(s *spec.Spec, faults []mutant.Fault) (run mutants.Run, err error) {
	self, err := adapter.Self()
	if err != nil {
		return run, &statusError{statusNot, err}
	}
	run = f.run
	run.Spec, run.Faults, run.Whole, run.Baselines = s, faults, !f.selects(), baselines
	run.Subject = mutants.SecondImplementation{Process: func(c mutants.Config) adapter.Starter {
		args := []string{"adapter", "--fault", cmp.Or(c.Fault, noFault)}
		if c.Later {
			args = append(args, "--dialect", conformance.LaterDialect)
		}
		return adapter.Process{Argv: slices.Concat(self.Argv, args), Env: self.Env}
	}}
	return run, nil
}

// report writes a table, and returns the status that it ends the command with.
func (f *mutantsFlags) report(cmd *cobra.Command, table *mutants.Table) (err error) {
	if f.format == "json" {
		err = report.WriteJSON(cmd.OutOrStdout(), table)
	} else {
		err = table.Text(cmd.OutOrStdout(), f.verbose)
	}
	switch {
	case err != nil:
		return &statusError{statusNot, err}
	case cmd.Context().Err() != nil:
		return context.Cause(cmd.Context()) // the table says what was not run
	case f.check:
		return compareWithRecord(cmd, table)
	case !table.Complete():
		return &statusError{status: statusNot}
	}
	return nil
}

// compareWithRecord prints in what a table is worse than the record.
func compareWithRecord(cmd *cobra.Command, table *mutants.Table) error {
	r, err := mutants.Recorded()
	if err != nil {
		return &statusError{statusNot, err}
	}
	regressions := r.Regressions(table)
	for _, line := range regressions {
		cmd.PrintErrf("worse: %s\n", line)
	}
	if len(regressions) > 0 || len(table.FalsePositives) > 0 || table.NotRun > 0 {
		return &statusError{status: statusNot}
	}
	return nil
}

// openRecords opens the files of --record.
func openRecords(ctx context.Context, names []string) (files []*output.File, err error) {
	for i, name := range names {
		if slices.ContainsFunc(names[:i], func(earlier string) bool { return output.Same(name, earlier) }) {
			return nil, hint.Add(fmt.Errorf("--record is %q, but another record goes to the same file", name), "packetspec mutants --record FILE")
		}
		file, err := output.Open(ctx, name)
		if err != nil {
			return nil, fmt.Errorf("--record is %q: %w", name, err)
		}
		files = append(files, file)
	}
	return files, nil
}

func (f *mutantsFlags) writeRecord(cmd *cobra.Command, r *mutants.Record, files []*output.File) error {
	var errs []error
	for i, file := range files {
		write := r.JSON
		if strings.HasSuffix(f.record[i], ".md") {
			write = r.Page
		}
		if err := file.Write(write); err != nil {
			errs = append(errs, fmt.Errorf("--record: %w", err))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return &statusError{statusUnwritten, err}
	}
	cmd.Printf("recorded: %s of the faults detected; %s of the requirements and %s of the scenarios detect a fault\n", r.Scores.Faults, r.Scores.Requirements, r.Scores.Scenarios)
	return nil
}

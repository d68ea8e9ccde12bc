package main

import (
	"errors"
	"fmt"
	"os"
	"regexp"
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
)

// mutantsFlags are the flags of mutants.
type mutantsFlags struct {
	run      string
	format   string
	parallel int
	timeout  time.Duration
	verbose  bool
	own      bool
	list     bool
	check    bool
	record   []string
}

// controls is how often each scenario is run without a fault among the faults: there
// nothing may be found.
const controls = 2

func newMutants() *cobra.Command {
	var f mutantsFlags
	cmd := &cobra.Command{
		Use: "mutants", Short: "Run the suite against an implementation with each of many faults", Args: cobra.NoArgs,
		Long: `Proves the suite: tries the second implementation with each of its faults, and tells
which scenarios find it. Each fault breaks one requirement, whose scenarios are to
find it, and not by waiting alone where an octet would tell.

Exit status: 0 if they do, and each scenario, and each requirement of level must or
should, finds a fault; 1 if not. With --check it is 0 if no fault that was killed when
the matrix was last recorded survives, and no score has fallen.`,
		Example: `  packetspec mutants
  packetspec mutants --run '^EQ-' -v
  packetspec mutants --record conformance/mutants/record.json --record conformance/SCORE.md`,
		RunE: f.mutants,
	}
	flags := cmd.Flags()
	flags.StringVar(&f.run, "run", "", "only faults whose name or requirement matches this regular `expression`")
	flags.StringVar(&f.format, "format", "text", "text or json")
	flags.IntVar(&f.parallel, "parallel", 2*runtime.NumCPU(), "how many scenarios work at a time, beside those that only wait")
	flags.DurationVar(&f.timeout, "timeout", time.Second, "how long a scenario may take, beside ten times what it takes without a fault")
	flags.BoolVar(&f.own, "own", false, "try each fault on the scenarios of its own requirement alone, which takes seconds")
	flags.BoolVar(&f.list, "list", false, "list the faults, and try none")
	flags.BoolVar(&f.check, "check", false, "fail only if something has become worse since the last record")
	flags.StringArrayVar(&f.record, "record", nil, "run twice, and write what both runs have in common to this `file`: a page if its name ends in .md, else JSON; may be repeated")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "list each fault with the scenarios that find it")
	return cmd
}

func (f *mutantsFlags) mutants(cmd *cobra.Command, _ []string) error {
	faults, err := f.faults()
	switch {
	case err != nil:
		return err
	case f.format != "text" && f.format != "json":
		return fmt.Errorf("--format %q is neither text nor json", f.format)
	case f.parallel < 1 || f.timeout <= 0:
		return errors.New("--parallel and --timeout are above 0")
	case f.record != nil && (f.run != "" || f.own):
		return errors.New("--record is of every fault and every scenario, without --run and --own")
	case f.list:
		return listFaults(cmd, faults, f.format)
	}
	m, err := f.try(cmd, faults)
	switch {
	case err != nil:
		return err
	case f.record != nil:
		return f.recordAll(cmd, faults, m)
	}
	return f.tell(cmd, m)
}

// tell writes a matrix, and is the status that it ends the command with.
func (f *mutantsFlags) tell(cmd *cobra.Command, m *mutants.Matrix) (err error) {
	if f.format == "json" {
		err = report.WriteJSON(cmd.OutOrStdout(), m)
	} else {
		err = m.Text(cmd.OutOrStdout(), f.verbose)
	}
	switch {
	case err != nil:
		return &statusError{statusNot, err}
	case f.check:
		return checkRecord(cmd, m)
	case !m.Proves():
		return &statusError{status: statusNot}
	}
	return nil
}

// faults are those that are selected.
func (f *mutantsFlags) faults() ([]mutant.Fault, error) {
	run, err := regexp.Compile(f.run)
	if err != nil {
		return nil, fmt.Errorf("--run: %w", err)
	}
	isName := slices.ContainsFunc(mutant.Faults(), func(g mutant.Fault) bool { return g.Name == f.run || g.Requirement == f.run })
	selected := slices.DeleteFunc(mutant.Faults(), func(g mutant.Fault) bool {
		if isName {
			return g.Name != f.run && g.Requirement != f.run
		}
		return !run.MatchString(g.Name) && !run.MatchString(g.Requirement)
	})
	if len(selected) == 0 {
		return nil, fmt.Errorf("no fault is selected by --run %q (packetspec mutants --list shows all)", f.run)
	}
	return selected, nil
}

// try runs the matrix.
func (f *mutantsFlags) try(cmd *cobra.Command, faults []mutant.Fault) (*mutants.Matrix, error) {
	s, err := specification()
	if err != nil {
		return nil, err
	}
	self, err := adapter.Self()
	if err != nil {
		return nil, &statusError{statusNot, err}
	}
	progress := newProgress(cmd.ErrOrStderr(), 0)
	defer progress.end()
	m, err := mutants.Run{
		Spec: s, Faults: faults, Whole: f.run == "", Own: f.own, Controls: controls,
		Parallel: f.parallel, Timeout: f.timeout, Observe: progress.tried,
		Subject: mutants.Mutant{Process: func(as mutants.Make) adapter.Starter {
			return adapter.Process{Argv: append(self.Argv[:1:1], mutantArgs(as)...), Env: self.Env}
		}},
	}.Do(cmd.Context())
	if err != nil {
		return nil, &statusError{statusNot, err}
	}
	return m, nil
}

// recordAll runs the matrix again and writes what the two have in common.
func (f *mutantsFlags) recordAll(cmd *cobra.Command, faults []mutant.Fault, first *mutants.Matrix) error {
	second, err := f.try(cmd, faults)
	switch {
	case err != nil:
		return err
	case cmd.Context().Err() != nil:
		return &statusError{statusNot, errors.New("interrupted: nothing is recorded")}
	case len(first.Alarms)+len(second.Alarms) > 0:
		var failed []string
		for _, k := range slices.Concat(first.Alarms, second.Alarms) {
			failed = append(failed, fmt.Sprintf("%s (%s)", k.Scenario, k.Outcome))
		}
		return &statusError{statusNot, fmt.Errorf("scenarios fail without a fault: nothing is recorded: %s", strings.Join(failed, ", "))}
	}
	r := mutants.NewRecord(first, second)
	for _, file := range f.record {
		if err := writeRecord(file, r); err != nil {
			return &statusError{statusNot, fmt.Errorf("--record: %w", err)}
		}
	}
	cmd.Printf("recorded: %s of the faults killed, %s of the requirements and %s of the scenarios kill\n", r.Scores.Faults, r.Scores.Requirements, r.Scores.Scenarios)
	return nil
}

// mutantArgs are the arguments of this command that make a mutant.
func mutantArgs(as mutants.Make) []string {
	args := []string{"adapter", "--fault", noFault}
	if as.Fault != "" {
		args[2] = as.Fault
	}
	if as.Later {
		args = append(args, "--dialect", conformance.LaterDialect)
	}
	return args
}

// listFaults lists faults, as a table or as JSON.
func listFaults(cmd *cobra.Command, faults []mutant.Fault, format string) error {
	type listed struct {
		Name        string `json:"name"`
		Requirement string `json:"requirement"`
		Text        string `json:"text"`
	}
	var all []listed
	for _, f := range faults {
		all = append(all, listed{f.Name, f.Requirement, f.Text})
		if format == "text" {
			cmd.Printf("%-6s %s: %s\n", f.Requirement, f.Name, f.Text)
		}
	}
	if format == "text" {
		cmd.Printf("faults: %d\n", len(faults))
		return nil
	}
	return report.WriteJSON(cmd.OutOrStdout(), all)
}

func writeRecord(file string, r *mutants.Record) (err error) {
	w, err := os.Create(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	if strings.HasSuffix(file, ".md") {
		return r.Page(w)
	}
	return r.JSON(w)
}

// checkRecord holds a matrix against the record.
func checkRecord(cmd *cobra.Command, m *mutants.Matrix) error {
	r, err := mutants.Recorded()
	if err != nil {
		return &statusError{statusNot, err}
	}
	falls := r.Falls(m)
	for _, fall := range falls {
		cmd.PrintErrf("fallen: %s\n", fall)
	}
	if len(falls) > 0 || len(m.Alarms) > 0 || m.NotRun > 0 {
		return &statusError{status: statusNot}
	}
	return nil
}

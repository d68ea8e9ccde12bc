package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
)

// testFlags are the flags of test.
type testFlags struct {
	filter    conformance.Filter
	known     string
	update    bool // of the known deviations
	strict    bool
	shard     string
	repeat    int
	failFast  bool
	parallel  int
	timeout   time.Duration
	startTime time.Duration
	seed      uint64
	reports   []string
	verbose   bool
}

func newTest() *cobra.Command {
	var f testFlags
	cmd := &cobra.Command{
		Use:   "test [flags] [-- ADAPTER ARG...]",
		Short: "Run the suite against an implementation",
		Long: `Runs the scenarios of the specification against the implementation behind ADAPTER
or, without one, against the reference (in the later dialect: the second
implementation), as a process of its own.

Exit status: 0 if it conforms; 1 if not; 2 for a mistake in the command line; 3 if
the adapter could not be started or spoken to. Only scenarios of level must count,
unless --strict or --known is given.`,
		Example: `  packetspec test
  packetspec test --run EQ-2 -v -- python3 adapter.py
  packetspec test --known known.txt --report junit=results.xml -- ./adapter`,
		RunE: f.test,
	}
	filterFlags(cmd, &f.filter, conformance.Dialects[0])
	flags := cmd.Flags()
	flags.StringVar(&f.known, "known", "", "a `file` of all known deviations: a listed one does not count if it deviates as listed; any other counts, of whatever level")
	flags.BoolVar(&f.update, "update-known", false, "write the deviations found to the file of --known, which need not exist, and do not count them")
	flags.BoolVar(&f.strict, "strict", false, "scenarios of every level count")
	flags.StringVar(&f.shard, "shard", "", "only part I of N of the scenarios, as `I/N`: for CI jobs side by side")
	flags.IntVar(&f.repeat, "repeat", 1, "run up to so many times, with a seed each time in another order, until a run does not conform")
	flags.BoolVar(&f.failFast, "fail-fast", false, "begin no scenario after one that counts has failed")
	flags.IntVar(&f.parallel, "parallel", max(4, 2*runtime.NumCPU()), "how many adapters run at a time: scenarios wait more than they work")
	flags.DurationVar(&f.timeout, "timeout", 5*time.Second, "how long one scenario may take")
	flags.DurationVar(&f.startTime, "start-timeout", 30*time.Second, "how long an adapter may take to answer hello")
	flags.Uint64Var(&f.seed, "seed", 0, "run the scenarios in the random order that this `number` gives; 0: as they stand")
	flags.StringArrayVar(&f.reports, "report", nil, "a report, as `FORMAT or FORMAT=FILE`: text, json or junit; may be repeated")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "list every scenario, not only those that do not pass")
	return cmd
}

func (f *testFlags) test(cmd *cobra.Command, args []string) error {
	outputs, err := f.check()
	if err != nil {
		return err
	}
	process, err := subject(cmd, f.filter.Dialect, args)
	if err != nil {
		return err
	}
	s, err := specification()
	if err != nil {
		return err
	}
	selected, err := f.selected(s)
	if err != nil {
		return err
	}
	list, known, err := f.readKnown(s)
	if err != nil {
		return err
	}
	run := conformance.Run{
		Version: version(), Spec: s, Scenarios: selected, Subject: process, Known: known,
		Parallel: f.parallel, Timeout: f.timeout, StartTime: f.startTime, Seed: f.seed, Dialect: f.filter.Dialect,
		Again: func(id string) string { return runCommand("^"+id+"$", f.repeated(cmd), args) },
	}
	if f.failFast {
		run.Last = func(r report.Result) bool { return r.Counts(f.everyLevel()) }
	}
	results, err := f.runs(cmd, run)
	switch {
	case cmd.Context().Err() != nil && err != nil:
		return &statusError{statusNot, errors.New("interrupted before the adapter had answered hello")}
	case err != nil:
		return &statusError{statusAdapter, err}
	}
	if err := f.write(cmd.OutOrStdout(), results, outputs); err != nil {
		return &statusError{statusNot, err}
	}
	if f.update {
		return f.updateKnown(list, results)
	}
	if !results.Conforms(f.everyLevel()) {
		return &statusError{status: statusNot}
	}
	return nil
}

// check finds mistakes in flags that need no more than themselves.
func (f *testFlags) check() ([]output, error) {
	switch {
	case f.parallel < 1 || f.timeout <= 0 || f.startTime <= 0 || f.repeat < 1:
		return nil, errors.New("--parallel, --timeout, --start-timeout and --repeat are above 0")
	case f.filter.Dialect == conformance.AnyDialect:
		return nil, errors.New("--dialect any: an implementation speaks one dialect, " + strings.Join(conformance.Dialects, " or "))
	case f.update && f.known == "":
		return nil, errors.New("--update-known needs the file to write: --known FILE")
	}
	return parseReports(f.reports)
}

func (f *testFlags) selected(s *spec.Spec) ([]spec.Scenario, error) {
	selected, err := f.filter.Select(s)
	if err != nil || f.shard == "" {
		return selected, err
	}
	shard, err := conformance.ParseShard(f.shard)
	if err != nil {
		return nil, err
	}
	return shard.Of(selected)
}

// runs runs again and again, as --repeat says. The results are those of the last run.
func (f *testFlags) runs(cmd *cobra.Command, run conformance.Run) (results *report.Results, err error) {
	for i := range f.repeat {
		if f.seed != 0 {
			run.Seed = f.seed + uint64(i)
		}
		progress := newProgress(cmd.ErrOrStderr(), len(run.Scenarios))
		run.Observe = progress.observe
		results, err = run.Do(cmd.Context())
		progress.end()
		if err != nil {
			return nil, err
		}
		if f.repeat > 1 {
			results.Notes = append(results.Notes, fmt.Sprintf("run %d of %d, seed %d", i+1, f.repeat, run.Seed))
		}
		if !results.Conforms(f.everyLevel()) {
			break
		}
	}
	return results, nil
}

// repeated is those of the flags given that bear on a single scenario too.
func (f *testFlags) repeated(cmd *cobra.Command) (flags string) {
	for _, name := range []string{"dialect", "timeout", "start-timeout"} {
		if flag := cmd.Flags().Lookup(name); flag.Changed {
			flags += " --" + name + " " + flag.Value.String()
		}
	}
	return flags
}

// everyLevel reports whether scenarios of every level count. They do with a list of
// known deviations: it would rot if what it lacks went unnoticed.
func (f *testFlags) everyLevel() bool { return f.strict || f.known != "" }

// output is a report that was asked for; without a file it goes to the standard output.
type output struct{ format, file string }

func parseReports(args []string) ([]output, error) {
	var outputs []output
	printed := false
	for _, arg := range args {
		format, file, _ := strings.Cut(arg, "=")
		switch format {
		case "text", "json", "junit":
		default:
			return nil, fmt.Errorf("--report %q: the format is text, json or junit, with a file as in junit=results.xml", arg)
		}
		if file == "" && printed {
			return nil, errors.New("--report: only one report can go to the standard output; give the others a file, as in json=results.json")
		}
		if _, err := os.Stat(filepath.Dir(file)); file != "" && err != nil {
			return nil, fmt.Errorf("--report: the folder of %s: %w", file, err)
		}
		printed = printed || file == ""
		outputs = append(outputs, output{format, file})
	}
	if !printed {
		outputs = append(outputs, output{format: "text"})
	}
	return outputs, nil
}

func (f *testFlags) write(stdout io.Writer, results *report.Results, outputs []output) error {
	for _, o := range outputs {
		if err := f.writeOne(stdout, results, o); err != nil {
			return err
		}
	}
	return nil
}

func (f *testFlags) writeOne(w io.Writer, results *report.Results, o output) (err error) {
	if o.file != "" {
		file, createErr := os.Create(o.file)
		if createErr != nil {
			return fmt.Errorf("--report: %w", createErr)
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		w = file
	}
	switch o.format {
	case "json":
		return results.JSON(w)
	case "junit":
		return results.JUnit(w, f.everyLevel())
	}
	return results.Text(w, f.verbose)
}

// readKnown reads the list of known deviations, if there is one to be.
func (f *testFlags) readKnown(s *spec.Spec) (list string, known conformance.Known, err error) {
	if f.known == "" {
		return "", nil, nil
	}
	octets, err := os.ReadFile(f.known)
	switch {
	case f.update && errors.Is(err, fs.ErrNotExist):
	case errors.Is(err, fs.ErrNotExist):
		return "", nil, fmt.Errorf("--known: %w\nhint: --update-known makes the file", err)
	case err != nil:
		return "", nil, fmt.Errorf("--known: %w", err)
	}
	known, err = conformance.ReadKnown(f.known, strings.NewReader(string(octets)), s)
	return string(octets), known, err
}

// updateKnown writes the list as it should read after a run.
func (f *testFlags) updateKnown(list string, results *report.Results) error {
	if err := os.WriteFile(f.known, []byte(conformance.UpdateKnown(list, results)), 0o666); err != nil {
		return &statusError{statusNot, fmt.Errorf("--update-known: %w", err)}
	}
	return nil
}

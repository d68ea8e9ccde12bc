package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/known"
	"github.com/packetspec/packetspec/conformance/profile"
	"github.com/packetspec/packetspec/conformance/replay"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/site"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/internal/hint"
)

type testFlags struct {
	run      conformance.Series
	filter   conformance.Filter
	profile  string
	known    string
	update   bool // write the file of known deviations
	strict   bool
	shard    string
	failFast bool
	reports  []string
	bundles  string // the folder of replay bundles
	wire     string // of which scenarios the reports have the wire
	verbose  bool
	color    string // when the report is in color
}

// testFormats lists the formats of the suite's reports, first the one of the standard output.
var testFormats = []string{"text", "json", "junit", "github", "html"}

func newTest() *cobra.Command {
	var f testFlags
	cmd := &cobra.Command{
		Use:   "test [flags] [-- ADAPTER ARG...]",
		Short: "Run the suite against an implementation",
		Long: `Runs the scenarios of the specification against the implementation that ADAPTER drives.
Without ADAPTER it tests the reference, as a process of its own. The reference does not
speak the later dialect: with --dialect 2024 the command tests the second implementation,
which the suite has for planting faults in it (see packetspec mutants).

Exit status: 0 if the implementation conforms; 1 if not; 2 for a mistake in the command
line, or a report that cannot be written where it should be; 3 if the adapter could not
be started, or did not answer as one, or this machine lacks something; 4 if a report
could not be written at the end; 128 and the number of the signal that ended the run.
Only scenarios of level must count, unless --strict or --known is given. A scenario is
flaky, and counts as if it failed, if it passes in some runs of --repeat or --retry only.
One that is skipped counts if --profile claims what the adapter lacks.`,
		Example: `  packetspec test
  packetspec test --profile codec -- python3 adapter.py
  packetspec test --run EQ-2 -v -- python3 adapter.py
  packetspec test --known known.txt --report junit=results.xml -- ./adapter`,
		RunE: withSpecification(f.test),
	}
	f.add(cmd)
	cmd.Flags().StringVar(&f.bundles, "replay-dir", "", "a `folder` in which to keep what happened in each failure, for packetspec replay; empty: of the first 20 failures, in a temporary one")
	cmd.Flags().StringVar(&f.profile, "profile", string(profile.Connection), "what the implementation claims: codec, which is encode and decode; connection, which is every command that needs no optional ability; or everything")
	return cmd
}

// add adds the flags of a verb that runs the suite.
func (f *testFlags) add(cmd *cobra.Command) {
	filterFlags(cmd, &f.filter, conformance.Dialects[0])
	flags := cmd.Flags()
	flags.StringVar(&f.known, "known", "", "a `file` that lists the known deviations: scenarios that deviate as listed do not count, and all others do, of every level")
	flags.BoolVar(&f.update, "update-known", false, "write the deviations of this run to the file of --known, which need not exist, and do not count them")
	flags.BoolVar(&f.strict, "strict", false, "scenarios of every level count")
	flags.StringVar(&f.shard, "shard", "", "run only part I of N of the scenarios, given as `I/N`, to share them among CI jobs")
	flags.IntVar(&f.run.Times, "repeat", 1, "how many times to run every scenario: one that passes in some runs only is flaky; with --seed, each run has its own order")
	flags.IntVar(&f.run.Retry, "retry", 0, "how many times to run a scenario that deviates again, on a new adapter, until it passes: it is flaky then, not passed")
	flags.BoolVar(&f.failFast, "fail-fast", false, "start no scenario after one that counts has failed")
	flags.IntVar(&f.run.Parallel, "parallel", defaultParallel(), "how many adapters run at a time")
	flags.DurationVar(&f.run.Timeout, "timeout", 5*time.Second, "how long a scenario may be silent; in all it may take 20 times as long")
	flags.DurationVar(&f.run.StartTime, "start-timeout", 30*time.Second, "how long an adapter may take to start and answer hello")
	flags.Uint64Var(&f.run.Seed, "seed", 0, "run the scenarios in a random order, made from this `number`; 0: in the order of the specification")
	reportFlag(cmd, &f.reports, testFormats)
	flags.StringVar(&f.wire, "wire", wireOfFailures, "whose wire, commands and replies the JSON report has: `WHICH` is failures, or all, which adds scenarios that pass")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "list every scenario, not only those that do not pass")
	flags.StringVar(&f.color, "color", "auto", "whether the text report on the standard output is in color: `WHEN` is auto, always or never; auto: on a terminal, unless NO_COLOR or CI is set")
}

// The values of --wire.
const (
	wireOfFailures = "failures"
	wireOfAll      = "all"
)

// defaultParallel returns how many adapters run at a time: two for each processor, since
// scenarios mostly wait, and four at least, to overlap their waits on a small machine.
func defaultParallel() int { return max(4, 2*runtime.NumCPU()) }

func (f *testFlags) test(cmd *cobra.Command, s *spec.Spec, args []string) error {
	if err := cmp.Or(f.check(), oneOf("--profile", f.profile, profileNames()...), notEmpty(cmd, "replay-dir")); err != nil {
		return err
	}
	process, err := subject(cmd, f.filter.Dialect, args)
	if err != nil {
		return err
	}
	selected, outside, err := f.selected(s)
	if err != nil {
		return err
	}
	run := f.run
	run.Scenarios, run.Subject, run.Setting = selected, process, f.setting(cmd, args)
	run.Profile, run.Outside = profile.Profile(f.profile), outside
	run.Again = func(r report.Result) string { return testCommand(f.again(cmd, r, nil), args) }
	run.Warn = func([]string) {} // doShown prints them; what probe starts is no adapter to look at
	return f.report(cmd, s, run, conformance.Series.Do)
}

// report makes the runs of a verb by do, and reports their results.
func (f *testFlags) report(cmd *cobra.Command, s *spec.Spec, run conformance.Series, do doFunc) error {
	if err := notEmpty(cmd, "known"); err != nil {
		return err
	}
	list, err := openKnown(cmd.Context(), f.known, s, f.update)
	if err != nil {
		return err
	}
	defer list.close()
	outputs, err := openReports(cmd.Context(), f.reports, f.known, testFormats)
	if err != nil {
		return err
	}
	defer outputs.close()
	run.Commit, run.WireOfAll = commit(), f.wire == wireOfAll
	run.Version, run.Spec, run.Known, run.Dialect = version(), s, list.List, f.filter.Dialect
	if f.failFast {
		run.Last = func(r report.Result) bool { return r.Counts(f.everyLevel()) }
	}
	keeper, err := f.keeper(s)
	if err != nil {
		return err
	}
	run.Keep = keeper.Keep
	stdout := cmd.OutOrStdout()
	progress := newRunProgress(len(run.Scenarios)*run.Times, time.Now())
	stream := outputs.stream(progress.above(stdout), run.Suite(), f.verbose, inColor(f.color, stdout))
	results, gaveUp := doShown(cmd, run, do, stream, progress)
	if results == nil {
		return &statusError{statusAdapter, gaveUp}
	}
	results.ListsSkips = f.update && f.listsSkips(list)
	unwritten := errors.Join(f.unkept(cmd, keeper), outputs.write(stdout, contents{
		"text":  func(w io.Writer) error { return results.Text(w, f.verbose) },
		"json":  results.JSON,
		"junit": func(w io.Writer) error { return results.JUnit(w, f.everyLevel()) },
		"html": func(w io.Writer) error {
			return site.Page(w, site.Input{Spec: s, Runs: []*report.Results{results}, Version: version(), Commit: commit()})
		},
		"github": func(w io.Writer) error { return results.GitHub(w, f.everyLevel()) },
	}))
	_ = stream.Finish(results)
	if f.update && unwritten == nil {
		return f.updateKnown(cmd, list, s, results, gaveUp)
	}
	if gaveUp != nil {
		if outputs.textPrinted() && terminal(stdout) != nil && terminal(cmd.ErrOrStderr()) != nil {
			gaveUp = nil // the text report beside it ends with the same
		}
		return &statusError{statusAdapter, errors.Join(unwritten, gaveUp)}
	}
	conforms := results.Conforms(f.everyLevel())
	switch {
	case unwritten != nil && !conforms:
		return &statusError{statusUnwritten, fmt.Errorf("%w\nand the implementation does not conform", unwritten)}
	case unwritten != nil:
		return &statusError{statusUnwritten, unwritten}
	case !conforms:
		return &statusError{status: statusNot}
	}
	return nil
}

// keptBundles is how many failures of a run are kept without --replay-dir.
const keptBundles = 20

// keeper returns what keeps the failures of the run. A folder that cannot be made is found before it.
func (f *testFlags) keeper(s *spec.Spec) (*replay.Keeper, error) {
	k := &replay.Keeper{Dir: f.bundles, About: replay.Bundle{Suite: version(), Commit: commit(), Specification: s.Version, Dialect: f.filter.Dialect}}
	if f.bundles == "" {
		k.Most = keptBundles
		return k, nil
	}
	if err := os.MkdirAll(f.bundles, 0o777); err != nil {
		return nil, fmt.Errorf("--replay-dir is %q: %w", f.bundles, err)
	}
	return k, nil
}

// unkept returns why the failures of the run could not be kept, if --replay-dir asks for that. Else it prints
// why.
func (f *testFlags) unkept(cmd *cobra.Command, k *replay.Keeper) error {
	err := k.Err()
	if err != nil && f.bundles == "" {
		cmd.PrintErrf("packetspec: note: failures cannot be replayed: %v\n", err)
		return nil
	}
	return err
}

// A doFunc makes the runs of a verb.
type doFunc func(conformance.Series, context.Context) (*report.Results, error)

// doShown makes the runs, and shows their progress and their results meanwhile.
func doShown(cmd *cobra.Command, run conformance.Series, do doFunc, stream *report.Stream, progress *runProgress) (*report.Results, error) {
	run.Begin = func(id string) { progress.begin(id, time.Now()) }
	run.Observe = func(r report.Result) { progress.observe(r, time.Now(), stream.Observe) }
	if run.Warn != nil {
		run.Warn = func(warnings []string) { progress.update(time.Now(), func() { stream.Warn(warnings) }) }
	}
	progress.start(cmd.ErrOrStderr())
	defer progress.end()
	return do(run, cmd.Context())
}

// updateKnown writes the list of known deviations anew, if the run shows all of them.
func (f *testFlags) updateKnown(cmd *cobra.Command, list *knownFile, s *spec.Spec, results *report.Results, gaveUp error) error {
	if err := known.Check(results); err != nil {
		status := statusNot
		if gaveUp != nil {
			status = statusAdapter
		}
		if f.failFast && results.NotRun > 0 {
			err = hint.Add(err, "--update-known without --fail-fast")
		}
		left := fmt.Sprintf("leaves %s as it was", f.known)
		if list.missing {
			left = "writes no " + f.known
		}
		return &statusError{status, errors.Join(gaveUp, fmt.Errorf("--update-known %s: %w", left, err))}
	}
	text := known.Update(list.text, s, results, f.listsSkips(list))
	if err := list.update(text); err != nil {
		return &statusError{statusUnwritten, fmt.Errorf("--update-known: %w", err)}
	}
	cmd.PrintErrf("packetspec: %s: %s\n", f.known, known.Changes(list.text, text, s))
	switch n := known.Reviews(text); n {
	case 0:
	case 1:
		cmd.PrintErrf("packetspec: 1 timeout or crash in %s is marked # review, since the machine may have caused it\n", f.known)
	default:
		cmd.PrintErrf("packetspec: %d timeouts and crashes in %s are marked # review, since the machine may have caused them\n", n, f.known)
	}
	return nil
}

// listsSkips reports whether an update of the list of known deviations lists the skips of the run. A run
// of some scenarios lists them only if the list does: those of other scenarios would be missing.
func (f *testFlags) listsSkips(list *knownFile) bool {
	return len(list.List) == 0 || !f.filtered() || list.ListsSkips()
}

// filtered reports whether flags select some of the scenarios.
func (f *testFlags) filtered() bool {
	return len(f.filter.Run)+len(f.filter.Skip) > 0 || f.filter.Tags != "" || f.shard != ""
}

// check finds the mistakes that flags show by themselves.
func (f *testFlags) check() error {
	if err := cmp.Or(
		atLeast("--parallel", f.run.Parallel, 1),
		atLeast("--repeat", f.run.Times, 1),
		atMost("--repeat", f.run.Times, mostRuns),
		atLeast("--retry", f.run.Retry, 0),
		atMost("--retry", f.run.Retry, mostRuns),
		aboveZero("--timeout", f.run.Timeout),
		aboveZero("--start-timeout", f.run.StartTime),
		oneOf("--wire", f.wire, wireOfFailures, wireOfAll),
		oneOf("--color", f.color, "auto", "always", "never"),
		oneOf("--dialect", f.filter.Dialect, conformance.Dialects...),
	); err != nil {
		return err
	}
	if f.update && f.known == "" {
		return hint.Add(errors.New("--update-known is given without --known, which names the file to write"), "--update-known --known known.txt")
	}
	return nil
}

// selected returns the scenarios that the flags select, and how many more the profile leaves out.
func (f *testFlags) selected(s *spec.Spec) (selected []spec.Scenario, outside int, err error) {
	selected, err = f.filter.Select(s)
	if err == nil {
		selected, outside, err = conformance.Claimed(profile.Profile(f.profile), selected)
	}
	if err != nil || f.shard == "" {
		return selected, outside, err
	}
	shard, err := conformance.ParseShard(f.shard)
	if err == nil {
		selected, err = shard.Of(selected)
	}
	return selected, outside, err
}

func profileNames() (names []string) {
	for _, p := range profile.All {
		names = append(names, string(p))
	}
	return names
}

// again returns the flags that show a result again, with further flags by their names. A flaky scenario
// runs several times or, if the order may matter, among the others, in the order in which it deviated.
func (f *testFlags) again(cmd *cobra.Command, r report.Result, names []string) []string {
	names = append(names, "dialect", "profile", "timeout", "start-timeout")
	words := []string{"--run", "^" + r.ID + "$"}
	switch flaky := r.Runs.Outcome() == report.Flaky; {
	case flaky && r.Seed != 0:
		names = append(names, "run", "skip", "tags", "shard", "parallel")
		words = []string{"--seed", strconv.FormatUint(r.Seed, 10)}
	case flaky:
		words = append(words, "--repeat", strconv.Itoa(max(10, r.Runs.Total())))
	}
	words = append(words, given(cmd, func(name string) bool { return slices.Contains(names, name) })...)
	return words
}

// setting returns how the command line asks for the run.
func (f *testFlags) setting(cmd *cobra.Command, args []string) report.Setting {
	setting := report.Setting{Counting: report.CountMust, Command: quoteWords(args...)}
	if f.everyLevel() {
		setting.Counting = report.CountEvery
	}
	if f.shard != "" {
		setting.Shards = []string{f.shard}
	}
	files := []string{"known", "update-known", "report", "replay-dir", "shard", "color", "verbose", "ask", "expect"}
	setting.Flags = given(cmd, func(name string) bool { return !slices.Contains(files, name) })
	return setting
}

// given returns the flags that the command line gives and that are wanted, each with its values, as words.
func given(cmd *cobra.Command, wanted func(name string) bool) (words []string) {
	cmd.Flags().Visit(func(flag *pflag.Flag) {
		values := []string{flag.Value.String()}
		if several, ok := flag.Value.(pflag.SliceValue); ok {
			values = several.GetSlice()
		}
		for _, value := range values {
			switch {
			case !wanted(flag.Name):
			case flag.Value.Type() == "bool":
				words = append(words, "--"+flag.Name+"="+value)
			default:
				words = append(words, "--"+flag.Name, value)
			}
		}
	})
	return words
}

// everyLevel reports whether scenarios of every level count. With a list of known deviations
// they do: what is missing from the list would go unnoticed.
func (f *testFlags) everyLevel() bool { return f.strict || f.known != "" }

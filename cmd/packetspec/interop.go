package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/interop"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/internal/hint"
	"github.com/packetspec/packetspec/internal/match"
	"github.com/packetspec/packetspec/internal/readfile"
)

// betweenAdapters is the word between the commands of two adapters.
const betweenAdapters = "---"

type interopFlags struct {
	run       []string
	pair      string
	dialect   string
	known     string
	strict    bool
	failFast  bool
	parallel  int
	timeout   time.Duration
	startTime time.Duration
	reports   []string
	list      bool
}

// interopFormats lists the formats of the reports, first the one of the standard output.
var interopFormats = []string{"text", "json"}

func newInterop() *cobra.Command {
	var f interopFlags
	cmd := &cobra.Command{
		Use:   "interop [flags] -- ADAPTER ARG... [--- ADAPTER ARG...]...",
		Short: "Have implementations talk to each other, in every pair",
		Long: `Starts the adapters, and has each be the requester of each, in situations that together
are what the suite is about: all results of handlers, nested requests, many in flight,
large payloads, each way of ending. A relay stands between the two, so each
deviation is blamed on the side that broke a requirement. The matrix has a row for each
requester and a column for each responder. Of one adapter alone, it has one pair: the
adapter with itself.

A list of known deviations has lines like these, for one adapter or for one pair:

  cs.packetstream * TAG-3 it remembers every tag
  cs.packetstream/packetspec-reference large BID-4 it stops receiving
  cs.packetstream end-responder-works SHD-2? not in every run

A situation that fails by a timeout is played again, with new processes.

Exit status: 0 if all pairs conform; 1 if not; 2 for a mistake in the command line, or a file
that cannot be read or written; 3 if an adapter could not be started; 4 if a report could not be
written at the end; 128 and the number of the signal that ended the run. Only findings of level
must count, unless --strict or --known is given. With --known, a line that nothing shows any
more fails the run too.`,
		Example: `  packetspec interop -- ./adapter-a --- ./adapter-b --- python3 adapter.py
  packetspec interop --run '^nested$' --pair 1,2 -- ./adapter-a --- ./adapter-b`,
		RunE: withSpecification(f.interop),
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&f.run, "run", nil, "only situations whose id matches this regular `expression`; may be repeated: any of them")
	flags.StringVar(&f.pair, "pair", "", "only the adapter of the first `number` as requester of that of the second, counted from 1, as 1,2")
	flags.StringVar(&f.dialect, "dialect", conformance.Dialects[0], "the `dialect` of all implementations: "+strings.Join(conformance.Dialects, " or "))
	flags.StringVar(&f.known, "known", "", "a `file` that lists the known deviations, which do not count; all others do, of every level")
	flags.BoolVar(&f.strict, "strict", false, "findings of every level count")
	flags.BoolVar(&f.failFast, "fail-fast", false, "play no situation after one that has failed")
	flags.IntVar(&f.parallel, "parallel", defaultParallel()/2, "how many pairs are at work at a time")
	flags.DurationVar(&f.timeout, "timeout", 5*time.Second, "how long an adapter may be silent")
	flags.DurationVar(&f.startTime, "start-timeout", 30*time.Second, "how long an adapter may take to start and answer hello")
	flags.BoolVar(&f.list, "list", false, "list the situations, and play none")
	reportFlag(cmd, &f.reports, interopFormats)
	_ = cmd.RegisterFlagCompletionFunc("dialect", cobra.FixedCompletions(conformance.Dialects, cobra.ShellCompDirectiveNoFileComp)) // there is such a flag
	_ = cmd.RegisterFlagCompletionFunc("run", func(*cobra.Command, []string, string) (ids []string, _ cobra.ShellCompDirective) {
		for _, s := range interop.Situations() {
			ids = append(ids, s.ID+"\t"+s.Text)
		}
		return ids, cobra.ShellCompDirectiveNoFileComp
	})
	return cmd
}

func (f *interopFlags) interop(cmd *cobra.Command, s *spec.Spec, args []string) error {
	if f.list {
		for _, situation := range interop.Situations() {
			cmd.Printf("%-20s  %s\n", situation.ID, situation.Text)
		}
		return nil
	}
	if err := cmp.Or(
		notEmpty(cmd, "known"),
		atLeast("--parallel", f.parallel, 1), aboveZero("--timeout", f.timeout), aboveZero("--start-timeout", f.startTime),
		oneOf("--dialect", f.dialect, conformance.Dialects...),
	); err != nil {
		return err
	}
	commands, err := splitCommands(cmd, args)
	if err != nil {
		return err
	}
	run := interop.Run{
		Spec: s, Later: f.dialect == conformance.LaterDialect, Strict: f.strict, FailFast: f.failFast, Parallel: f.parallel, Timeout: f.timeout, StartTime: f.startTime,
		Again: func(from, to int, situation string) string { return f.again(cmd, commands, from, to, situation) },
	}
	for _, argv := range commands {
		run.Adapters = append(run.Adapters, adapter.Process{Argv: argv, Env: os.Environ()})
	}
	if run.Situations, err = f.situations(); err != nil {
		return err
	}
	if run.Pair, err = f.parsePair(len(commands)); err != nil {
		return err
	}
	if f.known != "" {
		if run.Known, err = f.readKnown(cmd, s); err != nil {
			return err
		}
	}
	outputs, err := openReports(cmd.Context(), f.reports, f.known, interopFormats)
	if err != nil {
		return err
	}
	defer outputs.close()
	results, gaveUp := f.doShown(cmd, &run, len(commands))
	if results == nil {
		return &statusError{statusAdapter, gaveUp}
	}
	unwritten := outputs.write(cmd.OutOrStdout(), contents{"text": results.Text, "json": results.JSON})
	if outputs.textPrinted() {
		_ = results.Text(cmd.OutOrStdout()) // the printer keeps the error
	}
	switch {
	case gaveUp != nil:
		return &statusError{statusAdapter, errors.Join(unwritten, gaveUp)}
	case unwritten != nil && !results.Conforms:
		return &statusError{statusUnwritten, fmt.Errorf("%w\nand not all pairs conform", unwritten)}
	case unwritten != nil:
		return &statusError{statusUnwritten, unwritten}
	case !results.Conforms:
		return &statusError{status: statusNot}
	}
	return nil
}

// doShown makes the run, and shows its progress.
func (f *interopFlags) doShown(cmd *cobra.Command, run *interop.Run, adapters int) (*interop.Results, error) {
	total := adapters * adapters * len(run.Situations)
	if run.Pair != nil {
		total = len(run.Situations)
	}
	began := time.Now()
	done, failed, last := 0, 0, "the adapters have not answered hello yet"
	p := &progress{text: func(at time.Time) string {
		return fmt.Sprintf("%s: %d of %d, %d failed; %s", since(began, at), done, total, failed, last)
	}}
	run.Observe = func(r interop.Result) {
		p.update(time.Now(), func() {
			done++
			if r.Outcome == interop.Fail {
				failed++
			}
			last = r.Situation
		})
	}
	p.start(cmd.ErrOrStderr())
	defer p.end()
	return run.Do(cmd.Context())
}

// splitCommands returns the commands of the adapters, which --- separates.
func splitCommands(cmd *cobra.Command, args []string) (commands [][]string, err error) {
	dash := cmd.ArgsLenAtDash()
	if dash > 0 || dash < 0 && len(args) > 0 {
		return nil, hint.Add(fmt.Errorf("%q is not a flag: the adapters' commands must follow --", args[0]), "%s -- %s", cmd.CommandPath(), quoteWords(args...))
	}
	if len(args) == 0 {
		return nil, hint.Add(errors.New("there is no adapter: their commands must follow --, with --- between them"), "%s", cmd.UseLine())
	}
	var command []string
	for _, arg := range append(slices.Clone(args), betweenAdapters) {
		if arg != betweenAdapters {
			command = append(command, arg)
			continue
		}
		if len(command) == 0 {
			return nil, hint.Add(fmt.Errorf("the command of adapter %d is empty", len(commands)+1), "%s", cmd.UseLine())
		}
		if command[0] == "" {
			return nil, emptyWord(cmd, "an adapter's command")
		}
		commands, command = append(commands, command), nil
	}
	return commands, nil
}

// situations returns the situations that --run selects.
func (f *interopFlags) situations() (selected []interop.Situation, err error) {
	all := interop.Situations()
	if f.run == nil {
		return all, nil
	}
	matches, err := match.Any("--run", f.run, all, func(s interop.Situation) match.Names { return match.Names{IDs: []string{s.ID}} })
	if err != nil {
		return nil, hint.Add(err, "packetspec interop --list shows all situations")
	}
	for _, s := range all {
		if matches(s) {
			selected = append(selected, s)
		}
	}
	return selected, nil
}

// parsePair reads --pair.
func (f *interopFlags) parsePair(adapters int) (func(from, to int) bool, error) {
	if f.pair == "" {
		return nil, nil
	}
	first, second, _ := strings.Cut(f.pair, ",")
	from, wrong := strconv.Atoi(first)
	to, alsoWrong := strconv.Atoi(second)
	if wrong != nil || alsoWrong != nil || from < 1 || to < 1 || from > adapters || to > adapters {
		return nil, hint.Add(fmt.Errorf("--pair is %q: it must be two numbers from 1 to %d with a comma between them", f.pair, adapters), "--pair 1,%d", adapters)
	}
	return func(i, k int) bool { return i == from-1 && k == to-1 }, nil
}

// readKnown reads the list of known deviations.
func (f *interopFlags) readKnown(cmd *cobra.Command, s *spec.Spec) ([]interop.Deviation, error) {
	file, err := readfile.Open(cmd.Context(), f.known)
	if err != nil {
		return nil, fmt.Errorf("--known: %w", err)
	}
	defer func() { _ = file.Close() }()
	list, err := interop.ReadKnown(f.known, file, s)
	if err != nil {
		return nil, err
	}
	if list == nil {
		list = []interop.Deviation{}
	}
	return list, nil
}

// again returns the command that plays a situation of a pair again.
func (f *interopFlags) again(cmd *cobra.Command, commands [][]string, from, to int, situation string) string {
	words := []string{"--run", "^" + situation + "$", "--pair", "1,2"}
	pair := commands[from : from+1]
	if from == to {
		words[3] = "1,1"
	} else {
		pair = [][]string{commands[from], commands[to]}
	}
	words = append(words, given(cmd, func(name string) bool {
		return slices.Contains([]string{"dialect", "timeout", "start-timeout"}, name)
	})...)
	text := self() + " interop " + quoteWords(words...) + " -- "
	for i, argv := range pair {
		if i > 0 {
			text += " " + betweenAdapters + " "
		}
		text += quoteWords(argv...)
	}
	return text
}

package main

import (
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
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/fuzz/campaign"
	"github.com/packetspec/packetspec/internal/hint"
)

type fuzzFlags struct {
	campaign campaign.Campaign
	limits   limitFlags
	reports  []string
	afl      bool
	dir      string
	corpora  []string
	known    string
}

func newFuzz() *cobra.Command {
	var f fuzzFlags
	cmd := &cobra.Command{
		Use:   "fuzz [flags] [-- ADAPTER ARG...]",
		Short: "Search for inputs that an implementation handles differently from the specification",
		Long: `Runs a campaign against the implementation behind ADAPTER or, without one, against
the reference as a separate process. A campaign makes sequences of packets and of
local requests, keeps those for which the reference's trace is new, and compares what
the implementation does with what the specification requires.

Each finding is confirmed on fresh processes, minimised, and written to a folder of
its own: the input, what was required and what came, the command that replays it,
and a scenario. Differences that seem to have the same cause are faces of one finding.
What earlier campaigns found in the same folder is tried first, and is still there or
fixed. An interrupt ends the campaign and keeps everything.

Exit status:
  0  nothing was found that counts
  1  something was found that is no known deviation: it breaks a must or a should, or
     the adapter crashed; or there was no time to try a suspect again
  2  a mistake in the command line, or a file that cannot be read; nothing was run
  3  the adapter could not be started or spoken to, or the machine gave too little; or
     nothing was found that counts, but too many inputs were not tested
  4  the campaign ran, but its corpus, a finding or a report could not be written
  128 and more: a signal with the number above 128 ended it. Without --time and --inputs,
     SIGINT is the normal end, with status 0 or 1`,
		Example: `  packetspec fuzz --time 2m -- python3 adapter.py
  packetspec fuzz --inputs 100000 --seed 7 --dir results -- ./adapter
  packetspec fuzz repro results/findings/tag-3-no-answer-open/input -- ./adapter`,
		RunE: withSpecification(f.run),
	}
	flags := cmd.Flags()
	c := &f.campaign
	flags.DurationVar(&c.Time, "time", 0, "how long to make inputs; 0: until interrupted, or until --inputs are made")
	flags.Int64Var(&c.Inputs, "inputs", 0, "how many inputs to make, beside those of the corpus; 0: no limit")
	flags.Uint64Var(&c.Seed, "seed", 1, "the same `number` makes the same inputs")
	flags.IntVar(&c.Workers, "workers", 1, "how many processes of the adapter run at a time")
	flags.IntVar(&c.InFlight, "in-flight", campaign.DefaultInFlight, "how many inputs run at a time on each process")
	flags.IntVar(&c.Enough, "max-findings", 0, "end after this many findings that are not known; 0: no limit")
	flags.IntVar(&c.Minimize, "minimize", defaultMinimize, "how many inputs to try when minimising one finding; 0: do not minimise")
	flags.BoolVar(&c.Codec, "codec", false, "test the codec alone, which is many times faster; implied by an adapter that does not support \"open\"")
	flags.BoolVar(&f.afl, "afl", false, "the adapter was built by one of AFL's compilers: keep inputs that run new edges too; each process then runs one input at a time")
	flags.BoolVar(&c.Blind, "blind", false, "keep nothing, and change bytes without regard to packets: the baseline for guided mutation")
	flags.StringVar(&f.dir, "dir", "packetspec-fuzz", "the `folder` of the corpus, which is read first, and of the findings")
	flags.StringArrayVar(&f.corpora, "corpus", nil, "a `folder` of further inputs to begin with; may be repeated")
	flags.StringVar(&f.known, "known", "", "a `file` of known deviations, the suite's list or a campaign's: what it lists does not count")
	f.limits.add(cmd)
	reportFlag(cmd, &f.reports, fuzzFormats)
	cmd.AddCommand(newFuzzRepro(), newFuzzMinimize(), newFuzzMerge(), newFuzzTriage(), newFuzzConvert())
	return cmd
}

// defaultMinimize is how many inputs fuzz and triage try when they minimise one finding. It is a
// fifth of what the verb minimize tries, which has no campaign beside it.
const defaultMinimize = 400

// dirHint says what --dir must be.
const dirHint = "--dir names the folder of the corpus and of the findings, which is made if there is none"

func (f *fuzzFlags) run(cmd *cobra.Command, s *spec.Spec, args []string) error {
	c := &f.campaign
	err := errors.Join(
		atLeast("--time", c.Time, 0), atLeast("--inputs", c.Inputs, 0), atLeast("--workers", c.Workers, 1),
		atLeast("--in-flight", c.InFlight, 1), atLeast("--max-findings", c.Enough, 0),
		atLeast("--minimize", c.Minimize, 0), f.limits.check(),
	)
	if err != nil {
		return err
	}
	process, err := subject(cmd, conformance.Dialects[0], args)
	if err != nil {
		return err
	}
	if f.dir == "" {
		return emptyWord(cmd, "--dir")
	}
	own, err := (campaign.Store{Dir: f.dir}).Corpus(cmd.Context(), f.limits.length)
	if err != nil {
		return hint.Add(fmt.Errorf("--dir is %q: read its corpus: %w", f.dir, err), dirHint)
	}
	noteSkipped(cmd, "the corpus of --dir", own)
	given, err := f.limits.readCorpora(cmd, "--corpus", f.corpora, campaign.Raw, "--corpus adds inputs to those of --dir, and must exist")
	if err != nil {
		return err
	}
	c.Given = slices.Concat(own.Inputs, given)
	if err := notEmpty(cmd, "known"); err != nil {
		return err
	}
	list, err := openKnown(cmd.Context(), f.known, s, false)
	if err != nil {
		return err
	}
	c.Known = list.List
	c.Starter = process
	switch {
	case f.afl:
		c.Starter = campaign.Instrumented{Process: process}
	case !c.Codec:
		fit, files, err := campaign.FitInFlight(c.Workers, c.InFlight)
		if err != nil {
			return &statusError{statusAdapter, err}
		}
		if fit < c.InFlight {
			_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "note: only %d files may be open at a time (ulimit -n), so %d inputs run at a time on each process, not %d\n", files, fit, c.InFlight)
		}
		c.InFlight = fit
	}
	err = f.play(cmd, s, args)
	if c.Time == 0 && c.Inputs == 0 {
		return byInterrupt(cmd.Context(), err)
	}
	return err
}

// The limits that verbs share which play inputs.
type limitFlags struct {
	timeout, start time.Duration
	length         int // bytes of an input
}

// maxLength bounds --max-len. The reference takes about 3 s and 700 MB for the worst input of this
// many bytes, and more than that for each byte of a longer one.
const maxLength = 1 << 20

// add adds the flags of the limits to a command.
func (l *limitFlags) add(cmd *cobra.Command) {
	cmd.Flags().DurationVar(&l.timeout, "timeout", campaign.DefaultTimeout, "how long what is due to an input may take while nothing comes, when a suspect is confirmed; the search before waits a fraction of it")
	cmd.Flags().DurationVar(&l.start, "start-timeout", campaign.DefaultStartTimeout, "how long the adapter may take to start and to answer hello")
	l.addLength(cmd)
}

// addLength adds the flag of an input's length alone, for verbs that start no adapter.
func (l *limitFlags) addLength(cmd *cobra.Command) {
	cmd.Flags().IntVar(&l.length, "max-len", campaign.DefaultLimit, fmt.Sprintf("how many bytes an input may have, at most %d", maxLength))
}

// checkLength returns an error if an input may have too few or too many bytes.
func (l *limitFlags) checkLength() error {
	if l.length > maxLength {
		return fmt.Errorf("--max-len is %d: it must be at most %d", l.length, maxLength)
	}
	return atLeast("--max-len", l.length, 1)
}

func (l *limitFlags) check() error {
	return errors.Join(aboveZero("--timeout", l.timeout), aboveZero("--start-timeout", l.start), l.checkLength())
}

// of returns the subject that a process is, with the limits.
func (l *limitFlags) of(process adapter.Process) campaign.Subject {
	return campaign.Subject{Starter: process, Timeout: l.timeout, StartTimeout: l.start}
}

// replay makes the commands that show findings again, with the limits that are not the default ones.
func (l *limitFlags) replay(adapterArgs []string, seed uint64) campaign.Replay {
	r := campaign.Replay{Program: strings.Fields(self()), Adapter: adapterArgs, Seed: seed}
	if path, err := os.Executable(); err == nil && len(r.Program) == 1 {
		r.Path = path
	}
	if l.timeout != campaign.DefaultTimeout && l.timeout != 0 {
		r.Flags = append(r.Flags, "--timeout", l.timeout.String())
	}
	if l.start != campaign.DefaultStartTimeout && l.start != 0 {
		r.Flags = append(r.Flags, "--start-timeout", l.start.String())
	}
	if l.length != campaign.DefaultLimit && l.length != 0 {
		r.Flags = append(r.Flags, "--max-len", strconv.Itoa(l.length))
	}
	return r
}

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/fuzz/campaign"
)

type fuzzFlags struct {
	campaign campaign.Campaign
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
and a scenario. An interrupt ends the campaign and keeps everything.

Exit status:
  0  nothing was found that counts
  1  something was found: it breaks a must or a should, and is not a known deviation
  2  a mistake in the command line, or a file that cannot be read; nothing was run
  3  the adapter could not be started or spoken to
  4  the campaign ran, but its corpus or a finding could not be written
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
	flags.Int64Var(&c.Inputs, "inputs", 0, "how many inputs to make; 0: no limit")
	flags.Uint64Var(&c.Seed, "seed", 1, "the same `number` makes the same inputs")
	flags.IntVar(&c.Workers, "workers", 1, "how many processes of the adapter run at a time")
	flags.IntVar(&c.InFlight, "in-flight", campaign.DefaultInFlight, "how many inputs run at a time on each process")
	flags.IntVar(&c.Limit, "max-len", campaign.DefaultLimit, "how many bytes an input may have")
	flags.IntVar(&c.Enough, "max-findings", 0, "end after this many findings that are not known; 0: no limit")
	flags.IntVar(&c.Minimize, "minimize", defaultMinimize, "how many inputs to try when minimising one finding; 0: do not minimise")
	flags.BoolVar(&c.Codec, "codec", false, "test the codec alone, which is many times faster; implied by an adapter that does not support \"open\"")
	flags.BoolVar(&f.afl, "afl", false, "the adapter was built by one of AFL's compilers: keep inputs that run new edges too; each process then runs one input at a time")
	flags.BoolVar(&c.Blind, "blind", false, "keep nothing, and change bytes without regard to packets: the baseline for guided mutation")
	flags.StringVar(&f.dir, "dir", "packetspec-fuzz", "the `folder` of the corpus, which is read first, and of the findings")
	flags.StringArrayVar(&f.corpora, "corpus", nil, "a `folder` of further inputs to begin with; may be repeated")
	flags.StringVar(&f.known, "known", "", "a `file` of known deviations, the suite's list or a campaign's: what it lists does not count")
	cmd.AddCommand(newFuzzRepro(), newFuzzMinimize(), newFuzzMerge(), newFuzzTriage(), newFuzzConvert())
	return cmd
}

// defaultMinimize is how many inputs fuzz and triage try when they minimise one finding. It is a
// fifth of what the verb minimize tries, which has no campaign beside it.
const defaultMinimize = 400

func (f *fuzzFlags) run(cmd *cobra.Command, s *spec.Spec, args []string) error {
	c := &f.campaign
	err := errors.Join(
		atLeast("--time", c.Time, 0), atLeast("--inputs", c.Inputs, 0), atLeast("--workers", c.Workers, 1),
		atLeast("--in-flight", c.InFlight, 1), atLeast("--max-len", c.Limit, 1), atLeast("--max-findings", c.Enough, 0),
		atLeast("--minimize", c.Minimize, 0),
	)
	if err != nil {
		return err
	}
	process, err := subject(cmd, conformance.Dialects[0], args)
	if err != nil {
		return err
	}
	if c.Given, err = (campaign.Store{Dir: f.dir}).Corpus(); err != nil {
		return fmt.Errorf("--dir: read its corpus: %w", err)
	}
	given, err := readCorpora("--corpus", f.corpora, campaign.Raw, "--corpus adds inputs to those of --dir, and must exist")
	if err != nil {
		return err
	}
	c.Given = append(c.Given, given...)
	list, err := openKnown(cmd.Context(), f.known, s, false)
	if err != nil {
		return err
	}
	c.Known = list.List
	c.Starter = process
	if f.afl {
		c.Starter = campaign.Instrumented{Process: process}
	}
	err = f.play(cmd, s, args)
	if c.Time == 0 && c.Inputs == 0 {
		return byInterrupt(cmd.Context(), err)
	}
	return err
}

// play runs the campaign and writes what it found. The arguments are the adapter's command as
// the user gave it.
func (f *fuzzFlags) play(cmd *cobra.Command, s *spec.Spec, args []string) error {
	c := &f.campaign
	store := campaign.Store{Dir: f.dir}
	out, screen := cmd.OutOrStdout(), newScreen(cmd.ErrOrStderr())
	if err := os.MkdirAll(f.dir, 0o777); err != nil {
		return fmt.Errorf("--dir: make the folder for corpus and findings: %w", err)
	}
	var unwritten error
	c.Observe = func(e campaign.Event) {
		finding := e.Finding
		if finding == nil {
			screen.progress(e.Progress)
			return
		}
		broken := requirementOf(s, finding)
		replay := func(file string) string { return f.replay(finding, file, args) }
		dir, err := store.SaveFinding(finding, broken, replay)
		unwritten = errors.Join(unwritten, err)
		screen.clear()
		if finding.Known == "" {
			_, _ = fmt.Fprint(out, finding.Explain(broken, replay(dir+"/"+campaign.InputFile)), "\n")
		}
	}
	result, err := c.Run(cmd.Context())
	screen.clear()
	if result == nil {
		return &statusError{statusAdapter, err}
	}
	suspects, suspectErr := store.SaveSuspects(result.Suspects)
	unwritten = errors.Join(unwritten, suspectErr, store.SaveCorpus(result.Corpus))
	f.summary(out, result)
	if n := len(result.Suspects); n > 0 {
		_, _ = fmt.Fprintf(out, "suspects left, for lack of time: %d\nhint: %s fuzz triage %s --dir %s%s\n", n, self(), suspects, f.dir, adapterWords(args))
	}
	wrong := new(campaign.ReferenceError)
	switch {
	case errors.As(err, &wrong):
		return &statusError{statusNot, err}
	case err != nil:
		return &statusError{statusAdapter, err}
	case unwritten != nil:
		return &statusError{statusUnwritten, fmt.Errorf("the campaign ran, but not everything could be written: %w", unwritten)}
	case slices.ContainsFunc(result.Findings, func(f *campaign.Finding) bool { return f.Known == "" && requirementOf(s, f).Level != spec.May }):
		return &statusError{status: statusNot}
	}
	return nil
}

// replay returns the command that shows a finding again, whose input is in a file.
func (f *fuzzFlags) replay(finding *campaign.Finding, file string, args []string) string {
	if finding.Many { // twice as many inputs, since their number varies from run to run
		return fmt.Sprintf("%s fuzz --seed %d --inputs %d --dir %s/again%s", self(), f.campaign.Seed, 2*(finding.Number+1), filepath.Dir(file), adapterWords(args))
	}
	return self() + " fuzz repro " + file + adapterWords(args)
}

func (f *fuzzFlags) summary(w io.Writer, r *campaign.Result) {
	known := 0
	for _, found := range r.Findings {
		if found.Known != "" {
			known++
		}
	}
	_, _ = fmt.Fprintf(w, "%s: %d inputs in %s, %d a second, seed %d; %d traces, corpus %d; %d findings",
		report.Subject{Name: r.Subject.Name, Release: r.Subject.Release, Language: r.Subject.Language}, r.Inputs, r.Elapsed.Round(10*time.Millisecond),
		int64(float64(r.Inputs)/max(r.Elapsed.Seconds(), 1e-3)), f.campaign.Seed, r.Traces, len(r.Corpus), len(r.Findings)-known)
	if known > 0 {
		_, _ = fmt.Fprintf(w, ", %d known", known)
	}
	if f.afl {
		_, _ = fmt.Fprintf(w, "; %d edges", r.Edges)
	}
	if n := len(r.Unconfirmed); n > 0 {
		_, _ = fmt.Fprintf(w, "; %d not confirmed", n)
	}
	if r.CodecOnly {
		_, _ = fmt.Fprint(w, "; its codec alone")
		if !f.campaign.Codec {
			_, _ = fmt.Fprint(w, ", since the adapter does not support \"open\"")
		}
	}
	_, _ = fmt.Fprintln(w)
	if len(r.Unconfirmed) > 0 {
		_, _ = fmt.Fprintln(w, "not confirmed, since no fresh process showed it, with the number of inputs that did:")
	}
	for _, u := range r.Unconfirmed {
		why := ""
		if u.TimedOut() {
			why = "; a time limit had passed, as on a busy machine"
		}
		_, _ = fmt.Fprintf(w, "%6d  %s%s\n", u.Seen, u.Signature, why)
	}
	for _, d := range campaign.Unseen(f.campaign.Known, r.Findings) {
		_, _ = fmt.Fprintf(w, "known, but not seen: %s, at %s\n", strings.TrimSpace(d.Requirement+" "+d.Kind), d.Where)
	}
}

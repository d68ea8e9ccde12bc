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
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/fuzz/campaign"
)

// fuzzFlags are the flags of fuzz.
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
		Short: "Hunt for inputs that an implementation takes otherwise",
		Long: `Runs a campaign against the implementation behind ADAPTER or, without one, against
the reference, as a process of its own: makes sequences of packets and of local
requests, keeps those of which the reference's trace shows something new, and
compares what the implementation does with what the specification requires.

Each finding is confirmed on fresh processes, made small, and put into a folder of
its own: the input, what was required and what came, the command that replays it,
and a scenario. An interrupt ends a campaign, and keeps everything.

Exit status: 0 if nothing was found that breaks a requirement of level must or should
and is not known; 1 if something was; 2 for a mistake in the command line; 3 if the
adapter could not be started or spoken to.`,
		Example: `  packetspec fuzz --time 2m -- python3 adapter.py
  packetspec fuzz --inputs 100000 --seed 7 --dir hunt -- ./adapter
  packetspec fuzz repro hunt/findings/tag-3-no-answer-open/input -- ./adapter`,
		RunE: f.run,
	}
	flags := cmd.Flags()
	c := &f.campaign
	flags.DurationVar(&c.Time, "time", 0, "how long to make inputs; 0: until interrupted, or --inputs are made")
	flags.Int64Var(&c.Inputs, "inputs", 0, "how many inputs to make; 0: no limit")
	flags.Uint64Var(&c.Seed, "seed", 1, "what the inputs are made of: the same `number` makes the same inputs")
	flags.IntVar(&c.Workers, "workers", 1, "how many processes of the adapter run at a time")
	flags.IntVar(&c.InFlight, "in-flight", 64, "how many inputs are under way at once on each")
	flags.IntVar(&c.Limit, "max-len", 128<<10, "how many octets an input may have")
	flags.IntVar(&c.Enough, "max-findings", 0, "end after so many findings that are not known; 0: go on")
	flags.IntVar(&c.Tries, "minimize", 400, "how many inputs minimising one finding may try")
	flags.BoolVar(&c.Codec, "codec", false, "test the codec alone, which is many times as fast: as it is where the adapter opens no connections")
	flags.BoolVar(&f.afl, "afl", false, "the adapter was built by one of AFL's compilers: keep inputs with which it runs new edges, too, one at a time")
	flags.BoolVar(&c.Blind, "blind", false, "keep nothing, and change octets alone: what guided mutation is measured against")
	flags.StringVar(&f.dir, "dir", "packetspec-fuzz", "the `folder` of the corpus, which is read first, and of the findings")
	flags.StringArrayVar(&f.corpora, "corpus", nil, "a `folder` of further inputs to begin with; may be repeated")
	flags.StringVar(&f.known, "known", "", "a `file` of known deviations, the suite's or a campaign's own: what it lists does not count")
	cmd.AddCommand(newFuzzRepro(), newFuzzMinimize(), newFuzzMerge(), newFuzzTriage(), newFuzzConvert())
	return cmd
}

func (f *fuzzFlags) run(cmd *cobra.Command, args []string) error {
	c := &f.campaign
	if c.Time < 0 || c.Inputs < 0 || c.Workers < 1 || c.InFlight < 1 || c.Limit < 1 || c.Enough < 0 || c.Tries < 0 {
		return errors.New("--workers, --in-flight and --max-len are above 0, and no number is below")
	}
	process, err := subject(cmd, conformance.Dialects[0], args)
	if err != nil {
		return err
	}
	s, err := specification()
	if err != nil {
		return err
	}
	if err := f.read(s); err != nil {
		return err
	}
	c.Starter = process
	if f.afl {
		c.Starter = campaign.Instrumented{Process: process}
	}
	return f.hunt(cmd, s, args)
}

// hunt runs the campaign, whose adapter a person started by args.
func (f *fuzzFlags) hunt(cmd *cobra.Command, s *spec.Spec, args []string) error {
	c := &f.campaign
	store := campaign.Store{Dir: f.dir}
	out, screen := cmd.OutOrStdout(), newScreen(cmd.ErrOrStderr())
	var failed error
	c.Progress = screen.progress
	c.Observe = func(finding *campaign.Finding) {
		broken := requirementOf(s, finding)
		replay := func(file string) string { return f.replay(finding, file, args) }
		dir, err := store.SaveFinding(finding, broken, replay)
		failed = errors.Join(failed, err)
		screen.clear()
		if finding.Known == "" {
			_, _ = fmt.Fprint(out, finding.Explain(broken, replay(dir+"/"+campaign.InputFile)), "\n")
		}
	}
	result, err := c.Run(cmd.Context())
	screen.clear()
	if result != nil {
		suspects, suspectErr := store.SaveSuspects(result.Suspects)
		err = errors.Join(err, failed, store.SaveCorpus(result.Corpus), suspectErr)
		f.summary(out, result)
		if n := len(result.Suspects); n > 0 {
			_, _ = fmt.Fprintf(out, "%d suspects were not tried again, for want of time: %s fuzz triage %s --dir %s%s\n", n, self(), suspects, f.dir, adapterWords(args))
		}
	}
	switch {
	case err != nil:
		return &statusError{statusAdapter, err}
	case slices.ContainsFunc(result.Findings, func(f *campaign.Finding) bool { return f.Known == "" && requirementOf(s, f).Level != spec.May }):
		return &statusError{status: statusNot}
	}
	return nil
}

// read reads what the campaign begins with.
func (f *fuzzFlags) read(s *spec.Spec) error {
	for _, dir := range append([]string{f.dir + "/corpus"}, f.corpora...) {
		given, err := campaign.ReadCorpus(dir)
		if err != nil {
			return fmt.Errorf("--corpus: %w", err)
		}
		f.campaign.Given = append(f.campaign.Given, given...)
	}
	if f.known == "" {
		return nil
	}
	file, err := os.Open(f.known)
	if err != nil {
		return fmt.Errorf("--known: %w", err)
	}
	defer func() { _ = file.Close() }()
	f.campaign.Known, err = campaign.ReadKnown(f.known, file, s)
	return err
}

// replay is the command that shows a finding again, whose input is in a file.
func (f *fuzzFlags) replay(finding *campaign.Finding, file string, args []string) string {
	if finding.Many { // not always as many
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
	_, _ = fmt.Fprintf(w, "%s %s (%s): %d inputs in %s, %d a second, seed %d; %d traces, corpus %d; %d findings",
		r.Subject.Name, r.Subject.Release, r.Subject.Language, r.Inputs, r.Elapsed.Round(10*time.Millisecond),
		int64(float64(r.Inputs)/max(r.Elapsed.Seconds(), 1e-3)), f.campaign.Seed, r.Traces, len(r.Corpus), len(r.Findings)-known)
	if known > 0 {
		_, _ = fmt.Fprintf(w, ", %d known", known)
	}
	if f.afl {
		_, _ = fmt.Fprintf(w, "; %d edges", r.Edges)
	}
	if len(r.Dropped) > 0 {
		_, _ = fmt.Fprintf(w, "; %d suspects did not show again", len(r.Dropped))
	}
	if r.CodecOnly {
		_, _ = fmt.Fprint(w, "; its codec alone")
		if !f.campaign.Codec {
			_, _ = fmt.Fprint(w, ", since the adapter does not support \"open\"")
		}
	}
	_, _ = fmt.Fprintln(w)
	for _, d := range f.campaign.Known.Unseen(r.Findings) {
		_, _ = fmt.Fprintf(w, "known, but not seen: %s, at %s\n", strings.TrimSpace(d.Requirement+" "+d.Kind), d.Where)
	}
}

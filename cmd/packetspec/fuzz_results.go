package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/fuzz/campaign"
	"github.com/packetspec/packetspec/fuzz/results"
	"github.com/packetspec/packetspec/internal/hint"
	"github.com/packetspec/packetspec/internal/words"
)

// fuzzFormats lists the formats of a campaign's reports, first the one of the standard output.
var fuzzFormats = []string{"text", "json", "junit", "html"}

// play runs the campaign and writes what it found. The arguments are the adapter's command as
// the user gave it.
func (f *fuzzFlags) play(cmd *cobra.Command, s *spec.Spec, args []string) error {
	c := &f.campaign
	c.Timeout, c.StartTimeout, c.Limit = f.limits.timeout, f.limits.start, f.limits.length
	store := campaign.Store{Dir: f.dir}
	undo, err := store.Try()
	if err != nil {
		return hint.Add(fmt.Errorf("--dir is %q: it must be a folder that this user may write to: %w", f.dir, err), dirHint)
	}
	defer undo() // if nothing is written
	if c.Earlier, err = store.Findings(cmd.Context()); err != nil {
		err = fmt.Errorf("--dir is %q: read what earlier campaigns found: %w", f.dir, err)
		bad := new(campaign.FindingError)
		if !errors.As(err, &bad) {
			return hint.Add(err, dirHint)
		}
		return hint.Add(err, "remove %s, the folder of that finding alone, or use another --dir", filepath.Dir(bad.File))
	}
	outputs, err := openReports(cmd.Context(), f.reports, f.known, fuzzFormats)
	if err != nil {
		return err
	}
	defer outputs.close()
	k := &keeper{
		out: cmd.OutOrStdout(), screen: newScreen(cmd.ErrOrStderr()), store: store, replay: f.limits.replay(args, c.Seed),
		broken: func(f *campaign.Finding) spec.Requirement { return requirementOf(s, f) }, printed: map[string]bool{}, dirs: map[string]string{}, unsaved: map[string]error{},
	}
	var text bytes.Buffer // for a file
	if slices.ContainsFunc(outputs, func(o reportOutput) bool { return o.file == nil && o.format == "text" }) {
		k.out = io.MultiWriter(k.out, &text)
	} else {
		k.out = &text // the standard output is for the report alone
	}
	c.Observe = k.observe
	result, err := c.Run(cmd.Context())
	k.screen.clear()
	if result == nil {
		return &statusError{statusAdapter, err}
	}
	k.saveAgain(slices.Concat(result.Findings, result.Earlier))
	suspects, suspectErr := store.SaveSuspects(result.Suspects)
	k.unwritten = errors.Join(k.lost(), suspectErr, store.SaveCorpus(result.Corpus))
	f.summary(k.out, result)
	try := quoteWords(slices.Concat(strings.Fields(self()), []string{"fuzz", "triage"}, k.replay.Flags, []string{"--dir", f.dir, suspects})...) + adapterWords(args)
	if n := len(result.Suspects); n > 0 {
		_, _ = fmt.Fprintf(k.out, "suspects left, for lack of time: %d\nhint: %s\n", n, try)
	}
	all := results.New(results.Campaign{
		Command: f.command(cmd, args), Seed: c.Seed, Known: c.Known, Requirement: k.broken, Replay: k.replay,
		Dir: func(f *campaign.Finding) string { return k.dirs[f.Signature] }, Suspects: suspects, Try: try,
		Interrupted: cmd.Context().Err() != nil, Err: err,
	}, result)
	k.unwritten = errors.Join(k.unwritten, outputs.write(cmd.OutOrStdout(), contents{
		"text": func(w io.Writer) error { _, err := w.Write(text.Bytes()); return err }, "json": all.JSON, "junit": all.JUnit, "html": all.HTML,
	}))
	wrong := new(campaign.ReferenceError)
	switch {
	case errors.As(err, &wrong):
		return &statusError{statusNot, err}
	case err != nil:
		return &statusError{statusAdapter, err}
	case k.unwritten != nil:
		return &statusError{statusUnwritten, fmt.Errorf("the campaign ran, but not everything could be written: %w", k.unwritten)}
	case all.Counts:
		return &statusError{status: statusNot}
	case all.Inconclusive:
		err := fmt.Errorf("the campaign is inconclusive, since too many inputs were not tested: %s", strings.Join(all.Doubts, "; "))
		return &statusError{statusAdapter, hint.Add(err, "use a machine that is less busy, or give the adapter more time by --timeout; packetspec doctor checks the adapter")}
	}
	return nil
}

// command returns the command that runs the campaign again.
func (f *fuzzFlags) command(cmd *cobra.Command, args []string) string {
	words := append(strings.Fields(self()), strings.Fields(cmd.CommandPath())[1:]...)
	cmd.Flags().Visit(func(flag *pflag.Flag) {
		if list, is := flag.Value.(pflag.SliceValue); is {
			for _, value := range list.GetSlice() {
				words = append(words, "--"+flag.Name+"="+value)
			}
			return
		}
		words = append(words, "--"+flag.Name+"="+flag.Value.String())
	})
	if dash := cmd.ArgsLenAtDash(); dash > 0 {
		words = append(words, cmd.Flags().Args()[:dash]...)
	}
	return quoteWords(words...) + adapterWords(args)
}

// A keeper prints and saves the findings of a campaign as they are ready.
type keeper struct {
	out       io.Writer
	screen    *screen
	store     campaign.Store
	replay    campaign.Replay
	broken    campaign.Requirements
	printed   map[string]bool   // findings and faces, by signature
	dirs      map[string]string // of findings, by signature
	unsaved   map[string]error  // why findings could not be written, by signature
	unwritten error
}

// save writes the folder of a finding and returns its path.
func (k *keeper) save(f *campaign.Finding) string {
	dir, err := k.store.SaveFinding(f, k.broken, k.replay)
	k.dirs[f.Signature], k.unsaved[f.Signature] = dir, err
	return dir
}

// saveAgain writes those findings anew whose folders were removed during the campaign.
func (k *keeper) saveAgain(findings []*campaign.Finding) {
	for _, f := range findings {
		if dir, saved := k.dirs[f.Signature]; saved && k.store.Lacks(f, dir) {
			k.save(f)
		}
	}
}

// lost returns why findings could not be written.
func (k *keeper) lost() error {
	var errs []error
	for _, signature := range slices.Sorted(maps.Keys(k.unsaved)) {
		errs = append(errs, k.unsaved[signature])
	}
	return errors.Join(errs...)
}

func (k *keeper) observe(e campaign.Event) {
	f := e.Finding
	if f == nil {
		k.screen.progress(e.Progress)
		return
	}
	dir := k.save(f)
	k.screen.clear()
	if f.IsKnown() && f.Status == "" {
		return
	}
	if !k.printed[f.Signature] {
		k.printed[f.Signature] = true
		_, _ = fmt.Fprint(k.out, f.Explain(k.broken(f), k.replay.Command(f, filepath.Join(dir, campaign.InputFile))), "\n")
	}
	for _, face := range f.Faces {
		if !k.printed[face.Signature] {
			k.printed[face.Signature] = true
			_, _ = fmt.Fprint(k.out, f.ExplainFace(face, k.broken(face), k.replay.Command(face, f.FaceFile(dir, face))), "\n")
		}
	}
}

func (f *fuzzFlags) summary(w io.Writer, r *campaign.Result) {
	known, still, faces := 0, 0, 0
	for _, found := range r.Findings {
		faces += len(found.Faces)
		switch {
		case found.IsKnown():
			known++
		case found.Status != "":
			still++
		}
	}
	_, _ = fmt.Fprintf(w, "%s: %d inputs in %s, %d a second, seed %d; %d traces, corpus %d; %s",
		report.Subject{Name: r.Subject.Name, Release: r.Subject.Release, Language: r.Subject.Language}, r.Inputs, r.Elapsed.Round(10*time.Millisecond),
		int64(float64(r.Given+r.Inputs)/max(r.Elapsed.Seconds(), 1e-3)), f.campaign.Seed, r.Traces, len(r.Corpus), words.Count(len(r.Findings)-known, "finding"))
	fixed := len(r.Earlier)
	for _, found := range r.Earlier {
		if found.Status == campaign.NotTried {
			fixed--
		}
	}
	for _, part := range []struct {
		n    int
		text string
	}{
		{still, "still there"}, {known, "known"}, {fixed, "fixed"}, {len(r.Earlier) - fixed, "not tried again"},
	} {
		if part.n > 0 {
			_, _ = fmt.Fprintf(w, ", %d %s", part.n, part.text)
		}
	}
	if faces > 0 {
		_, _ = fmt.Fprintf(w, "; %d faces in all", len(r.Findings)+faces)
	}
	if r.Given > 0 {
		_, _ = fmt.Fprintf(w, "; %d given inputs played first", r.Given)
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
	for _, doubt := range r.Doubts() {
		_, _ = fmt.Fprintln(w, doubt)
	}
	unconfirmed(w, r.Unconfirmed)
	for _, d := range campaign.Unseen(f.campaign.Known, r.Findings) {
		_, _ = fmt.Fprintf(w, "known, but not seen: %s, at %s\n", strings.TrimSpace(d.Requirement+" "+d.Kind), d.Where)
	}
}

// unconfirmed lists the suspects that no fresh process showed, last those that a busy machine explains.
func unconfirmed(w io.Writer, all []*campaign.Finding) {
	for _, group := range []struct {
		heading string
		late    bool
	}{
		{"not confirmed: no fresh process showed these, so they do not count; with the number of inputs that did:", false},
		{"late, as on a busy machine: in time on a fresh process, so these do not count; with the number of inputs:", true},
	} {
		heading := group.heading + "\n"
		for _, f := range all {
			if f.TimedOut() == group.late {
				_, _ = fmt.Fprintf(w, "%s%6d  %s\n", heading, f.Seen, f.Signature)
				heading = ""
			}
		}
	}
}

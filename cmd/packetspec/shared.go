package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/features"
	"github.com/packetspec/packetspec/fuzz/campaign"
	"github.com/packetspec/packetspec/internal/hint"
	"github.com/packetspec/packetspec/internal/readfile"
)

// specification returns the specification, which is built in.
func specification() (*spec.Spec, error) {
	s, err := spec.Load(features.FS)
	if err != nil {
		return nil, &statusError{statusNot, err}
	}
	return s, nil
}

// withSpecification returns the RunE of a command that needs the specification.
func withSpecification(run func(*cobra.Command, *spec.Spec, []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		s, err := specification()
		if err != nil {
			return err
		}
		return run(cmd, s, args)
	}
}

// filterFlags adds the flags that select scenarios, by default those of a dialect.
func filterFlags(cmd *cobra.Command, f *conformance.Filter, dialect string) {
	allowed := "2021 or, for the original's last release, 2024"
	if dialect == conformance.AnyDialect {
		allowed += "; any for both"
	}
	cmd.Flags().StringArrayVar(&f.Run, "run", nil, "only scenarios whose id, name or requirement matches this regular `expression`; may be repeated: any of them")
	cmd.Flags().StringArrayVar(&f.Skip, "skip", nil, "no scenario whose id, name or requirement matches this regular `expression`; may be repeated")
	cmd.Flags().StringVar(&f.Dialect, "dialect", dialect, "the `dialect` of the implementation: "+allowed)
	cmd.Flags().StringVar(&f.Tags, "tags", "", "only scenarios whose tags satisfy this `expression`, for example: @must and not @EQ-1")
}

// subject returns the adapter whose command follows --, or the built-in adapter of a dialect
// if no command does.
func subject(cmd *cobra.Command, dialect string, args []string) (adapter.Process, error) {
	dash := cmd.ArgsLenAtDash()
	if dash > 0 || dash < 0 && len(args) > 0 {
		if args[0] == "" {
			return adapter.Process{}, emptyWord(cmd, "an argument")
		}
		return adapter.Process{}, hint.Add(fmt.Errorf("%q is not a flag: the adapter's command must follow --", args[0]), "%s -- %s", cmd.CommandPath(), quoteWords(args...))
	}
	return process(cmd, args, dialect)
}

// process returns the adapter that argv, the words behind --, starts. Without -- it returns this
// program as the built-in adapter of a dialect.
func process(cmd *cobra.Command, argv []string, dialect string) (adapter.Process, error) {
	switch {
	case len(argv) > 0 && argv[0] == "":
		return adapter.Process{}, emptyWord(cmd, "the adapter's command")
	case len(argv) > 0:
		return adapter.Process{Argv: argv, Env: os.Environ()}, nil // as it is now: godog sets variables later
	case cmd.ArgsLenAtDash() >= 0:
		return adapter.Process{}, hint.Add(errors.New("-- is not followed by a command"), "leave -- out to test the reference")
	}
	p, err := adapter.Self("adapter", "--dialect", dialect)
	if err != nil {
		return p, &statusError{statusAdapter, err}
	}
	return p, nil
}

// emptyWord returns the error of a word in the command line that is empty.
func emptyWord(cmd *cobra.Command, what string) error {
	return hint.Add(fmt.Errorf(`%s is "", an empty word`, what), `a variable in quotes may be empty, as in "$A"; the usage is: %s`, cmd.UseLine())
}

// testCommand returns the command, as a person types it, that runs the suite with flags against an
// adapter.
func testCommand(flags, adapterArgs []string) string {
	return self() + " test " + quoteWords(flags...) + adapterWords(adapterArgs)
}

// adapterWords returns the adapter's command as it follows the rest of the command line.
func adapterWords(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return " -- " + quoteWords(args...)
}

// quoteWords returns words for a shell.
func quoteWords(words ...string) string { return adapter.Process{Argv: words}.String() }

// self returns how a person starts this program: by go run, which leaves the program in a
// folder for builds, or by its name.
func self() string {
	path, err := os.Executable()
	if err == nil && strings.Contains(path, string(filepath.Separator)+"go-build") {
		return "go run ./cmd/packetspec"
	}
	return "packetspec"
}

// splitArgs splits a verb's arguments into the paths before --, at least one and at most most, and
// the adapter's command behind it. The name is that of the paths in the verb's usage.
func splitArgs(cmd *cobra.Command, args []string, name string, most int) (paths []string, p adapter.Process, err error) {
	paths = args
	var command []string
	if dash := cmd.ArgsLenAtDash(); dash >= 0 {
		paths, command = args[:dash], args[dash:]
	}
	switch n := len(paths); {
	case n == 0:
		return nil, p, hint.Add(fmt.Errorf("%s is missing", name), "%s", cmd.UseLine())
	case n > most:
		return nil, p, hint.Add(fmt.Errorf("%s is given %d times: it must be given once", name, n), "%s", cmd.UseLine())
	case slices.Contains(paths, ""):
		return nil, p, emptyWord(cmd, name)
	}
	p, err = process(cmd, command, conformance.Dialects[0])
	return paths, p, err
}

// folders returns the check of a verb whose arguments are folders, at least and at most a number of
// them. The names are those of the first ones in the verb's usage.
func folders(least, most int, names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch n := len(args); {
		case n < least:
			return hint.Add(fmt.Errorf("%s is missing", names[n]), "%s", cmd.UseLine())
		case n > most:
			return hint.Add(fmt.Errorf("%q is one argument too many: the arguments are %s", args[most], strings.Join(names, " ")), "%s", cmd.UseLine())
		case slices.Contains(args, ""):
			return emptyWord(cmd, "a folder")
		}
		return nil
	}
}

// requirementOf returns the requirement that a finding breaks. Without a connection none can be
// tested, so a finding that breaks only the adapter guide counts as a must.
func requirementOf(s *spec.Spec, f *campaign.Finding) spec.Requirement {
	q, ok := s.Requirement(f.Difference.Requirement)
	if !ok {
		return spec.Requirement{Level: spec.Must, Text: "the adapter guide"}
	}
	return q
}

// readInput reads the file of an input, which may have at most a number of bytes.
func readInput(ctx context.Context, name string, most int) ([]byte, error) {
	raw, err := readfile.All(ctx, name, most)
	of := filepath.Join(name, campaign.InputFile)
	info, missing := os.Stat(of)
	switch {
	case err == nil:
		return raw, nil
	case errors.Is(err, readfile.ErrTooLong):
		return nil, hint.Add(fmt.Errorf("FILE: %w", err), "--max-len sets how many bytes an input may have, up to %d", maxLength)
	case missing == nil && info.Mode().IsRegular():
		return nil, hint.Add(fmt.Errorf("FILE: %s is a folder: it must be a file", name), "%s, which is the input of that finding", of)
	case hint.IsIn(err):
		return nil, fmt.Errorf("FILE: %w", err)
	}
	return nil, hint.Add(fmt.Errorf("FILE: %w", err), "name the file of an input, such as packetspec-fuzz/findings/FINDING/%s", campaign.InputFile)
}

// inputsHint says what a folder of inputs must be.
const inputsHint = "name a folder with a file for each input, such as packetspec-fuzz/corpus"

// readCorpora reads the inputs of folders that the user gave as the arguments or flags named. It notes
// what it skips.
func (l *limitFlags) readCorpora(cmd *cobra.Command, name string, dirs []string, format campaign.Format, advice string) (all [][]byte, err error) {
	for _, dir := range dirs {
		if dir == "" {
			return nil, emptyWord(cmd, name)
		}
		corpus, err := campaign.ReadCorpus(cmd.Context(), dir, format, l.length)
		switch {
		case errors.Is(err, context.Canceled):
			return nil, err
		case errors.Is(err, fs.ErrNotExist):
			return nil, hint.Add(fmt.Errorf("%s: there is no folder %s", name, dir), "%s", advice)
		case errors.Is(err, syscall.ENOTDIR):
			return nil, hint.Add(fmt.Errorf("%s: %s is not a folder", name, dir), inputsHint)
		case err != nil:
			return nil, fmt.Errorf("%s: read the inputs: %w", name, err)
		}
		noteSkipped(cmd, dir, corpus)
		all = append(all, corpus.Inputs...)
	}
	return all, nil
}

// noteSkipped notes what a folder has beside its inputs.
func noteSkipped(cmd *cobra.Command, dir string, corpus campaign.Corpus) {
	if n := len(corpus.Skipped); n > 0 {
		_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "note: inputs in %s: %d; left out: %d: %s\n", dir, len(corpus.Inputs), n, someOf(corpus.Skipped))
	}
}

// noInputs returns the error of folders without an input, which the arguments named gave.
func noInputs(name string, dirs []string) error {
	return hint.Add(fmt.Errorf("%s: there are no inputs in %s", name, strings.Join(dirs, ", ")), inputsHint)
}

// someOf returns the first names of a list as text, and how many there are beside them.
func someOf(names []string) string {
	const shown = 5
	if n := len(names) - shown; n > 0 {
		return fmt.Sprintf("%s, and %d more", strings.Join(names[:shown], ", "), n)
	}
	return strings.Join(names, ", ")
}

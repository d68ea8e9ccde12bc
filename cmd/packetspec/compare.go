package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/packetspec/packetspec/conformance/compare"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/internal/hint"
)

// compareFormats lists the formats of a comparison, the default first.
var compareFormats = []string{"text", "json", "markdown"}

func newCompare() *cobra.Command {
	var format string
	var slower float64
	cmd := &cobra.Command{
		Use: "compare [flags] OLD NEW", Short: "Say what changed from one run to another, scenario by scenario",
		Long: `Compares the results of two runs, which packetspec test --report json=FILE wrote. OLD and
NEW are files, or folders with the results of all shards of a run as *.json, or such files
separated by commas.

The new run is worse if a scenario of any level deviates that did not before, or is skipped
or was not run to its end although it ran before. A scenario that a list of known deviations
covers deviates. New scenarios, and those that vanished, do not make a run worse.

Exit status: 0 if the new run is not worse; 1 if it is; 2 for a mistake in the command line,
or a file that cannot be read or holds no results; 4 if the standard output cannot be written.`,
		Example: `  packetspec compare before.json after.json
  packetspec compare --format markdown main-shards/ pull-request-shards/
  packetspec compare --slower 2 1.json,2.json new.json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return hint.Add(fmt.Errorf("compare takes two runs, OLD and NEW, and got %d", len(args)), "packetspec compare before.json after.json; several shards of a run are one argument, as in 1.json,2.json")
			}
			return nil
		},
		RunE: withSpecification(func(cmd *cobra.Command, s *spec.Spec, args []string) error {
			if err := oneOf("--format", format, compareFormats...); err != nil {
				return err
			}
			if slower < 0 {
				return fmt.Errorf("--slower is %v: it must be 0 or more", slower)
			}
			before, err := readRun(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			after, err := readRun(cmd.Context(), args[1])
			if err != nil {
				return err
			}
			c := compare.Of(before, after, compare.Options{Slower: slower, Spec: s})
			write := map[string]func() error{
				"text":     func() error { return c.Text(cmd.OutOrStdout()) },
				"json":     func() error { return c.JSON(cmd.OutOrStdout()) },
				"markdown": func() error { return c.Markdown(cmd.OutOrStdout()) },
			}
			if err := write[format](); err != nil {
				return err
			}
			if c.Worse {
				return &statusError{status: statusNot}
			}
			return nil
		}),
	}
	cmd.Flags().StringVar(&format, "format", compareFormats[0], "`FORMAT` of the comparison: text, json or markdown, for a comment on a pull request")
	cmd.Flags().Float64Var(&slower, "slower", 5, "list scenarios that pass, and take this `factor` longer, and 100 ms at least; 0: none")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(compareFormats, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// readRun reads the results of one run: a file, a folder with its shards, or the names of such files, with commas
// between them.
func readRun(ctx context.Context, arg string) (*report.Results, error) {
	files := []string{arg}
	info, err := os.Stat(arg)
	switch {
	case err == nil && info.IsDir():
		if files, err = filepath.Glob(filepath.Join(arg, "*.json")); err != nil || len(files) == 0 {
			return nil, hint.Add(fmt.Errorf("%s: no file in this folder is named *.json", arg), "packetspec test --shard 1/2 --report json=%s", filepath.Join(arg, "1.json"))
		}
	case errors.Is(err, fs.ErrNotExist) && strings.Contains(arg, ","):
		files = strings.Split(arg, ",")
	}
	parts, err := readAll(ctx, files)
	if err != nil {
		return nil, err
	}
	whole, err := report.Merge(parts)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", arg, err)
	}
	return whole, nil
}

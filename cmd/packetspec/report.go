package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/spf13/cobra"

	"github.com/packetspec/packetspec/conformance/mutants"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/site"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/features"
	"github.com/packetspec/packetspec/internal/hint"
	"github.com/packetspec/packetspec/internal/words"
)

func newReport() *cobra.Command {
	var dir string
	var open bool
	cmd := &cobra.Command{
		Use: "report [flags] RESULTS.json... -o DIR", Short: "Write results, and the specification, as pages for a browser",
		Long: `Writes a static site to the folder DIR: implementations by topics, a page for each
implementation, requirement and failure, and the specification with the results beside it.
It opens from files; no server and no script is needed.

RESULTS are files that packetspec test --report json=FILE wrote. Shards of one run, which say
that they are, are merged into one column. An earlier site in DIR is replaced.

Exit status: 0 if the site was written; 2 for a mistake in the command line, or a file that
cannot be read or holds no results; 4 if the site cannot be written.`,
		Example: `  packetspec report results.json -o site
  packetspec report --open rust.json java.json original.json -o site`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return hint.Add(errors.New("report takes at least one file of results"), "packetspec test --report json=results.json makes one")
			}
			return nil
		},
		RunE: withSpecification(func(cmd *cobra.Command, s *spec.Spec, args []string) error {
			if dir == "" {
				return hint.Add(errors.New("-o is missing: it names the folder of the site"), "packetspec report %s -o site", quoteWords(args...))
			}
			if info, err := os.Stat(dir); err == nil && !info.IsDir() {
				return fmt.Errorf("-o is %q, which is a file: it must be a folder, which is made if it does not exist", dir)
			}
			runs, err := readRuns(cmd.Context(), args)
			if err != nil {
				return err
			}
			text, err := features.FS.ReadFile("SPEC.md")
			if err != nil {
				return err
			}
			record, err := mutants.Recorded()
			if err != nil {
				return err
			}
			in := site.Input{Spec: s, Text: text, Record: record, Runs: runs, Version: version(), Commit: commit()}
			if err := site.Build(dir, in); err != nil {
				return &statusError{statusUnwritten, fmt.Errorf("write the site: %w", err)}
			}
			first := filepath.Join(dir, "index.html")
			cmd.Printf("%s: %s\n", first, words.Count(len(runs), "implementation"))
			if open {
				return openPage(cmd.Context(), first)
			}
			return nil
		}),
	}
	cmd.Flags().StringVarP(&dir, "output", "o", "", "the `folder` of the site")
	cmd.Flags().BoolVar(&open, "open", false, "open the site in the browser")
	return cmd
}

// readRuns reads the files of results. Those that say that they are shards of one run become one.
func readRuns(ctx context.Context, files []string) (runs []*report.Results, err error) {
	shards := map[string][]*report.Results{}
	var order []string // of the subjects whose runs come in shards
	all, err := readAll(ctx, files)
	if err != nil {
		return nil, err
	}
	for _, results := range all {
		if len(results.Run.Shards) == 0 {
			runs = append(runs, results)
			continue
		}
		key := fmt.Sprint(results.Subject, results.Run.Dialect, results.Profile, results.Suite.Version)
		if !slices.Contains(order, key) {
			order = append(order, key)
		}
		shards[key] = append(shards[key], results)
	}
	for _, key := range order {
		whole, err := report.Merge(shards[key])
		if err != nil {
			return nil, err
		}
		runs = append(runs, whole)
	}
	return runs, nil
}

// openPage opens a file in the browser that the desktop prefers.
func openPage(ctx context.Context, file string) error {
	opener := "xdg-open"
	if runtime.GOOS == "darwin" {
		opener = "open"
	}
	if err := exec.CommandContext(ctx, opener, file).Run(); err != nil {
		return &statusError{statusUnwritten, hint.Add(fmt.Errorf("--open: %s cannot open the page: %w", opener, err), "open %s in a browser", file)}
	}
	return nil
}

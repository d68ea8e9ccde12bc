package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/internal/hint"
	"github.com/packetspec/packetspec/internal/readfile"
)

func newMatrix() *cobra.Command {
	return &cobra.Command{
		Use: "matrix RESULTS.json...", Short: "Compare several subjects, requirement by requirement",
		Long: `Reads the results of several subjects, which packetspec test --report json=FILE wrote.
Prints a row for each requirement that does not hold for all of them: how many of its
scenarios each subject fails.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return hint.Add(errors.New("matrix takes at least one file of results"), "packetspec test --report json=results.json")
			}
			return nil
		},
		RunE: atOnce(func(cmd *cobra.Command, args []string) error {
			all, err := readAll(cmd.Context(), args)
			if err != nil {
				return err
			}
			return report.Matrix(cmd.OutOrStdout(), all)
		}),
	}
}

// maxResults bounds a file of results, in bytes. Each of about 750 results has five texts of at most
// 32 KiB.
const maxResults = 128 << 20

// readAll reads the results in files that the command line names.
func readAll(ctx context.Context, files []string) (all []*report.Results, err error) {
	for _, file := range files {
		results, err := readResults(ctx, file, maxResults)
		if err != nil {
			return nil, err
		}
		all = append(all, results)
	}
	return all, nil
}

// readResults reads a file of at most a number of bytes that packetspec test --report json=FILE wrote.
func readResults(ctx context.Context, name string, most int64) (*report.Results, error) {
	file, err := readfile.Open(ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, hint.Add(err, "packetspec test --report json=results.json makes a file of results")
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	bounded := &io.LimitedReader{R: file, N: most + 1}
	results, err := report.Read(bounded)
	switch {
	case bounded.N == 0:
		return nil, fmt.Errorf("%s: longer than %d bytes, as no results of packetspec test --report json are", name, most)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return results, nil
}

package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/packetspec/packetspec/conformance/report"
)

func newMatrix() *cobra.Command {
	return &cobra.Command{
		Use: "matrix RESULTS.json...", Short: "Show which requirements hold for which of several subjects",
		Long: `Reads results that packetspec test --report json wrote, and prints a row for each
requirement that does not hold for all subjects: how many of its scenarios do not.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var all []*report.Results
			for _, file := range args {
				results, err := readResults(file)
				if err != nil {
					return err
				}
				all = append(all, results)
			}
			return report.Matrix(cmd.OutOrStdout(), all)
		},
	}
}

func readResults(file string) (*report.Results, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	results, err := report.Read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return results, nil
}

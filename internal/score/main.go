// Command score measures the suite, campaigns and the probe by the faults of the mutant, and writes the
// pages SCORE.md. It is for maintainers, and runs in the root of the repository:
//
//	go run ./internal/score suite    conformance/mutants/record.json and conformance/SCORE.md
//	go run ./internal/score fuzz     fuzz/SCORE.md
//	go run ./internal/score probe    conformance/probe/SCORE.md
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/mutant"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/fuzz/campaign"
	"github.com/packetspec/packetspec/internal/output"
)

func main() { os.Exit(run()) }

func run() (status int) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	root := &cobra.Command{
		Use: "score", Short: "Measure the suite and campaigns by the faults of the mutant, and write the pages SCORE.md",
		SilenceUsage: true,
	}
	root.AddCommand(newSuite(), newFuzz(), newProbe(), newMutant(), newProgram())
	if root.ExecuteContext(ctx) != nil { // cobra has printed the error
		return 1
	}
	return 0
}

func newSuite() *cobra.Command {
	return &cobra.Command{
		Use: "suite", Short: "Run the suite against every fault, twice, and write conformance/SCORE.md and its record", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			mutants := exec.CommandContext(cmd.Context(), "go", "run", "./cmd/packetspec", "mutants",
				"--record", "conformance/mutants/record.json", "--record", "conformance/SCORE.md")
			mutants.Stdout, mutants.Stderr = cmd.OutOrStdout(), cmd.ErrOrStderr()
			return mutants.Run()
		},
	}
}

func newFuzz() *cobra.Command {
	var m campaign.Measurement
	var state, page string
	cmd := &cobra.Command{
		Use: "fuzz", Short: "Run campaigns against every fault, and write fuzz/SCORE.md", Args: cobra.NoArgs,
		Long: `Measures after how many inputs campaigns find each fault that an input can show. The
score by seed is saved to the file of --state after each fault: an interrupted
measurement, or one with more seeds or faults, goes on from there. The page is written
at the end. Five seeds take half an hour on two cores.`,
		Example: `  go run ./internal/score fuzz --seeds 1
  go run ./internal/score fuzz --seeds 5                   # four seeds more
  go run ./internal/score fuzz --faults eof-twice,tag-never-free --state two.json --page two.md`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			score, err := readScore(state)
			if err != nil {
				return fmt.Errorf("--state: %w", err)
			}
			pages, err := output.Open(cmd.Context(), page)
			if err != nil {
				return fmt.Errorf("--page: %w", err)
			}
			defer pages.Close()
			self, err := adapter.Self("mutant")
			if err != nil {
				return err
			}
			m.Process = func(fault string) adapter.Starter {
				return adapter.Process{Argv: append(slices.Clone(self.Argv), fault), Env: self.Env}
			}
			m.Log = func(format string, args ...any) { cmd.PrintErrf(format+"\n", args...) }
			m.Save = func(s *campaign.Score) error { return save(cmd.Context(), s, state) }
			if err := m.Run(cmd.Context(), score); err != nil {
				return err
			}
			return pages.Write(func(w io.Writer) error { _, err := io.WriteString(w, score.Page()); return err })
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&m.Seeds, "seeds", 5, "measure with the seeds from 1 to this number")
	flags.IntVar(&m.Inputs, "inputs", 100_000, "how many inputs a guided campaign makes")
	flags.IntVar(&m.Blind, "blind", 100_000, "how many inputs a blind campaign makes; 0: no blind campaigns")
	flags.StringSliceVar(&m.Only, "faults", nil, "the `names` of the faults to measure; empty: all that an input can show")
	flags.StringVar(&state, "state", "fuzz-score.json", "the `file` of the score by seed, from which a measurement goes on")
	flags.StringVar(&page, "page", "fuzz/SCORE.md", "the `file` of the page")
	return cmd
}

// readScore reads the score of earlier measurements. A missing file is an empty score.
func readScore(file string) (*campaign.Score, error) {
	score := &campaign.Score{}
	bytes, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return score, nil
	}
	if err == nil {
		err = json.Unmarshal(bytes, score)
	}
	return score, err
}

// save writes the score by seed. It replaces the file as a whole, so that an interrupt leaves one.
func save(ctx context.Context, score *campaign.Score, name string) error {
	file, err := output.Open(ctx, name)
	if err != nil {
		return err
	}
	return file.Write(func(w io.Writer) error { return report.WriteJSON(w, score) })
}

// newMutant returns the command that the measurement of faults that end their process starts.
func newMutant() *cobra.Command {
	return &cobra.Command{
		Use: "mutant FAULT", Short: "Serve the mutant with a fault as an adapter", Hidden: true, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			impl, err := mutant.New(args[0])
			if err != nil {
				return err
			}
			return adapter.Serve(cmd.Context(), impl, cmd.InOrStdin(), cmd.OutOrStdout())
		},
	}
}

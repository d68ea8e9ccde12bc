package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/fuzz/campaign"
	"github.com/packetspec/packetspec/internal/hint"
)

func newFuzzMinimize() *cobra.Command {
	var signature, out string
	var limits limitFlags
	tries := 5 * defaultMinimize
	cmd := &cobra.Command{
		Use:   "minimize FILE [-- ADAPTER ARG...]",
		Short: "Make an input smaller that still shows the same difference",
		Long: `Removes packets from the input, then simplifies fields and bytes, as long as the input
still shows the same difference. Writes the smaller input to FILE.min, or to --output.

Exit status: 0 if the smaller input is written; 1 if FILE shows no such difference; 2
for a mistake in the command line or a file that cannot be read; 3 if the adapter
could not be started or spoken to; 4 if the smaller input could not be written.`,
		RunE: withSpecification(func(cmd *cobra.Command, s *spec.Spec, args []string) error {
			if err := errors.Join(atLeast("--tries", tries, 1), limits.check()); err != nil {
				return err
			}
			files, process, err := splitArgs(cmd, args, "FILE", 1)
			if err != nil {
				return err
			}
			raw, err := readInput(cmd.Context(), files[0], limits.length)
			if err != nil {
				return err
			}
			f, err := campaign.Shrink(cmd.Context(), limits.of(process), raw, signature, tries)
			replay := limits.replay(process.Argv, 0)
			switch {
			case err != nil:
				return &statusError{statusAdapter, err}
			case f == nil && signature != "":
				return &statusError{statusNot, hint.Add(fmt.Errorf("%s does not show %q", files[0], signature), "%s lists what it shows", replay.Command(new(campaign.Finding), files[0]))}
			case f == nil:
				return &statusError{statusNot, errors.New(files[0] + " shows no difference that minimising could keep")}
			}
			if out == "" {
				out = files[0] + ".min"
			}
			if err := os.WriteFile(out, f.Input, 0o666); err != nil {
				return &statusError{statusUnwritten, fmt.Errorf("write the smaller input: %w", err)}
			}
			_, _ = fmt.Fprintf(cmd.OutOrStdout(), "%s%d of %d bytes are left, in %s\n",
				f.Explain(requirementOf(s, f), replay.Command(f, out)), len(f.Input), len(raw), out)
			return nil
		}),
	}
	limits.add(cmd)
	cmd.Flags().StringVar(&signature, "signature", "", "the signature of the difference to keep, as repro prints it after FOUND; empty: the first")
	cmd.Flags().StringVarP(&out, "output", "o", "", "the `file` to write; empty: FILE.min")
	cmd.Flags().IntVar(&tries, "tries", tries, "how many inputs to try")
	return cmd
}

package main

import (
	"fmt"
	"math"

	"github.com/spf13/cobra"

	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/fuzz/campaign"
)

func newFuzzRepro() *cobra.Command {
	var limits limitFlags
	cmd := &cobra.Command{
		Use:   "repro FILE... [-- ADAPTER ARG...]",
		Short: "Play inputs again, each on a fresh process",
		Long: `Plays each input again on a fresh process of the implementation behind ADAPTER or,
without one, of the reference, and reports what differs from the specification.

Exit status: 0 if no input differs; 1 if one does; 2 for a mistake in the command
line or a file that cannot be read; 3 if the adapter could not be started or spoken to.`,
		RunE: withSpecification(func(cmd *cobra.Command, s *spec.Spec, args []string) error {
			if err := limits.check(); err != nil {
				return err
			}
			files, process, err := splitArgs(cmd, args, "FILE", math.MaxInt)
			if err != nil {
				return err
			}
			raws := make([][]byte, len(files))
			for i, file := range files {
				if raws[i], err = readInput(cmd.Context(), file, limits.length); err != nil {
					return err
				}
			}
			replay := limits.replay(process.Argv, 0)
			differs := false
			for i, file := range files {
				found, err := campaign.Repro(cmd.Context(), limits.of(process), raws[i])
				if err != nil {
					return &statusError{statusAdapter, err}
				}
				if len(found) == 0 {
					_, _ = fmt.Fprintf(cmd.OutOrStdout(), "%s: nothing differs\n", file)
				}
				for _, f := range found {
					differs = true
					_, _ = fmt.Fprintln(cmd.OutOrStdout(), f.Explain(requirementOf(s, f), replay.Command(f, file)))
				}
			}
			if differs {
				return &statusError{status: statusNot}
			}
			return nil
		}),
	}
	limits.add(cmd)
	return cmd
}

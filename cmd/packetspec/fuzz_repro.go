package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/packetspec/packetspec/fuzz/campaign"
)

func newFuzzRepro() *cobra.Command {
	return &cobra.Command{
		Use:   "repro FILE... [-- ADAPTER ARG...]",
		Short: "Play inputs again, each on a fresh process",
		Long: `Plays each input again on a fresh process of the implementation behind ADAPTER or,
without one, of the reference, and tells in what it differs.

Exit status: 0 if nothing does; 1 if something does.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			files, process, err := filesAndSubject(cmd, args)
			if err != nil {
				return err
			}
			s, err := specification()
			if err != nil {
				return err
			}
			differs := false
			for _, file := range files {
				raw, err := os.ReadFile(file)
				if err != nil {
					return err
				}
				found, err := campaign.Repro(cmd.Context(), process, raw)
				if err != nil {
					return &statusError{statusAdapter, err}
				}
				if len(found) == 0 {
					_, _ = fmt.Fprintf(cmd.OutOrStdout(), "%s: nothing differs\n", file)
				}
				for _, f := range found {
					differs = true
					_, _ = fmt.Fprintln(cmd.OutOrStdout(), f.Explain(requirementOf(s, f), self()+" fuzz repro "+file+adapterWords(process.Argv)))
				}
			}
			if differs {
				return &statusError{status: statusNot}
			}
			return nil
		},
	}
}

package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/packetspec/packetspec/fuzz/campaign"
)

func newFuzzMerge() *cobra.Command {
	return &cobra.Command{
		Use:   "merge INTO DIR...",
		Short: "Put corpora together, leaving out what shows nothing new",
		Long: `Reads the inputs of INTO and of every DIR, and leaves in INTO as few of them, and as
short ones, as show all that the reference shows of any.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var all [][]byte
			for _, dir := range args {
				corpus, err := campaign.ReadCorpus(dir)
				if err != nil {
					return err
				}
				all = append(all, corpus...)
			}
			kept, traces, err := campaign.Merge(all)
			if err != nil {
				return &statusError{statusNot, err}
			}
			if err := campaign.WriteCorpus(args[0], kept); err != nil {
				return err
			}
			if err := campaign.Prune(args[0], kept); err != nil {
				return err
			}
			_, _ = fmt.Fprintf(cmd.OutOrStdout(), "%d of %d inputs show all %d traces\n", len(kept), len(all), traces)
			return nil
		},
	}
}

package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/packetspec/packetspec/fuzz/campaign"
)

func newFuzzTriage() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "triage DIR... [-- ADAPTER ARG...]",
		Short: "Make findings of inputs that somebody else has found",
		Long: `Plays every input of the folders, and makes findings of those that an implementation
takes otherwise, as fuzz does: one for each fault, confirmed and small.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			dirs, process, err := filesAndSubject(cmd, args)
			if err != nil {
				return err
			}
			f := fuzzFlags{dir: dir}
			for _, from := range dirs {
				corpus, err := campaign.ReadCorpus(from)
				if err != nil {
					return err
				}
				f.campaign.Given = append(f.campaign.Given, corpus...)
			}
			if len(f.campaign.Given) == 0 {
				return fmt.Errorf("there are no inputs in %s", strings.Join(dirs, ", "))
			}
			f.campaign.Inputs = int64(len(f.campaign.Given))
			f.campaign.Starter = process
			s, err := specification()
			if err != nil {
				return err
			}
			return f.hunt(cmd, s, process.Argv)
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "packetspec-fuzz", "the `folder` of the findings")
	return cmd
}

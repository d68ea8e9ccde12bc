package main

import (
	"github.com/spf13/cobra"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/adapters/goreference"
)

func newAdapter() *cobra.Command {
	return &cobra.Command{
		Use: "adapter", Short: "Be the adapter of the reference", Args: cobra.NoArgs,
		Long: `Carries out the commands of the adapter protocol from the standard input on the
reference implementation, until the input ends.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			impl := goreference.Implementation{Release: version()}
			if err := adapter.Serve(cmd.Context(), impl, cmd.InOrStdin(), cmd.OutOrStdout()); err != nil {
				return &statusError{statusNot, err}
			}
			return nil
		},
	}
}

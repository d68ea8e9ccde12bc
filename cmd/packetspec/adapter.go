package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/adapters/goreference"
	"github.com/packetspec/packetspec/conformance/mutant"
)

func newAdapter() *cobra.Command {
	var dialect string
	cmd := &cobra.Command{
		Use: "adapter", Short: "Be the adapter of the reference", Args: cobra.NoArgs,
		Long: `Carries out the commands of the adapter protocol from the standard input on the
reference implementation, until the input ends. The later dialect is spoken by the
second implementation, which the suite is proved with.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			impl, err := builtin(dialect)
			if err != nil {
				return err
			}
			if err := adapter.Serve(cmd.Context(), impl, cmd.InOrStdin(), cmd.OutOrStdout()); err != nil {
				return &statusError{statusNot, err}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&dialect, "dialect", conformance.Dialects[0], "the `dialect` to speak: "+strings.Join(conformance.Dialects, " or "))
	return cmd
}

// builtin is the implementation in this binary that speaks a dialect.
func builtin(dialect string) (adapter.Implementation, error) {
	switch {
	case !slices.Contains(conformance.Dialects, dialect):
		return nil, fmt.Errorf("--dialect %q is none of %s", dialect, strings.Join(conformance.Dialects, ", "))
	case dialect == conformance.LaterDialect:
		return mutant.NewLater(), nil
	}
	return goreference.Implementation{Release: version()}, nil
}

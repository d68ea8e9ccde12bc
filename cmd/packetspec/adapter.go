package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/adapters/goreference"
	"github.com/packetspec/packetspec/conformance/mutant"
)

// noFault is the mutant's name without a fault.
const noFault = "none"

func newAdapter() *cobra.Command {
	var dialect, fault string
	cmd := &cobra.Command{
		Use: "adapter", Short: "Be the adapter of the reference, or of an implementation with a fault", Args: cobra.NoArgs,
		Long: `Carries out the commands of the adapter protocol from the standard input on the
reference implementation, until the input ends. The later dialect is spoken by the
second implementation, which the suite is proved with.

With --fault it is the second implementation that carries them out, with that fault:
see what finds it by packetspec explain FAULT.`,
		Example: `  packetspec test -- packetspec adapter --fault eof-twice
  packetspec mutants --list`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			impl, err := builtin(dialect, fault)
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
	cmd.Flags().StringVar(&fault, "fault", "", "be the second implementation with the fault of this `name`, or "+noFault)
	_ = cmd.RegisterFlagCompletionFunc("fault", completeFault) // there is such a flag
	return cmd
}

// builtin is an implementation in this binary that speaks a dialect.
func builtin(dialect, fault string) (adapter.Implementation, error) {
	later := dialect == conformance.LaterDialect
	switch {
	case !slices.Contains(conformance.Dialects, dialect):
		return nil, fmt.Errorf("--dialect %q is none of %s", dialect, strings.Join(conformance.Dialects, ", "))
	case fault == noFault && !later:
		return mutant.New("")
	case fault != "" && fault != noFault:
		impl, err := mutant.New(fault)
		if err != nil {
			return nil, fmt.Errorf("--fault: %w (packetspec mutants --list shows all)", err)
		}
		if later && !(mutant.Fault{Name: fault}).Later() {
			return nil, errors.New("--fault: the fault " + fault + " is not one of the later dialect")
		}
		return impl, nil
	case later:
		return mutant.NewLater(), nil
	}
	return goreference.Implementation{Release: version()}, nil
}

func completeFault(_ *cobra.Command, _ []string, prefix string) (names []string, _ cobra.ShellCompDirective) {
	for _, f := range mutant.Faults() {
		if strings.HasPrefix(f.Name, prefix) {
			names = append(names, f.Name+"\t"+f.Text)
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

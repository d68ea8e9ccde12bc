package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/adapters/goreference"
	"github.com/packetspec/packetspec/conformance/mutant"
	"github.com/packetspec/packetspec/internal/hint"
	"github.com/packetspec/packetspec/internal/nearest"
)

// noFault stands for the second implementation without a fault.
const noFault = "none"

func newAdapter() *cobra.Command {
	var dialect, fault string
	var sockets bool
	cmd := &cobra.Command{
		Use: "adapter", Short: "Run as the adapter of the reference, or of an implementation with a fault", Args: noArguments,
		Long: `Reads commands of the adapter protocol from the standard input, and carries them out
on the reference, until the input ends. In the later dialect, which the reference does
not speak, it carries them out on the second implementation.

With --fault it carries them out on the second implementation with that fault.
packetspec explain FAULT shows which scenarios detect it.`,
		Example: `  packetspec test -- packetspec adapter --fault eof-twice
  packetspec mutants --list`,
		RunE: atOnce(func(cmd *cobra.Command, _ []string) error {
			impl, err := builtin(dialect, fault)
			if err != nil {
				return err
			}
			if sockets {
				impl = adapter.OverSockets(impl)
			}
			if err := adapter.Serve(cmd.Context(), impl, cmd.InOrStdin(), cmd.OutOrStdout()); err != nil {
				return &statusError{statusNot, err}
			}
			return nil
		}),
	}
	cmd.Flags().StringVar(&dialect, "dialect", conformance.Dialects[0], "the `dialect` to speak: "+strings.Join(conformance.Dialects, " or "))
	cmd.Flags().StringVar(&fault, "fault", "", "be the second implementation with the fault of this `name`, or with "+noFault)
	cmd.Flags().BoolVar(&sockets, "sockets", false, "have the ability sockets: connections are opened over Unix-domain sockets in place of pipes")
	_ = cmd.RegisterFlagCompletionFunc("fault", completeFault) // there is such a flag
	return cmd
}

// builtin returns the built-in implementation for a dialect and, if it is not empty, a fault.
func builtin(dialect, fault string) (adapter.Implementation, error) {
	if err := cmp.Or(oneOf("--dialect", dialect, conformance.Dialects...), checkFault(fault, dialect)); err != nil {
		return nil, err
	}
	later := dialect == conformance.LaterDialect
	switch {
	case fault != "" && fault != noFault:
		return mutant.New(fault)
	case later:
		return mutant.NewLater(), nil
	case fault == noFault:
		return mutant.New("")
	}
	return goreference.Implementation{Release: version()}, nil
}

// checkFault returns an error if there is no such fault in a dialect. A fault of the later
// dialect is in either, since the second implementation speaks that dialect with it.
func checkFault(fault, dialect string) error {
	if fault == "" {
		return nil
	}
	names := []string{noFault}
	for _, f := range mutant.Faults() {
		if f.Later() || dialect != conformance.LaterDialect {
			names = append(names, f.Name)
		}
	}
	if slices.Contains(names, fault) {
		return nil
	}
	return hint.Add(fmt.Errorf("--fault is %q: it must be %s or a fault of the dialect %s, which packetspec mutants --list shows", fault, noFault, dialect),
		"--fault %s", nearest.Names(fault, names, 1)[0])
}

func completeFault(_ *cobra.Command, _ []string, prefix string) (names []string, _ cobra.ShellCompDirective) {
	for _, f := range mutant.Faults() {
		if strings.HasPrefix(f.Name, prefix) {
			names = append(names, f.Name+"\t"+f.Text)
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

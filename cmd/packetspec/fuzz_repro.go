package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/adapter"
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

// filesAndSubject takes the arguments before -- for files, and those behind for the adapter.
func filesAndSubject(cmd *cobra.Command, args []string) (files []string, p adapter.Process, err error) {
	files = args
	var command []string
	if dash := cmd.ArgsLenAtDash(); dash >= 0 {
		files, command = args[:dash], args[dash:]
	}
	if len(files) == 0 {
		return nil, p, errors.New("which input? give its file")
	}
	p, err = process(command, conformance.Dialects[0])
	return files, p, err
}

// adapterWords is the adapter's command as it stands behind --.
func adapterWords(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return " -- " + adapter.Process{Argv: args}.String()
}

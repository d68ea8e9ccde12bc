package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/packetspec/packetspec/fuzz/campaign"
)

func newFuzzConvert() *cobra.Command {
	var from, to string
	var names []string
	help := ""
	for _, f := range campaign.Formats {
		names = append(names, f.Name)
		help += fmt.Sprintf("\n  %-10s  %s", f.Name, f.Text)
	}
	cmd := &cobra.Command{
		Use:   "convert FROM INTO",
		Short: "Copy a corpus into the format of another tool, or from it",
		Long: `Copies the inputs of one folder into another. Nothing is lost in either direction: an
input is some octets, whoever keeps it.
` + help,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			read, write := formatNamed(from), formatNamed(to)
			if read == nil || write == nil {
				return fmt.Errorf("--from and --to are each one of %s", strings.Join(names, ", "))
			}
			n, err := campaign.Convert(args[0], args[1], *read, *write)
			if err != nil {
				return &statusError{statusNot, err}
			}
			_, _ = fmt.Fprintf(cmd.OutOrStdout(), "%d inputs\n", n)
			return nil
		},
	}
	cmd.Flags().StringVar(&from, "from", "raw", "the format of FROM")
	cmd.Flags().StringVar(&to, "to", "raw", "the format of INTO")
	return cmd
}

func formatNamed(name string) *campaign.Format {
	for _, f := range campaign.Formats {
		if f.Name == name {
			return &f
		}
	}
	return nil
}

package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/packetspec/packetspec/fuzz/campaign"
)

func newFuzzConvert() *cobra.Command {
	var from, to string
	formats := ""
	for _, f := range campaign.Formats {
		formats += fmt.Sprintf("\n  %-10s  %s", f.Name, f.Text)
	}
	cmd := &cobra.Command{
		Use:   "convert FROM INTO",
		Short: "Copy a corpus to or from the format of another tool",
		Long: `Copies the inputs of the folder FROM into the folder INTO. No format loses anything: an
input is a sequence of bytes.
` + formats + `

Exit status: 0 if all inputs are copied; 2 for a mistake in the command line, or an
input that cannot be read; 4 if one could not be written.`,
		Args: cobra.ExactArgs(2),
		RunE: atOnce(func(cmd *cobra.Command, args []string) error {
			read, err := formatNamed("--from", from)
			if err != nil {
				return err
			}
			write, err := formatNamed("--to", to)
			if err != nil {
				return err
			}
			corpus, err := readCorpora("FROM", args[:1], read, "the folder to read comes first: "+cmd.UseLine())
			if err != nil {
				return err
			}
			if err := campaign.WriteCorpus(args[1], corpus, write); err != nil {
				return &statusError{statusUnwritten, fmt.Errorf("write the inputs: %w", err)}
			}
			_, _ = fmt.Fprintf(cmd.OutOrStdout(), "inputs copied: %d\n", len(corpus))
			return nil
		}),
	}
	cmd.Flags().StringVar(&from, "from", "raw", "the format of FROM")
	cmd.Flags().StringVar(&to, "to", "raw", "the format of INTO")
	return cmd
}

func formatNamed(flag, name string) (campaign.Format, error) {
	var names []string
	for _, f := range campaign.Formats {
		if f.Name == name {
			return f, nil
		}
		names = append(names, f.Name)
	}
	return campaign.Format{}, oneOf(flag, name, names...)
}

package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/packetspec/packetspec/fuzz/campaign"
)

func newFuzzConvert() *cobra.Command {
	var from, to string
	var limits limitFlags
	formats := ""
	for _, f := range campaign.Formats {
		formats += fmt.Sprintf("\n  %-10s  %s", f.Name, f.Text)
	}
	cmd := &cobra.Command{
		Use:   "convert FROM INTO",
		Short: "Copy a corpus to or from the format of another tool",
		Long: `Copies the inputs of the folder FROM into the folder INTO. It leaves folders in FROM and
inputs above --max-len out, and names them. No format loses anything: an
input is a sequence of bytes.
` + formats + `

Exit status: 0 if all inputs are copied; 2 for a mistake in the command line, or an
input that cannot be read; 4 if one could not be written.`,
		Args: folders(2, 2, "FROM", "INTO"),
		RunE: atOnce(func(cmd *cobra.Command, args []string) error {
			if err := limits.checkLength(); err != nil {
				return err
			}
			read, err := formatNamed("--from", from)
			if err != nil {
				return err
			}
			write, err := formatNamed("--to", to)
			if err != nil {
				return err
			}
			corpus, err := limits.readCorpora(cmd, "FROM", args[:1], read, "the folder to read comes first: "+cmd.UseLine())
			if err != nil {
				return err
			}
			if len(corpus) == 0 {
				return noInputs("FROM", args[:1])
			}
			if err := campaign.WriteCorpus(args[1], corpus, write); err != nil {
				return &statusError{statusUnwritten, fmt.Errorf("write the inputs: %w", err)}
			}
			_, _ = fmt.Fprintf(cmd.OutOrStdout(), "inputs copied: %d\n", len(corpus))
			return nil
		}),
	}
	limits.addLength(cmd)
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

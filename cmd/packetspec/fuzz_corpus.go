package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/packetspec/packetspec/fuzz/campaign"
)

func newFuzzMerge() *cobra.Command {
	return &cobra.Command{
		Use:   "merge INTO DIR...",
		Short: "Merge corpora, and drop inputs that show nothing new",
		Long: `Reads the inputs of INTO, which need not exist, and of every DIR. Leaves in INTO as few
inputs, and as short ones, as show every trace that the reference shows for any.

Exit status: 0 if INTO is written; 2 for a mistake in the command line or a folder that
cannot be read; 4 if INTO could not be written.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dirs := args
			if _, err := os.Stat(args[0]); errors.Is(err, fs.ErrNotExist) {
				dirs = args[1:]
			}
			all, err := readCorpora("DIR", dirs, campaign.Raw, "INTO, the first folder, need not exist; each DIR must")
			if err != nil {
				return err
			}
			kept, traces, err := campaign.Merge(all)
			if err != nil {
				return &statusError{statusNot, err}
			}
			err = campaign.WriteCorpus(args[0], kept, campaign.Raw)
			if err == nil {
				err = campaign.Prune(args[0], kept)
			}
			if err != nil {
				return &statusError{statusUnwritten, fmt.Errorf("write the merged corpus: %w", err)}
			}
			_, _ = fmt.Fprintf(cmd.OutOrStdout(), "%d of %d inputs show all %d traces\n", len(kept), len(all), traces)
			return nil
		},
	}
}

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
		RunE: func(cmd *cobra.Command, args []string) error {
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
		},
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

// readCorpora reads the inputs of folders that the user gave as the arguments or flags named.
func readCorpora(name string, dirs []string, format campaign.Format, advice string) (all [][]byte, err error) {
	for _, dir := range dirs {
		corpus, err := campaign.ReadCorpus(dir, format)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil, hint(fmt.Errorf("%s: there is no folder %s", name, dir), "%s", advice)
		case err != nil:
			return nil, fmt.Errorf("%s: read the inputs: %w", name, err)
		}
		all = append(all, corpus...)
	}
	return all, nil
}

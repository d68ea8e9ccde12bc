package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/packetspec/packetspec/fuzz/campaign"
)

func newFuzzMinimize() *cobra.Command {
	var signature, out string
	tries := 2000
	cmd := &cobra.Command{
		Use:   "minimize FILE [-- ADAPTER ARG...]",
		Short: "Make an input small that an implementation takes otherwise",
		Long: `Leaves out packets of the input, and then simplifies fields and octets, as long as it
shows the same difference. The smaller input is written beside FILE, as FILE.min.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			files, process, err := filesAndSubject(cmd, args)
			if err != nil {
				return err
			}
			if len(files) > 1 {
				return errors.New("one input at a time")
			}
			raw, err := os.ReadFile(files[0])
			if err != nil {
				return err
			}
			f, err := campaign.Shrink(cmd.Context(), process, raw, signature, tries)
			if err != nil {
				return &statusError{statusAdapter, err}
			}
			if f == nil {
				return &statusError{statusNot, errors.New("nothing of that sort differs: there is nothing to keep while it is made small")}
			}
			if out == "" {
				out = files[0] + ".min"
			}
			if err := os.WriteFile(out, f.Input, 0o666); err != nil {
				return err
			}
			s, err := specification()
			if err != nil {
				return err
			}
			_, _ = fmt.Fprintf(cmd.OutOrStdout(), "%s%d octets of %d, in %s\n",
				f.Explain(requirementOf(s, f), self()+" fuzz repro "+out+adapterWords(process.Argv)), len(f.Input), len(raw), out)
			return nil
		},
	}
	cmd.Flags().StringVar(&signature, "signature", "", "the difference to keep, as repro tells it; none: the first")
	cmd.Flags().StringVarP(&out, "output", "o", "", "the `file` to write")
	cmd.Flags().IntVar(&tries, "tries", tries, "how many inputs to try")
	return cmd
}

func newFuzzMerge() *cobra.Command {
	return &cobra.Command{
		Use:   "merge INTO DIR...",
		Short: "Put corpora together, leaving out what shows nothing new",
		Long: `Reads the inputs of INTO and of every DIR, and leaves in INTO as few of them, and as
short ones, as show all that the reference shows of any.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var all [][]byte
			for _, dir := range args {
				corpus, err := campaign.ReadCorpus(dir)
				if err != nil {
					return err
				}
				all = append(all, corpus...)
			}
			kept, traces, err := campaign.Merge(all)
			if err != nil {
				return &statusError{statusNot, err}
			}
			if err := campaign.WriteCorpus(args[0], kept); err != nil {
				return err
			}
			if err := campaign.Prune(args[0], kept); err != nil {
				return err
			}
			_, _ = fmt.Fprintf(cmd.OutOrStdout(), "%d of %d inputs show all %d traces\n", len(kept), len(all), traces)
			return nil
		},
	}
}

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

package main

import (
	"errors"
	"fmt"
	"os"

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

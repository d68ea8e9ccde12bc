package main

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"

	"github.com/spf13/cobra"

	"github.com/packetspec/packetspec/fuzz/campaign"
	"github.com/packetspec/packetspec/internal/hint"
	"github.com/packetspec/packetspec/internal/words"
)

func newFuzzMerge() *cobra.Command {
	var limits limitFlags
	cmd := &cobra.Command{
		Use:   "merge INTO DIR...",
		Short: "Merge corpora, and drop inputs that show nothing new",
		Long: `Reads the inputs of INTO, which need not exist, and of every DIR. Leaves in INTO as few
inputs, and as short ones, as show every trace that the reference shows for any.

INTO loses the inputs that packetspec wrote there and that show nothing new: files whose
name is the hash of their content. Its other files are read too, but never removed.

Exit status: 0 if INTO is written; 2 for a mistake in the command line or a folder that
cannot be read; 4 if INTO could not be written.`,
		Args: folders(1, math.MaxInt, "INTO"),
		RunE: atOnce(func(cmd *cobra.Command, args []string) error {
			if err := limits.checkLength(); err != nil {
				return err
			}
			dirs := args
			if _, err := os.Stat(args[0]); errors.Is(err, fs.ErrNotExist) {
				dirs = args[1:]
			}
			if len(dirs) == 0 {
				return hint.Add(fmt.Errorf("INTO is %s, which does not exist, and DIR is missing", args[0]), "%s", cmd.UseLine())
			}
			all, err := limits.readCorpora(cmd, "DIR", dirs, campaign.Raw, "INTO, the first folder, need not exist; each DIR must")
			if err != nil {
				return err
			}
			if len(all) == 0 {
				return noInputs("DIR", dirs)
			}
			kept, traces, err := campaign.Merge(cmd.Context(), all)
			if err != nil {
				return &statusError{statusNot, err}
			}
			err = campaign.WriteCorpus(args[0], kept, campaign.Raw)
			var others []string
			if err == nil {
				others, err = campaign.Prune(args[0], kept)
			}
			if err != nil {
				return &statusError{statusUnwritten, fmt.Errorf("write the merged corpus: %w", err)}
			}
			_, _ = fmt.Fprintf(cmd.OutOrStdout(), "%d of %d inputs show all %d traces\n", len(kept), len(all), traces)
			if len(others) > 0 {
				_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "note: %s keeps %s that packetspec did not write: %s\n", args[0], words.Count(len(others), "file"), someOf(others))
			}
			return nil
		}),
	}
	limits.addLength(cmd)
	return cmd
}

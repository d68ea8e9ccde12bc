package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/fuzz/campaign"
)

func newFuzzRepro() *cobra.Command {
	return &cobra.Command{
		Use:   "repro FILE... [-- ADAPTER ARG...]",
		Short: "Play inputs again, each on a fresh process",
		Long: `Plays each input again on a fresh process of the implementation behind ADAPTER or,
without one, of the reference, and reports what differs from the specification.

Exit status: 0 if no input differs; 1 if one does; 2 for a mistake in the command
line or a file that cannot be read; 3 if the adapter could not be started or spoken to.`,
		RunE: withSpecification(func(cmd *cobra.Command, s *spec.Spec, args []string) error {
			files, process, err := splitArgs(cmd, args, "FILE", math.MaxInt)
			if err != nil {
				return err
			}
			raws := make([][]byte, len(files))
			for i, file := range files {
				if raws[i], err = os.ReadFile(file); err != nil {
					return err
				}
			}
			differs := false
			for i, file := range files {
				found, err := campaign.Repro(cmd.Context(), process, raws[i])
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
		}),
	}
}

func newFuzzMinimize() *cobra.Command {
	var signature, out string
	tries := 5 * defaultMinimize
	cmd := &cobra.Command{
		Use:   "minimize FILE [-- ADAPTER ARG...]",
		Short: "Make an input smaller that still shows the same difference",
		Long: `Removes packets from the input, then simplifies fields and bytes, as long as the input
still shows the same difference. Writes the smaller input to FILE.min, or to --output.

Exit status: 0 if the smaller input is written; 1 if FILE shows no such difference; 2
for a mistake in the command line or a file that cannot be read; 3 if the adapter
could not be started or spoken to; 4 if the smaller input could not be written.`,
		RunE: withSpecification(func(cmd *cobra.Command, s *spec.Spec, args []string) error {
			if err := atLeast("--tries", tries, 1); err != nil {
				return err
			}
			files, process, err := splitArgs(cmd, args, "FILE", 1)
			if err != nil {
				return err
			}
			raw, err := os.ReadFile(files[0])
			if err != nil {
				return err
			}
			f, err := campaign.Shrink(cmd.Context(), process, raw, signature, tries)
			switch {
			case err != nil:
				return &statusError{statusAdapter, err}
			case f == nil && signature != "":
				return &statusError{statusNot, hint(fmt.Errorf("%s does not show %q", files[0], signature), "%s fuzz repro %s%s lists what it shows", self(), files[0], adapterWords(process.Argv))}
			case f == nil:
				return &statusError{statusNot, errors.New(files[0] + " shows no difference that minimising could keep")}
			}
			if out == "" {
				out = files[0] + ".min"
			}
			if err := os.WriteFile(out, f.Input, 0o666); err != nil {
				return &statusError{statusUnwritten, fmt.Errorf("write the smaller input: %w", err)}
			}
			_, _ = fmt.Fprintf(cmd.OutOrStdout(), "%s%d of %d bytes are left, in %s\n",
				f.Explain(requirementOf(s, f), self()+" fuzz repro "+out+adapterWords(process.Argv)), len(f.Input), len(raw), out)
			return nil
		}),
	}
	cmd.Flags().StringVar(&signature, "signature", "", "the signature of the difference to keep, as repro prints it after FOUND; empty: the first")
	cmd.Flags().StringVarP(&out, "output", "o", "", "the `file` to write; empty: FILE.min")
	cmd.Flags().IntVar(&tries, "tries", tries, "how many inputs to try")
	return cmd
}

func newFuzzTriage() *cobra.Command {
	f := fuzzFlags{campaign: campaign.Campaign{Minimize: defaultMinimize}}
	cmd := &cobra.Command{
		Use:   "triage DIR... [-- ADAPTER ARG...]",
		Short: "Turn inputs that another tool found into findings",
		Long: `Plays every input of the folders, and makes findings of the differences, as fuzz does:
one for each signature, confirmed on fresh processes and minimised.

The exit status is that of fuzz.`,
		RunE: withSpecification(func(cmd *cobra.Command, s *spec.Spec, args []string) error {
			dirs, process, err := splitArgs(cmd, args, "DIR", math.MaxInt)
			if err != nil {
				return err
			}
			c := &f.campaign
			c.Given, err = readCorpora("DIR", dirs, campaign.Raw, "packetspec fuzz convert makes it from the format of another tool")
			if err != nil {
				return err
			}
			if len(c.Given) == 0 {
				return fmt.Errorf("DIR: there are no inputs in %s", strings.Join(dirs, ", "))
			}
			c.Inputs, c.Starter = int64(len(c.Given)), process
			return f.play(cmd, s, process.Argv)
		}),
	}
	cmd.Flags().StringVar(&f.dir, "dir", "packetspec-fuzz", "the `folder` of the findings")
	return cmd
}

// splitArgs splits a verb's arguments into the paths before --, at least one and at most most, and
// the adapter's command behind it. The name is that of the paths in the verb's usage.
func splitArgs(cmd *cobra.Command, args []string, name string, most int) (paths []string, p adapter.Process, err error) {
	paths = args
	var command []string
	if dash := cmd.ArgsLenAtDash(); dash >= 0 {
		paths, command = args[:dash], args[dash:]
	}
	switch n := len(paths); {
	case n == 0:
		return nil, p, hint(fmt.Errorf("%s is missing", name), "%s", cmd.UseLine())
	case n > most:
		return nil, p, hint(fmt.Errorf("%s is given %d times: it must be given once", name, n), "%s", cmd.UseLine())
	}
	p, err = process(command, conformance.Dialects[0])
	return paths, p, err
}

// requirementOf returns the requirement that a finding breaks. Without a connection none can be
// tested, so a finding that breaks only the adapter guide counts as a must.
func requirementOf(s *spec.Spec, f *campaign.Finding) spec.Requirement {
	q, ok := s.Requirement(f.Difference.Requirement)
	if !ok {
		return spec.Requirement{Level: spec.Must, Text: "the adapter guide"}
	}
	return q
}

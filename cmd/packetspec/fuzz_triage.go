package main

import (
	"math"

	"github.com/spf13/cobra"

	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/fuzz/campaign"
)

func newFuzzTriage() *cobra.Command {
	f := fuzzFlags{campaign: campaign.Campaign{Minimize: defaultMinimize}}
	cmd := &cobra.Command{
		Use:   "triage DIR... [-- ADAPTER ARG...]",
		Short: "Turn inputs that another tool found into findings",
		Long: `Plays every input of the folders, and makes findings of the differences, as fuzz does:
one for each signature, confirmed on fresh processes and minimised.

The exit status is that of fuzz.`,
		RunE: withSpecification(func(cmd *cobra.Command, s *spec.Spec, args []string) error {
			if err := f.limits.check(); err != nil {
				return err
			}
			if f.dir == "" {
				return emptyWord(cmd, "--dir")
			}
			dirs, process, err := splitArgs(cmd, args, "DIR", math.MaxInt)
			if err != nil {
				return err
			}
			c := &f.campaign
			c.Given, err = f.limits.readCorpora(cmd, "DIR", dirs, campaign.Raw, "packetspec fuzz convert makes it from the format of another tool")
			if err != nil {
				return err
			}
			if len(c.Given) == 0 {
				return noInputs("DIR", dirs)
			}
			c.Only, c.Starter = true, process
			return f.play(cmd, s, process.Argv)
		}),
	}
	f.limits.add(cmd)
	reportFlag(cmd, &f.reports, fuzzFormats)
	cmd.Flags().StringVar(&f.dir, "dir", "packetspec-fuzz", "the `folder` of the findings")
	return cmd
}

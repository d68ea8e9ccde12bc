package main

import (
	"github.com/spf13/cobra"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/mutant"
	"github.com/packetspec/packetspec/conformance/mutants"
	"github.com/packetspec/packetspec/conformance/spec"
)

// explainFaults tells of the faults that break a requirement, as they were recorded.
func explainFaults(cmd *cobra.Command, requirement string) error {
	r, err := mutants.Recorded()
	if err != nil {
		return &statusError{statusNot, err}
	}
	faults := r.Of(requirement)
	if len(faults) == 0 {
		return nil
	}
	cmd.Printf("\nfaults that break it, and the scenarios that find them:\n")
	for _, f := range faults {
		cmd.Printf("  %s: %s\n", f.Name, f.Text)
		printKills(cmd, f)
	}
	return nil
}

// explainFault tells of one fault.
func explainFault(cmd *cobra.Command, s *spec.Spec, f mutant.Fault) error {
	record, err := mutants.Recorded()
	if err != nil {
		return &statusError{statusNot, err}
	}
	cmd.Printf("%s\n%s\n", f.Name, f.Text)
	if q, found := s.Requirement(f.Requirement); found {
		cmd.Printf("\nit breaks %s (%s; %s)\n%s\n", q.ID, q.Level, q.Source, q.Text)
	}
	if recorded, found := record.Fault(f.Name); found {
		cmd.Printf("\nscenarios of %s that find it:\n", f.Requirement)
		printKills(cmd, recorded)
	}
	flags := ""
	if f.Later() {
		flags = " --dialect " + conformance.LaterDialect
	}
	cmd.Printf("\nsee it found: %s -- %s adapter --fault %s\n", runCommand("^"+f.Requirement+"$", flags, nil), self(), f.Name)
	return nil
}

func printKills(cmd *cobra.Command, f mutants.RecordedFault) {
	for _, id := range f.Scenarios {
		cmd.Printf("    %s\n", id)
	}
	if f.Verdict != mutants.Killed {
		cmd.Printf("    the verdict: %s\n", f.Verdict)
	}
	if f.Others > 0 {
		cmd.Printf("    and %d scenarios of other requirements\n", f.Others)
	}
}

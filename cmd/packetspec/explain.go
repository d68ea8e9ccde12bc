package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/mutant"
	"github.com/packetspec/packetspec/conformance/mutants"
	"github.com/packetspec/packetspec/conformance/spec"
)

func newExplain() *cobra.Command {
	return &cobra.Command{
		Use: "explain ID", Short: "Explain a requirement, a scenario or a fault", Args: cobra.ExactArgs(1),
		Long: `Prints a requirement's text, the scenarios that test it and the faults that they
find; or a scenario's steps and the requirements that it tests; or what a fault of
packetspec mutants breaks, and what finds it.`,
		ValidArgsFunction: completeID,
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := specification()
			if err != nil {
				return err
			}
			id := args[0]
			if r, found := s.Requirement(strings.ToUpper(id)); found {
				return explainRequirement(cmd, s, r)
			}
			if sc, found := s.Scenario(id); found {
				explainScenario(cmd, s, sc)
				return nil
			}
			for _, f := range mutant.Faults() {
				if f.Name == id {
					return explainFault(cmd, s, f)
				}
			}
			return fmt.Errorf("there is no requirement, scenario or fault %q%s", id, topicIDs(s, id))
		},
	}
}

func explainRequirement(cmd *cobra.Command, s *spec.Spec, r spec.Requirement) error {
	cmd.Printf("%s (%s; %s)\n%s\n", r.ID, r.Level, r.Source, r.Text)
	for _, sc := range s.Testing(r.ID) {
		cmd.Println()
		printScenario(cmd, sc)
	}
	if err := explainFaults(cmd, r.ID); err != nil {
		return err
	}
	cmd.Printf("\nrun them: %s\n", runCommand("^"+r.ID+"$", "", nil))
	return nil
}

func explainScenario(cmd *cobra.Command, s *spec.Spec, sc spec.Scenario) {
	printScenario(cmd, sc)
	for _, id := range sc.Requirements {
		if r, found := s.Requirement(id); found {
			cmd.Printf("\n%s (%s; %s)\n%s\n", r.ID, r.Level, r.Source, r.Text)
		}
	}
	cmd.Printf("\nrun it: %s\n", runCommand("^"+sc.ID+"$", "", nil))
}

func printScenario(cmd *cobra.Command, sc spec.Scenario) {
	cmd.Printf("%s\n  %s:%d %s\n", sc.ID, sc.File, sc.Line, strings.Join(sc.Tags, " "))
	for _, step := range sc.Steps {
		cmd.Printf("    %s\n", step)
	}
}

// topicIDs names the requirements of the same topic as a mistyped id.
func topicIDs(s *spec.Spec, id string) string {
	topic, _, _ := strings.Cut(strings.ToUpper(id), "-")
	var ids []string
	for _, r := range s.Requirements {
		if r.Topic() == topic {
			ids = append(ids, r.ID)
		}
	}
	if ids == nil {
		return "; packetspec list shows all"
	}
	return "; there are " + strings.Join(ids, ", ")
}

func completeID(_ *cobra.Command, _ []string, prefix string) ([]string, cobra.ShellCompDirective) {
	s, err := specification()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var ids []string
	for _, r := range s.Requirements {
		ids = append(ids, r.ID)
	}
	for _, sc := range s.Scenarios {
		ids = append(ids, sc.ID)
	}
	for _, f := range mutant.Faults() {
		ids = append(ids, f.Name)
	}
	ids = slices.DeleteFunc(ids, func(id string) bool { return !strings.HasPrefix(id, prefix) })
	return ids, cobra.ShellCompDirectiveNoFileComp
}

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

package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/mutant"
	"github.com/packetspec/packetspec/conformance/mutants"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/internal/hint"
	"github.com/packetspec/packetspec/internal/nearest"
	"github.com/packetspec/packetspec/internal/words"
)

func newExplain() *cobra.Command {
	return &cobra.Command{
		Use: "explain ID", Short: "Explain a requirement, a scenario, a feature or a fault",
		Long: `Prints the text of a requirement, the scenarios that test it and the faults that they
detect; or the steps of a scenario and the requirements that it tests; or the scenarios
of a feature; or what a fault breaks and which scenarios detect it. A feature is named by
its file, such as tags, or by its title.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return hint.Add(errors.New("explain takes one ID, of a requirement, a scenario, a feature or a fault"), "packetspec list shows requirements and scenarios; packetspec mutants --list, faults")
			}
			return nil
		},
		ValidArgsFunction: completeID,
		RunE: atOnce(withSpecification(func(cmd *cobra.Command, s *spec.Spec, args []string) error {
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
			if scenarios := featureNamed(s, id); scenarios != nil {
				explainFeature(cmd, s, scenarios)
				return nil
			}
			return hint.Add(fmt.Errorf("there is no requirement, scenario, feature or fault %q", id), "packetspec explain %s", nearestID(s, id))
		})),
	}
}

func explainRequirement(cmd *cobra.Command, s *spec.Spec, r spec.Requirement) error {
	cmd.Printf("%s (%s; %s)\n%s\n", r.ID, r.Level, r.Source, r.Text)
	for _, sc := range s.Testing(r.ID) {
		cmd.Println()
		printScenario(cmd, sc)
	}
	record, err := mutants.Recorded()
	if err != nil {
		return &statusError{statusNot, err}
	}
	for i, f := range record.FaultsOf(r.ID) {
		if i == 0 {
			cmd.Printf("\nfaults that break it, and the scenarios that detect them:\n")
		}
		cmd.Printf("  %s: %s\n", f.Name, f.Text)
		printDetections(cmd, f)
	}
	cmd.Printf("\nrun them: %s\n", testCommand([]string{"--run", "^" + r.ID + "$"}, nil))
	return nil
}

func explainScenario(cmd *cobra.Command, s *spec.Spec, sc spec.Scenario) {
	printScenario(cmd, sc)
	for _, id := range sc.Requirements {
		if r, found := s.Requirement(id); found {
			cmd.Printf("\n%s (%s; %s)\n%s\n", r.ID, r.Level, r.Source, r.Text)
		}
	}
	cmd.Printf("\nrun it: %s\n", testCommand([]string{"--run", "^" + sc.ID + "$"}, nil))
}

// featureNamed returns the scenarios of the feature with a name: its title, or that of its file, with
// or without the number and the extension, in any case.
func featureNamed(s *spec.Spec, name string) (scenarios []spec.Scenario) {
	for _, sc := range s.Scenarios {
		number, _, _ := strings.Cut(sc.File, "-")
		file := strings.TrimSuffix(sc.File, ".feature")
		for _, known := range []string{sc.Feature, featureOf(sc), file, sc.File, strings.TrimPrefix(sc.File, number+"-")} {
			if strings.EqualFold(known, name) {
				scenarios = append(scenarios, sc)
				break
			}
		}
	}
	return scenarios
}

// featureOf returns the name of a scenario's feature, with which the ids of its scenarios begin.
func featureOf(sc spec.Scenario) string {
	feature, _, _ := strings.Cut(sc.ID, "/")
	return feature
}

func explainFeature(cmd *cobra.Command, s *spec.Spec, scenarios []spec.Scenario) {
	cmd.Printf("%s\n  %s, %s\n", scenarios[0].Feature, scenarios[0].File, words.Count(len(scenarios), "scenario"))
	for _, r := range newListing(s, scenarios).Requirements {
		cmd.Printf("\n%s (%s; %s)\n%s\n", r.ID, r.Level, r.Source, r.Text)
		for _, id := range r.Scenarios {
			cmd.Printf("    %s\n", id)
		}
	}
	cmd.Printf("\nrun them: %s\n", testCommand([]string{"--run", "^" + featureOf(scenarios[0]) + "/"}, nil))
}

func printScenario(cmd *cobra.Command, sc spec.Scenario) {
	cmd.Printf("%s\n  %s:%d %s\n", sc.ID, sc.File, sc.Line, strings.Join(sc.Tags, " "))
	for _, step := range sc.Steps {
		cmd.Printf("    %s\n", strings.ReplaceAll(step, "\n", "\n    "))
	}
}

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
		cmd.Printf("\nscenarios of %s that detect it:\n", f.Requirement)
		printDetections(cmd, recorded)
	}
	flags := []string{"--run", "^" + f.Requirement + "$"}
	if f.Later() {
		flags = append(flags, "--dialect", conformance.LaterDialect)
	}
	cmd.Printf("\nrun them: %s -- %s adapter --fault %s\n", testCommand(flags, nil), self(), f.Name)
	return nil
}

func printDetections(cmd *cobra.Command, f mutants.RecordedFault) {
	for _, id := range f.Scenarios {
		cmd.Printf("    %s\n", id)
	}
	if f.Verdict != mutants.Detected {
		cmd.Printf("    the verdict: %s\n", f.Verdict)
	}
	if f.Others > 0 {
		cmd.Printf("    and %s of other requirements\n", words.Count(f.Others, "scenario"))
	}
}

// nearestID returns the id that is most like one that does not exist, in whatever case that
// is written.
func nearestID(s *spec.Spec, id string) string {
	ids := allIDs(s)
	lower := make([]string, len(ids))
	for i := range ids {
		lower[i] = strings.ToLower(ids[i])
	}
	for _, sc := range s.Scenarios { // a feature has a title too
		lower, ids = append(lower, strings.ToLower(sc.Feature)), append(ids, featureOf(sc))
	}
	return ids[slices.Index(lower, nearest.Names(strings.ToLower(id), lower, 1)[0])]
}

// allIDs returns the ids of all that explain explains.
func allIDs(s *spec.Spec) (ids []string) {
	for _, r := range s.Requirements {
		ids = append(ids, r.ID)
	}
	for _, sc := range s.Scenarios {
		ids = append(ids, sc.ID)
	}
	for _, sc := range s.Scenarios {
		if feature := featureOf(sc); !slices.Contains(ids, feature) {
			ids = append(ids, feature)
		}
	}
	for _, f := range mutant.Faults() {
		ids = append(ids, f.Name)
	}
	return ids
}

func completeID(_ *cobra.Command, _ []string, prefix string) ([]string, cobra.ShellCompDirective) {
	s, err := specification()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	ids := slices.DeleteFunc(allIDs(s), func(id string) bool { return !strings.HasPrefix(id, prefix) })
	return ids, cobra.ShellCompDirectiveNoFileComp
}

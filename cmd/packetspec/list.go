package main

import (
	"cmp"
	"slices"

	"github.com/spf13/cobra"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/internal/words"
)

func newList() *cobra.Command {
	var (
		format string
		filter conformance.Filter
	)
	cmd := &cobra.Command{
		Use: "list", Short: "List requirements and the scenarios that test them", Args: noArguments,
		RunE: atOnce(withSpecification(func(cmd *cobra.Command, s *spec.Spec, _ []string) error {
			if err := cmp.Or(oneOf("--format", format, "text", "json"), oneOf("--dialect", filter.Dialect, slices.Concat(conformance.Dialects, []string{conformance.AnyDialect})...)); err != nil {
				return err
			}
			selected, err := filter.Select(s)
			if err != nil {
				return err
			}
			l := newListing(s, selected)
			if format == "json" {
				return report.WriteJSON(cmd.OutOrStdout(), l)
			}
			for _, r := range l.Requirements {
				cmd.Printf("%s (%s) %s\n", r.ID, r.Level, r.Text)
				for _, id := range r.Scenarios {
					cmd.Printf("    %s\n", id)
				}
			}
			cmd.Printf("%s, %s\n", words.Count(len(l.Requirements), "requirement"), words.Count(len(selected), "scenario"))
			return nil
		})),
	}
	cmd.Flags().StringVar(&format, "format", "text", "text or json")
	filterFlags(cmd, &filter, conformance.AnyDialect)
	return cmd
}

type listing struct {
	Requirements []listedRequirement `json:"requirements"`
}

type listedRequirement struct {
	ID        string     `json:"id"`
	Level     spec.Level `json:"level"`
	Source    string     `json:"source"`
	Text      string     `json:"text"`
	Scenarios []string   `json:"scenarios"`
}

// newListing lists the requirements that the selected scenarios test.
func newListing(s *spec.Spec, selected []spec.Scenario) listing {
	var l listing
	for _, r := range s.Requirements {
		var ids []string
		for _, sc := range selected {
			if slices.Contains(sc.Requirements, r.ID) {
				ids = append(ids, sc.ID)
			}
		}
		if ids != nil {
			l.Requirements = append(l.Requirements, listedRequirement{r.ID, r.Level, r.Source, r.Text, ids})
		}
	}
	return l
}

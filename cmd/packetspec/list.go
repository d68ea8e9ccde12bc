package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
)

func newList() *cobra.Command {
	var (
		format string
		filter conformance.Filter
	)
	cmd := &cobra.Command{
		Use: "list", Short: "List requirements and scenarios", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := specification()
			if err != nil {
				return err
			}
			selected, err := filter.Select(s)
			if err != nil {
				return err
			}
			l := newListing(s, selected)
			switch format {
			case "text":
				l.print(cmd)
				return nil
			case "json":
				return report.WriteJSON(cmd.OutOrStdout(), l)
			}
			return fmt.Errorf("--format %q is neither text nor json", format)
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", "text or json")
	filterFlags(cmd, &filter, conformance.AnyDialect)
	return cmd
}

// filterFlags are the flags that select scenarios, by default of the dialect given.
func filterFlags(cmd *cobra.Command, f *conformance.Filter, dialect string) {
	cmd.Flags().StringVar(&f.Run, "run", "", "only scenarios whose id, name or requirement matches this regular `expression`")
	cmd.Flags().StringVar(&f.Dialect, "dialect", dialect, "the `dialect` of the implementation: 2021, the specification's own, or 2024, that of the original's last release; list takes any for both")
	cmd.Flags().StringVar(&f.Tags, "tags", "", "only scenarios whose tags satisfy this `expression`, like: @must and not @EQ-1")
}

type listing struct {
	Requirements []listed `json:"requirements"`
}

type listed struct {
	ID        string     `json:"id"`
	Level     spec.Level `json:"level"`
	Source    string     `json:"source"`
	Text      string     `json:"text"`
	Scenarios []string   `json:"scenarios"`
}

// newListing lists the requirements that the selected scenarios test.
func newListing(s *spec.Spec, selected []spec.Scenario) listing {
	var l listing
	testing := map[string][]string{}
	for _, sc := range selected {
		for _, id := range sc.Requirements {
			testing[id] = append(testing[id], sc.ID)
		}
	}
	for _, r := range s.Requirements {
		if scenarios := testing[r.ID]; scenarios != nil {
			l.Requirements = append(l.Requirements, listed{r.ID, r.Level, r.Source, r.Text, scenarios})
		}
	}
	return l
}

func (l listing) print(cmd *cobra.Command) {
	count := map[string]bool{}
	for _, r := range l.Requirements {
		cmd.Printf("%s (%s) %s\n", r.ID, r.Level, r.Text)
		for _, id := range r.Scenarios {
			cmd.Printf("    %s\n", id)
			count[id] = true
		}
	}
	cmd.Printf("%d requirements, %d scenarios\n", len(l.Requirements), len(count))
}

package main

import (
	"encoding/json"
	"errors"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/mutant"
	"github.com/packetspec/packetspec/conformance/mutants"
)

// mutantArgs are the arguments of this command that make a mutant.
func mutantArgs(as mutants.Make) []string {
	args := []string{"adapter", "--fault", noFault}
	if as.Fault != "" {
		args[2] = as.Fault
	}
	if as.Later {
		args = append(args, "--dialect", conformance.LaterDialect)
	}
	return args
}

// listFaults lists faults, as a table or as JSON.
func listFaults(cmd *cobra.Command, faults []mutant.Fault, format string) error {
	type listed struct {
		Name        string `json:"name"`
		Requirement string `json:"requirement"`
		Text        string `json:"text"`
	}
	var all []listed
	for _, f := range faults {
		all = append(all, listed{f.Name, f.Requirement, f.Text})
		if format == "text" {
			cmd.Printf("%-6s %s: %s\n", f.Requirement, f.Name, f.Text)
		}
	}
	if format == "text" {
		cmd.Printf("faults: %d\n", len(faults))
		return nil
	}
	e := json.NewEncoder(cmd.OutOrStdout())
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(all)
}

func writeRecord(file string, r *mutants.Record) (err error) {
	w, err := os.Create(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	if strings.HasSuffix(file, ".md") {
		return r.Page(w)
	}
	return r.JSON(w)
}

// checkRecord holds a matrix against the record.
func checkRecord(cmd *cobra.Command, m *mutants.Matrix) error {
	r, err := mutants.Recorded()
	if err != nil {
		return &statusError{statusNot, err}
	}
	falls := r.Falls(m)
	for _, fall := range falls {
		cmd.PrintErrf("fallen: %s\n", fall)
	}
	if len(falls) > 0 || len(m.Alarms) > 0 || m.NotRun > 0 {
		return &statusError{status: statusNot}
	}
	return nil
}

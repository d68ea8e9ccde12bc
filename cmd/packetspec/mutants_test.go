package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/packetspec/packetspec/conformance/mutants"
)

// TestMutantsStatus ends the command with status 1 for a fault that survives, and for a
// requirement that detects none; with --check only if the record is better.
func TestMutantsStatus(t *testing.T) {
	const known = "eof-twice" // which the record has as detected
	detected := mutants.FaultResult{Name: known, Requirement: "EOS-4", Verdict: mutants.Detected}
	planted := mutants.FaultResult{Name: "planted", Requirement: "EOS-4", Text: "it is planted", Verdict: mutants.Survived}
	worse := mutants.FaultResult{Name: known, Requirement: "EOS-4", Verdict: mutants.Survived}
	full, half := mutants.Score{Hit: 1, Total: 1}, mutants.Score{Hit: 1, Total: 2}
	for name, c := range map[string]struct {
		table  mutants.Table
		check  bool
		status int
		text   string
	}{
		"all detected":                 {mutants.Table{Faults: []mutants.FaultResult{detected}, Scores: mutants.Scores{Faults: full}}, false, 0, "1 of 1 (100.0 %)"},
		"a planted survivor":           {mutants.Table{Faults: []mutants.FaultResult{detected, planted}, Scores: mutants.Scores{Faults: half}}, false, 1, "SURVIVED  planted (EOS-4): it is planted"},
		"never detected":               {mutants.Table{Faults: []mutants.FaultResult{detected, planted}, Scores: mutants.Scores{Faults: half}}, true, 0, ""},
		"not detected any more":        {mutants.Table{Faults: []mutants.FaultResult{worse}}, true, 1, "worse: " + known},
		"a gap":                        {mutants.Table{Whole: true, Faults: []mutants.FaultResult{detected}, Scores: mutants.Scores{Faults: full, Requirements: half}}, false, 1, "1 of 2 (50.0 %)"},
		"a false positive":             {mutants.Table{Faults: []mutants.FaultResult{detected}, Scores: mutants.Scores{Faults: full}, FalsePositives: []mutants.Detection{{Scenario: "a/b", Outcome: "fail"}}}, false, 1, "FALSE POSITIVE a/b: the outcome is fail"},
		"a false positive, by --check": {mutants.Table{Faults: []mutants.FaultResult{detected}, FalsePositives: []mutants.Detection{{Scenario: "a/b", Outcome: "fail"}}}, true, 1, "FALSE POSITIVE a/b: the outcome is fail"},
		"interrupted":                  {mutants.Table{Faults: []mutants.FaultResult{detected}, Scores: mutants.Scores{Faults: full}, NotRun: 3}, false, 1, "3 more were not run"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			cmd := &cobra.Command{}
			cmd.SetContext(t.Context())
			cmd.SetOut(&out)
			cmd.SetErr(&out)
			flags := mutantsFlags{format: "text", check: c.check}
			err := flags.report(cmd, &c.table)
			var se *statusError
			if got := err != nil; got != (c.status == 1) || got && (!errors.As(err, &se) || se.status != 1) {
				t.Errorf("got %v, expected the status %d", err, c.status)
			}
			if !strings.Contains(out.String(), c.text) {
				t.Errorf("expected %q in\n%s", c.text, &out)
			}
		})
	}
}

package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/packetspec/packetspec/conformance/mutants"
)

// TestMutantsStatus ends the command by status 1 for a fault that survives, and for a
// requirement that kills none; with --check only if that was not so before.
func TestMutantsStatus(t *testing.T) {
	const known = "eof-twice" // which the record has as killed
	killed := mutants.Tried{Name: known, Requirement: "EOS-4", Verdict: mutants.Killed}
	planted := mutants.Tried{Name: "planted", Requirement: "EOS-4", Text: "it is planted", Verdict: mutants.Survives}
	fallen := mutants.Tried{Name: known, Requirement: "EOS-4", Verdict: mutants.Survives}
	full, half := mutants.Score{Is: 1, Of: 1}, mutants.Score{Is: 1, Of: 2}
	for name, c := range map[string]struct {
		matrix mutants.Matrix
		check  bool
		status int
		told   string
	}{
		"all is killed":        {mutants.Matrix{Faults: []mutants.Tried{killed}, Scores: mutants.Scores{Faults: full}}, false, 0, "1 of 1 (100.0 %)"},
		"a planted survivor":   {mutants.Matrix{Faults: []mutants.Tried{killed, planted}, Scores: mutants.Scores{Faults: half}}, false, 1, "SURVIVES planted (EOS-4): it is planted"},
		"it was never killed":  {mutants.Matrix{Faults: []mutants.Tried{killed, planted}, Scores: mutants.Scores{Faults: half}}, true, 0, ""},
		"one that was killed":  {mutants.Matrix{Faults: []mutants.Tried{fallen}}, true, 1, "fallen: " + known},
		"no kill":              {mutants.Matrix{Whole: true, Faults: []mutants.Tried{killed}, Scores: mutants.Scores{Faults: full, Requirements: half}}, false, 1, "1 of 2 (50.0 %)"},
		"an alarm":             {mutants.Matrix{Faults: []mutants.Tried{killed}, Scores: mutants.Scores{Faults: full}, Alarms: []mutants.Kill{{Scenario: "a/b", Outcome: "fail"}}}, false, 1, "ALARM    a/b"},
		"an alarm, by --check": {mutants.Matrix{Faults: []mutants.Tried{killed}, Alarms: []mutants.Kill{{Scenario: "a/b", Outcome: "fail"}}}, true, 1, "ALARM    a/b"},
		"interrupted":          {mutants.Matrix{Faults: []mutants.Tried{killed}, Scores: mutants.Scores{Faults: full}, NotRun: 3}, false, 1, "3 more were not run"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			cmd := &cobra.Command{}
			cmd.SetOut(&out)
			cmd.SetErr(&out)
			flags := mutantsFlags{format: "text", check: c.check}
			err := flags.tell(cmd, &c.matrix)
			var se *statusError
			if got := err != nil; got != (c.status == 1) || got && (!errors.As(err, &se) || se.status != 1) {
				t.Errorf("got %v, expected the status %d", err, c.status)
			}
			if !strings.Contains(out.String(), c.told) {
				t.Errorf("expected %q in\n%s", c.told, &out)
			}
		})
	}
}

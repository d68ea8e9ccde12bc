package report_test

import (
	"io"
	"testing"

	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
)

// One of the subjects is tested against a later specification, with more requirements.
func TestMatrix(t *testing.T) {
	old := &report.Results{
		Suite: report.Suite{Requirements: []report.Requirement{
			{ID: "A-1", Level: spec.Must}, {ID: "A-2", Level: spec.Should}, {ID: "C-1", Level: spec.Must},
		}},
		Subject: report.Subject{Name: "subject", Release: "1.0"},
		Results: []report.Result{
			{Requirements: []string{"A-1"}, Level: spec.Must, Outcome: report.Pass},
			{Requirements: []string{"A-2"}, Level: spec.Should, Outcome: report.Skip},
			{Requirements: []string{"C-1"}, Level: spec.Must, Outcome: report.Pass},
		},
	}
	old.Summarize()
	now := every()
	now.Suite.Requirements = append(now.Suite.Requirements, report.Requirement{ID: "C-1", Level: spec.Must})
	now.Results = append(now.Results, report.Result{Requirements: []string{"C-1"}, Level: spec.Must, Outcome: report.Pass})
	now.Summarize()
	golden(t, "matrix.golden", func(w io.Writer) error { return report.Matrix(w, []*report.Results{old, now}) })
}

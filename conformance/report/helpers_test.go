package report_test

import (
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/packetspec/packetspec/conformance/profile"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
)

var update = flag.Bool("update", false, "write the golden files of testdata anew")

func check[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, expected %v", what, got, want)
	}
}

// golden compares what write writes with a file of testdata.
func golden(t *testing.T, file string, write func(io.Writer) error) {
	t.Helper()
	var got bytes.Buffer
	if err := write(&got); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", file)
	if *update {
		if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("got\n%s\nexpected, as in %s (go test -update rewrites it):\n%s", &got, path, want)
	}
}

// every returns results with each outcome and of each level.
func every() *report.Results {
	r := &report.Results{
		Suite: report.Suite{Version: "1.2", Requirements: []report.Requirement{
			{ID: "A-1", Level: spec.Must, Text: "It is so."},
			{ID: "A-2", Level: spec.Should, Text: "A requirement whose text is long enough to be wrapped where a line would " +
				"otherwise be longer than a screen is wide, which is the case for this one."},
			{ID: "B-1", Level: spec.May, Text: "It may be so."},
		}},
		Subject: report.Subject{Name: "subject", Release: "3.4", Language: "Go"},
		Run: report.Setting{
			Began: time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC), Dialect: "2021", Counting: report.CountMust,
			Command: "./adapter", Flags: []string{"--profile", "connection"}, Host: report.Host{Name: "host", OS: "linux", Arch: "amd64", CPUs: 2},
		},
		Profile: profile.Connection,
		Lacking: []string{"tick"},
		Elapsed: 1234567 * time.Microsecond,
		Notes:   []string{"the adapter did not exit"},
		Results: []report.Result{
			{
				ID: "a/passes", Feature: "A", Scenario: "passes", Requirements: []string{"A-1"},
				Level: spec.Must, Outcome: report.Pass, DurationMS: 1.5,
			},
			{
				ID: "a/fails", Feature: "A", Scenario: "fails", Requirements: []string{"A-1", "A-2"},
				Level: spec.Must, Outcome: report.Fail, DurationMS: 20,
				Step: `the subject sends 02 01 04 (response: tag 1, ok)`, Expected: "02 01 04 (response: tag 1, ok)",
				Actual: "02 02 04 (response: tag 2, ok)", Wire: []string{"peer     03 01 02 01", "subject  02 02 04"},
				Stderr: "one\ntwo\n", Again: "packetspec test --run '^a/fails$'",
			},
			{
				ID: "a/times-out", Feature: "A", Scenario: "times out", Requirements: []string{"A-2"},
				Level: spec.Should, Outcome: report.Timeout, DurationMS: 5000,
				Step: "it is so", Expected: "a packet", Actual: "nothing within 5s",
			},
			{
				ID: "b/crashes", Feature: "B", Scenario: "crashes", Requirements: []string{"B-1"},
				Level: spec.May, Outcome: report.Crash, DurationMS: 0.25, Reason: "the adapter ended its output;\nexit status 7",
			},
			{
				ID: "b/skips", Feature: "B", Scenario: "skips", Requirements: []string{"B-1"},
				Level: spec.May, Outcome: report.Skip, Reason: `the adapter does not support "tick"`, Lacks: "tick",
			},
			{
				ID: "b/skips-too", Feature: "B", Scenario: "skips too", Requirements: []string{"B-1"},
				Level: spec.May, Outcome: report.Skip, Reason: `the adapter does not support "tick"`, Lacks: "tick",
			},
			{
				ID: "b/flakes", Feature: "B", Scenario: "flakes", Requirements: []string{"A-2"},
				Level: spec.Should, Outcome: report.Flaky, Runs: report.Tally{report.Pass: 3, report.Fail: 1}, DurationMS: 2,
				Step: "it is so", Expected: "yes", Actual: "no", Seed: 7, Again: "packetspec test --seed 7",
			},
			{
				ID: "b/is-known", Feature: "B", Scenario: "is known", Requirements: []string{"A-2"},
				Level: spec.Should, Outcome: report.Known, Reason: "it never was", Step: "it is so", Expected: "yes", Actual: "no",
			},
			{
				ID: "b/is-fixed", Feature: "B", Scenario: "is fixed", Requirements: []string{"A-1"},
				Level: spec.Must, Outcome: report.Fixed, Reason: "take it off the list",
			},
		},
	}
	r.Summarize()
	return r
}

// of returns results of one level with these outcomes.
func of(level spec.Level, outcomes ...report.Outcome) *report.Results {
	r := &report.Results{}
	for _, o := range outcomes {
		r.Results = append(r.Results, report.Result{ID: "a/" + string(o), Level: level, Outcome: o, Requirements: []string{"A-1"}})
	}
	r.Summarize()
	return r
}

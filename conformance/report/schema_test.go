package report_test

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/packetspec/packetspec/conformance/record"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/internal/schematest"
)

// text returns the JSON form of results.
func text(t *testing.T, r *report.Results) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := r.JSON(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// whole returns results that use every field.
func whole() *report.Results {
	r := every()
	r.Format, r.Suite.Commit, r.Suite.Specification = report.Format, "0123456789ab", "1.0"
	r.Suite.Scenarios = 732
	r.Run.Seed, r.Run.Shards = 7, []string{"1/2"}
	r.Warnings = []string{"w"}
	r.OutsideProfile, r.NotRun, r.NotRunBecause, r.GivenUp, r.Interrupted = 1, 1, "x", "x", "SIGINT"
	r.Unfinished = []report.Unfinished{{ID: "a/b", Feature: "A", Requirements: []string{"A-1"}, Level: spec.Must, Running: 5}}
	one := &r.Results[1]
	one.File, one.Line, one.Listed, one.Reason, one.Lacks, one.Refused, one.Unmet, one.Bundle, one.Seed = "a.feature", 3, "k:1", "r", "tick", "ticks", "known", "bundles/a.b", 7
	one.Runs = report.Tally{report.Fail: 2}
	one.Events = []record.Event{
		{At: 5, Conn: 1, From: record.Peer, Octets: record.Octets{3, 0, 2, 0}, Omitted: 1, Skipped: 2},
		{From: record.Runner, Text: "{}"},
	}
	return r
}

// Results are as the published schema says, and use no field that it does not name.
func TestSchema(t *testing.T) {
	const file = "results.schema.json"
	open, closed := schematest.Open(t, file), schematest.Closed(t, file)
	for name, r := range map[string]*report.Results{"every field": whole(), "every outcome": every()} {
		for _, schema := range []schematest.Schema{open, closed} {
			if err := schema.Validate(text(t, r)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	later := bytes.Replace(text(t, every()), []byte("{"), []byte(`{"a_field_of_later": true,`), 1)
	if err := open.Validate(later); err != nil {
		t.Errorf("with a field of a later release: %v", err)
	}
	if err := closed.Validate(later); err == nil {
		t.Error("got no error for an unknown field, expected the closed schema to find it")
	}
}

// Every field that the schema names is in the JSON form.
func TestSchemaNamesNoOtherField(t *testing.T) {
	published, err := os.ReadFile("results.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	results := string(text(t, whole()))
	var schema map[string]any
	if err := json.Unmarshal(published, &schema); err != nil {
		t.Fatal(err)
	}
	var names func(value any)
	names = func(value any) {
		switch v := value.(type) {
		case map[string]any:
			if properties, ok := v["properties"].(map[string]any); ok {
				for name := range properties {
					if !strings.Contains(results, `"`+name+`":`) {
						t.Errorf("the schema names the field %q, which no result has", name)
					}
				}
			}
			for _, inner := range v {
				names(inner)
			}
		case []any:
			for _, inner := range v {
				names(inner)
			}
		}
	}
	names(schema)
}

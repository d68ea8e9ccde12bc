package doctor

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// TestSchema requires that the results are as the published schema says, and that it names every field.
func TestSchema(t *testing.T) {
	text, err := os.ReadFile("findings.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	closed := strings.ReplaceAll(string(text), `"properties": {`, `"additionalProperties": false, "properties": {`)
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(closed))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("findings.schema.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("findings.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var found findings
	for _, k := range Kinds() {
		found.add(k, detail{sent: "s", came: "c", more: "m"})
	}
	whole := Results{
		Adapter: "a", Subject: "s", Findings: found.all, Done: []string{"hello"}, Left: []string{"exit"},
		NotStarted: "n", Interrupted: "SIGINT", Notes: []string{"n"},
	}
	for _, r := range []Results{whole, {Findings: []Finding{}, Done: []string{}, Left: []string{}}} {
		line, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(string(line)))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value); err != nil {
			t.Error(err)
		}
	}
	if v := reflect.ValueOf(whole); v.NumField() != 8 || reflect.ValueOf(found.all[0]).NumField() != 9 {
		t.Error("a field was added: add it to the schema and to this test")
	}
}

// Package schematest checks JSON against the published schemas, for tests.
package schematest

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Check requires a JSON text to be as a schema says, and to use no field that it does not name. The schema is the file with
// this path.
func Check(t *testing.T, path string, text []byte) {
	t.Helper()
	schema, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	closed := strings.ReplaceAll(string(schema), `"properties": {`, `"additionalProperties": false, "properties": {`)
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(closed))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource(path, document); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile(path)
	if err != nil {
		t.Fatal(err)
	}
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	if err := compiled.Validate(instance); err != nil {
		t.Errorf("%v\nin %s", err, text)
	}
}

// Package schematest checks JSON against the published schemas, for tests.
package schematest

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// A Schema is a published schema.
type Schema struct{ compiled *jsonschema.Schema }

// Open reads the schema in the file with this path.
func Open(t *testing.T, path string) Schema {
	t.Helper()
	return open(t, path, func(text string) string { return text })
}

// Closed reads it as a schema that allows no field that it does not name.
func Closed(t *testing.T, path string) Schema {
	t.Helper()
	return open(t, path, func(text string) string {
		return strings.ReplaceAll(text, `"properties": {`, `"additionalProperties": false, "properties": {`)
	})
}

func open(t *testing.T, path string, edit func(string) string) Schema {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(edit(string(text))))
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
	return Schema{compiled}
}

// Validate returns how a JSON text differs from the schema, or nil.
func (s Schema) Validate(text []byte) error {
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return err
	}
	return s.compiled.Validate(instance)
}

// Check requires a JSON text to be as a schema says, and to use no field that it does not name. The schema is the file with
// this path.
func Check(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := Closed(t, path).Validate(text); err != nil {
		t.Errorf("%v\nin %s", err, text)
	}
}

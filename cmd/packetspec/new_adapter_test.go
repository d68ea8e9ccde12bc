package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/packetspec/packetspec/conformance/skeleton"
)

// TestNewAdapterSchema requires the output of new-adapter as JSON to be as its schema says, for every language.
func TestNewAdapterSchema(t *testing.T) {
	text, err := os.ReadFile("../../conformance/skeleton/schema.json")
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("schema.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, language := range skeleton.Names() {
		var stdout, stderr bytes.Buffer
		args := []string{"new-adapter", "--lang", language, "--format", "json", filepath.Join(t.TempDir(), "new")}
		if status := execute(t.Context(), args, strings.NewReader(""), &stdout, &stderr); status != statusConforms {
			t.Fatalf("status %d: %s", status, stderr.String())
		}
		value, err := jsonschema.UnmarshalJSON(&stdout)
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value); err != nil {
			t.Errorf("%s: %v", language, err)
		}
	}
}

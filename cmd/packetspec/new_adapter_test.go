package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/packetspec/packetspec/conformance/skeleton"
	"github.com/packetspec/packetspec/internal/schematest"
)

// TestNewAdapterSchema requires the output of new-adapter as JSON to be as its schema says, for every language.
func TestNewAdapterSchema(t *testing.T) {
	schema := schematest.Open(t, "../../conformance/skeleton/schema.json")
	for _, language := range skeleton.Names() {
		var stdout, stderr bytes.Buffer
		args := []string{"new-adapter", "--lang", language, "--format", "json", filepath.Join(t.TempDir(), "new")}
		if status := execute(t.Context(), args, strings.NewReader(""), &stdout, &stderr); status != statusConforms {
			t.Fatalf("status %d: %s", status, stderr.String())
		}
		if err := schema.Validate(stdout.Bytes()); err != nil {
			t.Errorf("%s: %v", language, err)
		}
	}
}

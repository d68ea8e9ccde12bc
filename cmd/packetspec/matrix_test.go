package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A file of results is not read beyond its bound.
func TestReadResultsBound(t *testing.T) {
	name := filepath.Join(t.TempDir(), "r.json")
	const results = `{"results":[],"suite":{"version":"1"}}`
	if err := os.WriteFile(name, []byte(results), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readResults(t.Context(), name, int64(len(results))); err != nil && strings.Contains(err.Error(), "longer than") {
		t.Errorf("at the bound: got the error %v", err)
	}
	_, err := readResults(t.Context(), name, int64(len(results))-1)
	if want := name + ": longer than 37 bytes, as no results of packetspec test --report json are"; err == nil || err.Error() != want {
		t.Errorf("above the bound: got the error %v, expected %q", err, want)
	}
}

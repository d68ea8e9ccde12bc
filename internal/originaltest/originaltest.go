// Package originaltest starts releases of the original, for tests that need one.
package originaltest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/packetspec/packetspec/conformance/adapter"
)

// required, in the environment, makes it a failure that a release is not installed.
const required = "PACKETSPEC_REQUIRE_ORIGINAL"

// Process is the adapter in dir, conformance/adapters/python-cs-packetstream, on a release
// that setup has installed there; without it the test is skipped.
func Process(t *testing.T, dir, release string) adapter.Process {
	t.Helper()
	if _, err := os.Stat(filepath.Join(dir, ".venv-"+release)); err != nil {
		if os.Getenv(required) != "" {
			t.Fatal(err)
		}
		t.Skipf("cs.packetstream %s is not installed: run %s %s", release, filepath.Join(dir, "setup"), release)
	}
	return adapter.Process{Argv: []string{filepath.Join(dir, "run"), release}}
}

// Package originaltest runs releases of the original as adapters, for tests.
package originaltest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/packetspec/packetspec/conformance/adapter"
)

// required is the environment variable that makes Process fail the test, not skip it, if
// the release is not installed.
const required = "PACKETSPEC_REQUIRE_ORIGINAL"

// Process describes the process that runs the adapter on a release. dir is the path of
// conformance/adapters/python-cs-packetstream. If setup has not installed the release
// there, Process skips the test.
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

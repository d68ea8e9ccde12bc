//go:build unix

package probe_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/known"
	"github.com/packetspec/packetspec/conformance/probe"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/conformance/steps"
	"github.com/packetspec/packetspec/features"
	"github.com/packetspec/packetspec/internal/subjecttest"
)

// TestOriginal probes a program of five lines with the original. It deviates as the list of its known
// deviations says, and in nothing else.
func TestOriginal(t *testing.T) {
	const dir, release = "../adapters/python-cs-packetstream", "20211208"
	if testing.Short() {
		t.Skip("it starts Python 60 times")
	}
	subjecttest.Original(t, dir, release)
	s, err := spec.Load(features.FS)
	if err != nil {
		t.Fatal(err)
	}
	scenarios, err := conformance.Filter{Tags: steps.OutsideTag}.Select(s)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "known-"+release+".txt")
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	list, err := known.Read(name, file, s)
	if err != nil {
		t.Fatal(err)
	}
	results, err := probe.Run{
		Series: conformance.Series{Run: conformance.Run{
			Spec: s, Scenarios: scenarios, Known: list, Parallel: 4, Timeout: 5 * time.Second, StartTime: 30 * time.Second,
		}},
		Target: &probe.Target{Argv: []string{filepath.Join(dir, ".venv-"+release, "bin", "python"), filepath.Join(dir, "server.py")}, Env: os.Environ()},
	}.Do(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !results.Conforms(true) {
		_ = results.Text(t.Output(), false)
		t.Error("it deviates differently from its list")
	}
}

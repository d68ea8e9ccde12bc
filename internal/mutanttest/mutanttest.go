// Package mutanttest makes the test binary that it is linked into the mutant's adapter, for
// tests that need the mutant as a process: it may die, and its standard error and memory
// can be seen.
package mutanttest

import (
	"context"
	"os"
	"testing"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/mutant"
)

// faultVariable, in its environment, makes the test binary an adapter of the mutant with
// that fault.
const faultVariable = "PACKETSPEC_TEST_FAULT"

// Main is what TestMain has to do: it runs the tests or, in a process that [Process]
// starts, is the adapter.
func Main(m *testing.M) {
	fault, asAdapter := os.LookupEnv(faultVariable)
	if !asAdapter {
		m.Run()
		return
	}
	impl, err := mutant.New(fault)
	if err == nil {
		err = adapter.Serve(context.Background(), impl, os.Stdin, os.Stdout)
	}
	if err != nil {
		panic(err)
	}
}

// environment is this process's at its start: godog sets variables while it runs.
var environment = os.Environ()

// Process starts this binary again as the mutant with a fault, or with none if it is
// empty. It fails the test if the binary cannot be found.
func Process(t *testing.T, fault string) adapter.Process {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	n := len(environment)
	return adapter.Process{Argv: []string{binary}, Env: append(environment[:n:n], faultVariable+"="+fault)}
}

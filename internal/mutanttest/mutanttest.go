// Package mutanttest runs the mutant as a separate process, for tests in which it may crash,
// or which inspect its standard error or its memory. The process is the test binary itself,
// started again as the mutant's adapter.
package mutanttest

import (
	"context"
	"os"
	"slices"
	"testing"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/mutant"
)

// faultVariable is the environment variable that makes the test binary run as an adapter of
// the mutant with the fault that it names.
const faultVariable = "PACKETSPEC_TEST_FAULT"

// Main runs the tests or, in a process that [Process] describes, the adapter. TestMain must
// call it and do nothing else.
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

// self describes this binary and its environment at the start of the process: godog sets
// variables while it runs.
var self, selfErr = adapter.Self()

// Process describes the process that runs the mutant with this fault, or without one if
// fault is empty. It fails the test if it cannot find the test binary.
func Process(t *testing.T, fault string) adapter.Process {
	t.Helper()
	if selfErr != nil {
		t.Fatal(selfErr)
	}
	return adapter.Process{Argv: self.Argv, Env: append(slices.Clip(self.Env), faultVariable+"="+fault)}
}

package mutant_test

import (
	"context"
	"os"
	"testing"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/mutant"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/features"
)

// faultVariable makes an adapter of the test binary, of the mutant with that fault.
const faultVariable = "PACKETSPEC_TEST_FAULT"

func TestMain(m *testing.M) {
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

// inProcess is the mutant with a fault inside this process.
func inProcess(t *testing.T, fault string) adapter.Starter {
	t.Helper()
	impl, err := mutant.New(fault)
	if err != nil {
		t.Fatal(err)
	}
	return adapter.InProcess{Implementation: impl}
}

// asProcess is the mutant with a fault as a process, which may die, and whose standard
// error can be seen.
func asProcess(t *testing.T, fault string) adapter.Starter {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return adapter.Process{Argv: []string{binary}, Env: append(os.Environ(), faultVariable+"="+fault)}
}

func loadSpec(t *testing.T) *spec.Spec {
	t.Helper()
	s, err := spec.Load(features.FS)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

package mutant_test

import (
	"testing"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/mutant"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/features"
	"github.com/packetspec/packetspec/internal/mutanttest"
)

func TestMain(m *testing.M) { mutanttest.Main(m) }

// inProcess is the mutant with a fault inside this process.
func inProcess(t *testing.T, fault string) adapter.Starter {
	t.Helper()
	impl, err := mutant.New(fault)
	if err != nil {
		t.Fatal(err)
	}
	return adapter.InProcess{Implementation: impl}
}

func loadSpec(t *testing.T) *spec.Spec {
	t.Helper()
	s, err := spec.Load(features.FS)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

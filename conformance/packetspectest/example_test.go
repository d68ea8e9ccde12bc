package packetspectest_test

import (
	"testing"

	"github.com/packetspec/packetspec/conformance/adapters/goreference"
	"github.com/packetspec/packetspec/conformance/packetspectest"
)

var t *testing.T // of the test function

// In a test of your own package, with your own implementation in place of the reference.
func ExampleRun() {
	packetspectest.Run(t, goreference.Implementation{})
}

// Known deviations are listed in a file, as for packetspec test --known.
func ExampleRun_known() {
	packetspectest.Run(t, goreference.Implementation{}, packetspectest.Known("testdata/known.txt"))
}

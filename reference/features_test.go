package reference_test

import (
	"os"
	"testing"
	"time"

	"github.com/packetspec/packetspec/conformance/adapters/goreference"
	"github.com/packetspec/packetspec/conformance/packetspectest"
	"github.com/packetspec/packetspec/reference"
)

// TestFeatures runs the specification inside this process. .ci/mutants runs it, without
// the other tests, against mechanical mutants of this package. So it stops at the first
// failure, and uses a small backlog, which a mutant that counts wrongly soon exceeds.
func TestFeatures(t *testing.T) {
	limit := time.Minute
	if os.Getenv("PACKETSPEC_MUTANTS") != "" {
		limit = 5 * time.Second // a mutant that hangs uses it up
	}
	packetspectest.Run(t, goreference.Implementation{Options: []reference.Option{reference.WithBacklog(2500 << 10)}},
		packetspectest.Strict(), packetspectest.FailFast(), packetspectest.Timeout(limit))
}

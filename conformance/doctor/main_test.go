package doctor

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/internal/subjecttest"
)

// plantedVariable is the environment variable that makes the test binary run as an adapter with the planted
// fault that it names.
const plantedVariable = "PACKETSPEC_TEST_PLANTED"

// TestMain runs the tests or, in a process that a test has started, an adapter.
func TestMain(m *testing.M) {
	if fault, asAdapter := os.LookupEnv(plantedVariable); asAdapter {
		quit(planted(fault))
	}
	subjecttest.Main(m)
}

// self describes this binary and its environment at the start of the process: godog sets variables while
// it runs.
var self, errSelf = adapter.Self()

// withFault describes the process that runs the adapter with a planted fault, or without one.
func withFault(t *testing.T, fault string) adapter.Process {
	t.Helper()
	if errSelf != nil {
		t.Fatal(errSelf)
	}
	return adapter.Process{Argv: self.Argv, Env: append(self.Env[:len(self.Env):len(self.Env)], plantedVariable+"="+fault)}
}

// checkup checks an adapter with the given patience.
func checkup(t *testing.T, s adapter.Starter, timeout time.Duration) *Results {
	t.Helper()
	r, err := Check(context.Background(), Options{Adapter: s, StartTime: startTime, Timeout: timeout, Dir: t.TempDir(), longPayload: 100 << 10})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// startTime is how long an adapter of a test may take to answer hello, where it answers.
const startTime = 20 * time.Second

// blamed returns the findings that blame the adapter alone.
func blamed(r *Results) (all []Finding) {
	for _, f := range r.Findings {
		if f.Blames == Adapter {
			all = append(all, f)
		}
	}
	return all
}

func textOf(findings []Finding) string {
	var out strings.Builder
	for _, f := range findings {
		out.WriteString(f.Text())
	}
	return out.String()
}

package conformance_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/adapters/goreference"
	"github.com/packetspec/packetspec/conformance/mutant"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/features"
)

// TestSockets runs the suite over Unix-domain sockets against both implementations. Every scenario passes
// that passes over pipes.
func TestSockets(t *testing.T) {
	s, scenarios := wholeSuite(t)
	second, err := mutant.New("")
	if err != nil {
		t.Fatal(err)
	}
	for name, impl := range map[string]adapter.Implementation{"reference": goreference.Implementation{}, "second": second} {
		t.Run(name, func(t *testing.T) {
			var sockets atomic.Int64
			counting := adapter.Func(func(ctx context.Context, in io.Reader, out io.Writer) error {
				return adapter.Serve(ctx, adapter.OverSockets(impl), io.TeeReader(in, opens(&sockets)), out)
			})
			r := realResults(t, conformance.Run{
				Spec: s, Scenarios: scenarios, Subject: counting, Parallel: 8, Timeout: 30 * time.Second, StartTime: 30 * time.Second,
			})
			for _, result := range r.Results {
				lack := adapter.Ability(result.Lacks)
				seesNoProcess := result.Outcome == report.Skip && lack == "" && strings.Contains(result.Reason, "the runner does not see")
				if result.Outcome != report.Pass && !seesNoProcess && (lack == "" || slices.Contains(impl.Hello().Supports, lack)) {
					t.Errorf("%s: %s", result.ID, r.Explain(result))
				}
			}
			if sockets.Load() < 500 {
				t.Errorf("%d connections were opened over sockets, expected one for most scenarios", sockets.Load())
			}
		})
	}
}

// wholeSuite returns the specification, and its scenarios of the main dialect.
func wholeSuite(t *testing.T) (*spec.Spec, []spec.Scenario) {
	t.Helper()
	s, err := spec.Load(features.FS)
	if err != nil {
		t.Fatal(err)
	}
	scenarios, err := conformance.Filter{}.Select(s)
	if err != nil {
		t.Fatal(err)
	}
	return s, scenarios
}

// opens returns a writer that counts the commands to open a socket. The runner writes whole lines.
func opens(sockets *atomic.Int64) io.Writer {
	return writerFunc(func(b []byte) (int, error) {
		sockets.Add(int64(strings.Count(string(b), `"socket":"`)))
		return len(b), nil
	})
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

// TestSocketNotConnected fails a subject that says that its connection is up, but has not connected to the
// socket.
func TestSocketNotConnected(t *testing.T) {
	s, scenarios := wholeSuite(t)
	pretends := adapter.Func(func(_ context.Context, in io.Reader, out io.Writer) error {
		for commands := json.NewDecoder(in); ; {
			var m adapter.Message
			if err := commands.Decode(&m); err != nil {
				return err
			}
			_, _ = fmt.Fprintf(out, `{"id":%d,"version":1,"name":"pretends","supports":["sockets"]}`+"\n", m.ID)
		}
	})
	one := slices.IndexFunc(scenarios, func(sc spec.Scenario) bool { return slices.Contains(sc.Requirements, "RSP-5") })
	r := realResults(t, conformance.Run{
		Spec: s, Scenarios: scenarios[one : one+1], Subject: pretends, Parallel: 1, Timeout: 30 * time.Second, StartTime: 30 * time.Second,
	})
	if got := r.Results[0]; got.Outcome != report.Fail || !strings.Contains(got.Actual, "has not connected to the socket") {
		t.Errorf("got %s: %s, expected a failure", got.Outcome, got.Actual)
	}
}

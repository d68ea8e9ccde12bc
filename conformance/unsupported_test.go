package conformance_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/adapters/goreference"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/features"
)

// without returns the reference's adapter, which replies unsupported to one command, and counts
// how often it does.
func without(op string, refused *atomic.Int64) adapter.Func {
	return func(ctx context.Context, commands io.Reader, replies io.Writer) error {
		kept, keep := io.Pipe()
		out := &locked{w: replies}
		go func() {
			for lines := bufio.NewReader(commands); ; {
				line, err := lines.ReadBytes('\n')
				if err != nil {
					_ = keep.Close()
					return
				}
				var m adapter.Message
				if json.Unmarshal(line, &m) == nil && m.Op == op {
					out.refuse(m.ID, refused)
					continue
				}
				_, _ = keep.Write(line)
			}
		}()
		return adapter.Serve(ctx, goreference.Implementation{}, kept, out)
	}
}

// locked is a writer for several goroutines, each of whose writes is whole lines.
type locked struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *locked) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}

func (l *locked) refuse(id int64, count *atomic.Int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	count.Add(1)
	_, _ = fmt.Fprintf(l.w, `{"id":%d,"error":{"kind":"unsupported","message":"not that"}}`+"\n", id)
}

// TestOneUnsupportedCommand skips the scenarios that need a command which the adapter does not
// support, and passes the others: none fails, and none waits for what cannot come.
func TestOneUnsupportedCommand(t *testing.T) {
	if testing.Short() {
		t.Skip("it runs the suite fourteen times, which takes minutes under the race detector")
	}
	s, err := spec.Load(features.FS)
	if err != nil {
		t.Fatal(err)
	}
	scenarios, err := conformance.Filter{Dialect: conformance.Dialects[0]}.Select(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, op := range []string{
		adapter.OpEncode, adapter.OpDecode, adapter.OpEqual, adapter.OpString, adapter.OpOpen, adapter.OpRequest, adapter.OpWait,
		adapter.OpDo, adapter.OpRelease, adapter.OpSeen, adapter.OpTicks, adapter.OpShutdown, adapter.OpJoin, adapter.OpClose,
	} {
		t.Run(op, func(t *testing.T) {
			var refused atomic.Int64
			r := realResults(t, conformance.Run{
				Spec: s, Scenarios: scenarios, Parallel: 8, Timeout: 10 * time.Second, StartTime: 10 * time.Second,
				Subject: without(op, &refused),
			})
			for _, result := range r.Results {
				if result.Outcome != report.Skip && result.Outcome != report.Pass {
					t.Errorf("%s: %s, at %q: expected %s, got %s %s", result.ID, result.Outcome, result.Step, result.Expected, result.Actual, result.Reason)
				}
			}
			if refused.Load() == 0 || r.Summary[report.Skip] == 0 || r.Summary[report.Pass] == 0 {
				t.Errorf("%d commands were unsupported: got %v, expected skips and passes", refused.Load(), r.Summary)
			}
		})
	}
}

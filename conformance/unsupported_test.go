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

// refusing returns the adapter of an implementation, except that it replies an error to those commands for
// which refuse returns its kind, and counts how often it does.
func refusing(impl adapter.Implementation, refuse func(adapter.Message) adapter.Kind, refused *atomic.Int64) adapter.Func {
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
				if json.Unmarshal(line, &m) == nil {
					if kind := refuse(m); kind != "" {
						out.refuse(m.ID, kind, refused)
						continue
					}
				}
				_, _ = keep.Write(line)
			}
		}()
		return adapter.Serve(ctx, impl, kept, out)
	}
}

// unsupportedIf returns what refuses the commands with certain names as unsupported.
func unsupportedIf(refuses func(op string) bool) func(adapter.Message) adapter.Kind {
	return func(m adapter.Message) adapter.Kind {
		if refuses(m.Op) {
			return adapter.Unsupported
		}
		return ""
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

func (l *locked) refuse(id int64, kind adapter.Kind, count *atomic.Int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	count.Add(1)
	_, _ = fmt.Fprintf(l.w, `{"id":%d,"error":{"kind":%q,"message":"not that"}}`+"\n", id, kind)
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
				Subject: refusing(goreference.Implementation{}, unsupportedIf(func(other string) bool { return other == op }), &refused),
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

// TestLateRefusal skips a scenario whose steps have passed before the adapter replies that it does not support
// one of its commands.
func TestLateRefusal(t *testing.T) {
	s, _ := wholeSuite(t)
	scenarios, err := conformance.Filter{Run: []string{"^shutdown/after-a-shutdown-(a-response-to|late-responses-are)"}}.Select(s)
	if err != nil {
		t.Fatal(err)
	}
	late := adapter.Func(func(ctx context.Context, commands io.Reader, replies io.Writer) error {
		kept, keep := io.Pipe()
		out := &locked{w: replies}
		go func() {
			defer func() { _ = keep.Close() }()
			var refused []int64
			for lines := bufio.NewReader(commands); ; {
				line, err := lines.ReadBytes('\n')
				if err != nil {
					return
				}
				var m adapter.Message
				_ = json.Unmarshal(line, &m)
				switch m.Op {
				case adapter.OpShutdown:
					refused = append(refused, m.ID)
					continue
				case adapter.OpClose: // its reply comes after the refusals
					for _, id := range refused {
						out.refuse(id, adapter.Unsupported, new(atomic.Int64))
					}
					refused = nil
				}
				_, _ = keep.Write(line)
			}
		}()
		return adapter.Serve(ctx, goreference.Implementation{}, kept, out)
	})
	r := realResults(t, conformance.Run{Spec: s, Scenarios: scenarios, Subject: late, Parallel: 1, Timeout: 10 * time.Second, StartTime: 10 * time.Second})
	for _, result := range r.Results {
		if result.Outcome != report.Skip || result.Lacks != adapter.OpShutdown {
			t.Errorf("%s: got %s for want of %q, expected a skip for want of shutdown", result.ID, result.Outcome, result.Lacks)
		}
	}
}

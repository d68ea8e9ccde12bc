package conformance_test

import (
	"bytes"
	"context"
	"io"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/adapters/goreference"
	"github.com/packetspec/packetspec/conformance/report"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/features"
)

// endless is the reference, except that its connections send the same octets for ever, and
// do nothing else.
type endless struct {
	goreference.Implementation
	octets string
	slowly bool // once every 20 ms
}

func (e endless) Open(recv io.ReadCloser, send io.WriteCloser, _ adapter.OpenOptions, _ adapter.Handler) (adapter.Connection, error) {
	go func() {
		octets := bytes.Repeat([]byte(e.octets), 4096)
		if e.slowly {
			octets = []byte(e.octets)
		}
		for {
			if e.slowly {
				<-time.After(20 * time.Millisecond)
			}
			if _, err := send.Write(octets); err != nil {
				return
			}
		}
	}()
	return flooding{recv, send}, nil
}

type flooding struct{ recv, send io.Closer }

func (flooding) Request(context.Context, adapter.Request) (adapter.Call, error) {
	return flooding{}, nil
}

func (flooding) Shutdown(bool) error   { return nil }
func (flooding) Join() (string, error) { return adapter.EndedEOF, nil }

func (flooding) Wait(context.Context) (adapter.Response, error) {
	return adapter.Response{Flags: "0"}, nil
}

func (f flooding) Close() error {
	_, _ = f.recv.Close(), f.send.Close()
	return nil
}

// TestEndless fails subjects that send without end, within the time limit of a scenario and
// in little memory.
func TestEndless(t *testing.T) {
	s, err := spec.Load(features.FS)
	if err != nil {
		t.Fatal(err)
	}
	scenarios, err := conformance.Filter{Run: []string{"^SHD-2$"}}.Select(s)
	if err != nil {
		t.Fatal(err)
	}
	for name, octets := range map[string]string{
		"answers": "\x02\x05\x04", "requests": "\x03\x05\x02\x01", "a length": "\x80", "a packet": "\xff\xff\xff\xff\x7f", "EOF": "\x03\x00\x02\x00",
	} {
		t.Run(name, func(t *testing.T) {
			r := realResults(t, conformance.Run{
				Spec: s, Scenarios: scenarios, Parallel: 4, Timeout: 500 * time.Millisecond, StartTime: 10 * time.Second,
				Subject: adapter.InProcess{Implementation: endless{octets: octets}},
			})
			for _, result := range r.Results {
				if result.Outcome != report.Fail && result.Outcome != report.Timeout {
					t.Errorf("%s: got the outcome %s, expected fail or timeout", result.ID, result.Outcome)
				}
				if text := r.Explain(result); len(text) > 40_000 {
					t.Errorf("%s: the explanation has %d bytes, expected at most 40000", result.ID, len(text))
				}
			}
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			if m.Sys > 2<<30 {
				t.Errorf("%d bytes of memory are in use", m.Sys)
			}
		})
	}
}

// TestTrickle ends scenarios in which the subject for ever sends a little that no step awaits, long
// before 20 times the timeout.
func TestTrickle(t *testing.T) {
	s, err := spec.Load(features.FS)
	if err != nil {
		t.Fatal(err)
	}
	scenarios, err := conformance.Filter{Run: []string{"^(SHD-2|SHD-3)$"}}.Select(s)
	if err != nil {
		t.Fatal(err)
	}
	for name, octets := range map[string]string{"stray requests": "\x03\x05\x02\x01", "a length": "\x80"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := realResults(t, conformance.Run{
				Spec: s, Scenarios: scenarios, Parallel: 4, Timeout: 500 * time.Millisecond, StartTime: 10 * time.Second,
				Subject: adapter.InProcess{Implementation: endless{octets: octets, slowly: true}},
			})
			for _, result := range r.Results {
				if result.Outcome == report.Timeout && strings.Contains(result.Actual, "20 times --timeout") {
					t.Errorf("%s: got %s: %s, expected it to end sooner", result.ID, result.Outcome, result.Actual)
				}
				if !result.Outcome.Deviates() {
					t.Errorf("%s: got the outcome %s, expected a timeout", result.ID, result.Outcome)
				}
			}
			if r.Summary[report.Timeout] == 0 {
				t.Errorf("got %v, expected timeouts", r.Summary)
			}
		})
	}
}

// TestConnectionNames gives every connection of an adapter a name of its own, so that a late
// command of one scenario cannot reach a connection of the next.
func TestConnectionNames(t *testing.T) {
	s, err := spec.Load(features.FS)
	if err != nil {
		t.Fatal(err)
	}
	scenarios, err := conformance.Filter{Run: []string{"^RSP-5$"}}.Select(s)
	if err != nil {
		t.Fatal(err)
	}
	var commands bytes.Buffer
	subject := adapter.Func(func(ctx context.Context, in io.Reader, replies io.Writer) error {
		return adapter.Serve(ctx, goreference.Implementation{}, io.TeeReader(in, &commands), replies)
	})
	r := realResults(t, conformance.Run{
		Spec: s, Scenarios: scenarios, Subject: subject, Parallel: 1, Timeout: 10 * time.Second, StartTime: 10 * time.Second,
	})
	if !r.Conforms(true) {
		t.Fatalf("got %v, expected every scenario to pass", r.Summary)
	}
	seen := map[string]bool{}
	for _, open := range regexp.MustCompile(`"op":"open".*`).FindAllString(commands.String(), -1) {
		name, _, _ := strings.Cut(open[strings.Index(open, `"conn":"`)+len(`"conn":"`):], `"`)
		if seen[name] {
			t.Errorf("two connections of one adapter have the name %q", name)
		}
		seen[name] = true
	}
	if len(seen) < 2 {
		t.Errorf("got the names %v, expected several", seen)
	}
}

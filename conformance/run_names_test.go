package conformance_test

import (
	"bytes"
	"context"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/packetspec/packetspec/conformance"
	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/adapters/goreference"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/features"
)

// A tapped subject is the reference, whose commands are kept.
type tapped struct{ commands bytes.Buffer }

func (*tapped) String() string { return "" }

// Start implements [adapter.Starter].
func (s *tapped) Start(ctx context.Context) (*adapter.Session, error) {
	commands, in := io.Pipe()
	out, replies := io.Pipe()
	served := make(chan error, 1)
	go func() {
		served <- adapter.Serve(context.WithoutCancel(ctx), goreference.Implementation{}, io.TeeReader(commands, &s.commands), replies)
	}()
	end := func() error { _, _ = in.Close(), out.Close(); return <-served }
	session := &adapter.Session{
		Client: adapter.NewClient(in, out), Stop: end, Kill: func() { _ = end() },
		StderrTotal: func() (int64, bool) { return 0, false },
	}
	return session, session.Greet(ctx)
}

// TestConnectionNames gives no two connections of an adapter one name: a command that one
// scenario has left behind must find nothing of the next.
func TestConnectionNames(t *testing.T) {
	s, err := spec.Load(features.FS)
	if err != nil {
		t.Fatal(err)
	}
	scenarios, err := conformance.Filter{Run: "^RSP-5$"}.Select(s)
	if err != nil {
		t.Fatal(err)
	}
	subject := &tapped{}
	r := results(t, conformance.Run{
		Spec: s, Scenarios: scenarios, Subject: subject, Parallel: 1, Timeout: 10 * time.Second, StartTime: 10 * time.Second,
	})
	if !r.Conforms(true) {
		t.Fatalf("got %v, expected it to conform", r.Summary)
	}
	seen := map[string]bool{}
	for _, open := range regexp.MustCompile(`"op":"open".*`).FindAllString(subject.commands.String(), -1) {
		name, _, _ := strings.Cut(open[strings.Index(open, `"conn":"`)+len(`"conn":"`):], `"`)
		if seen[name] {
			t.Errorf("two connections of one adapter are called %q", name)
		}
		seen[name] = true
	}
	if len(seen) < 2 {
		t.Errorf("got the names %v, expected several", seen)
	}
}

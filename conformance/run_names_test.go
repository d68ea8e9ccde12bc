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
	var commands bytes.Buffer
	subject := adapter.Func(func(ctx context.Context, in io.Reader, replies io.Writer) error {
		return adapter.Serve(ctx, goreference.Implementation{}, io.TeeReader(in, &commands), replies)
	})
	r := results(t, conformance.Run{
		Spec: s, Scenarios: scenarios, Subject: subject, Parallel: 1, Timeout: 10 * time.Second, StartTime: 10 * time.Second,
	})
	if !r.Conforms(true) {
		t.Fatalf("got %v, expected it to conform", r.Summary)
	}
	seen := map[string]bool{}
	for _, open := range regexp.MustCompile(`"op":"open".*`).FindAllString(commands.String(), -1) {
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

package campaign_test

import (
	"context"
	"io"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/adapters/goreference"
	"github.com/packetspec/packetspec/fuzz/campaign"
	"github.com/packetspec/packetspec/internal/subjecttest"
)

// TestFilesStayOpen reports a process that leaves a file open for each connection.
func TestFilesStayOpen(t *testing.T) {
	if testing.Short() {
		t.Skip("not in short mode: it takes thousands of inputs")
	}
	subject := subjecttest.Mutant(t, "files-left-open")
	requireSight(t, subject)
	found := firstFinding(t, campaign.Campaign{Starter: subject, Seed: 1, Inputs: 12_000}, func(f *campaign.Finding) bool {
		return f.Signature == "BAD-5 files stay open"
	})
	if found == nil || !found.Many {
		t.Fatalf("found %+v, expected that files stay open, of a process", found)
	}
	t.Log(found.Difference.Came)
}

// requireSight skips the test on a system where the runner cannot see the open files of a process, or
// where a process cannot have many.
func requireSight(t *testing.T, subject adapter.Process) {
	t.Helper()
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil || files.Max < 10_000 {
		t.Skipf("a process may have %d files here (%v): too few to see that it leaves some open", files.Max, err)
	}
	s, err := subject.Start(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Stop() }()
	if _, seen := s.Descriptors(); !seen {
		t.Skip("the files of a process cannot be seen on this system")
	}
}

// forgetful refuses connections after some, as a process does that has run out of files.
type forgetful struct {
	goreference.Implementation
	opened atomic.Int64
}

func (f *forgetful) Open(recv io.ReadCloser, send io.WriteCloser, o adapter.OpenOptions, h adapter.Handler) (adapter.Connection, error) {
	if f.opened.Add(1) > 200 {
		return nil, adapter.Errorf(adapter.Internal, "too many open files")
	}
	return f.Implementation.Open(recv, send, o, h)
}

// TestNoMoreConnections reports a process that refuses connections after some. Each input is innocent,
// since a fresh process opens a connection for it, and another process plays the rest.
func TestNoMoreConnections(t *testing.T) {
	if testing.Short() {
		t.Skip("not in short mode: it takes a thousand inputs")
	}
	subject := adapter.Func(func(ctx context.Context, commands io.Reader, replies io.Writer) error {
		return adapter.Serve(ctx, &forgetful{}, commands, replies)
	})
	r, err := campaign.Campaign{Starter: subject, Seed: 1, Inputs: 1000}.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]*campaign.Finding{}
	for _, f := range r.Findings {
		found[f.Signature] = f
	}
	const refusal = "- connection refused open"
	f := found["BAD-5 no more connections"]
	if f == nil || !f.Many || !strings.Contains(f.Difference.Came, "too many open files") || found[refusal] != nil {
		t.Errorf("found %v, expected that a process opens no more connections", found)
	}
	if refused := r.Shown[refusal]; refused > 500 {
		t.Errorf("%d of 1000 inputs were refused a connection: the others of a process that opens none are lost", refused)
	}
}

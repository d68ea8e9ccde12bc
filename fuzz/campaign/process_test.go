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
	"github.com/packetspec/packetspec/internal/mutanttest"
)

// TestGrows tells of a process that has the more memory, or files, the more it has heard.
func TestGrows(t *testing.T) {
	if testing.Short() {
		t.Skip("not in short mode: it takes thousands of inputs")
	}
	for fault, signature := range map[string]string{
		"length-allocated": "BAD-5 memory grows",
		"files-left-open":  "BAD-5 files stay open",
	} {
		t.Run(fault, func(t *testing.T) {
			subject := mutanttest.Process(t, fault)
			requireSight(t, subject)
			ofProcess(t, campaign.Campaign{Starter: subject, Inputs: 12_000, Enough: 1}, signature, ", after ")
		})
	}
}

// requireSight skips the test on a system that does not let the runner see what a process
// has, or does not let a process have much.
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
	_, memory := s.Memory()
	_, descriptors := s.Descriptors()
	if !memory || !descriptors {
		t.Skip("neither memory nor files of a process can be seen on this system")
	}
}

// forgetful leaves the files of its connections open, and so opens no more than a few.
type forgetful struct {
	goreference.Implementation
	opened atomic.Int64
}

func (f *forgetful) Open(o adapter.OpenOptions, h adapter.Handler) (adapter.Connection, error) {
	if f.opened.Add(1) > 200 {
		return nil, adapter.Errorf(adapter.Internal, "too many open files")
	}
	return f.Implementation.Open(o, h)
}

// TestNoMoreConnections tells of a process that opens none after some: each input is
// innocent, since a fresh process opens one for it. Another process hears what is left.
func TestNoMoreConnections(t *testing.T) {
	if testing.Short() {
		t.Skip("not in short mode: it takes a thousand inputs")
	}
	subject := adapter.Func(func(ctx context.Context, commands io.Reader, replies io.Writer) error {
		return adapter.Serve(ctx, &forgetful{}, commands, replies)
	})
	r := ofProcess(t, campaign.Campaign{Starter: subject, Inputs: 1000}, "BAD-5 no more connections", "too many open files")
	if refused := r.Shown["- connection refused open"]; refused > 500 {
		t.Errorf("%d of 1000 inputs were refused a connection: the others of a process that opens none are lost", refused)
	}
}

// ofProcess hunts for nothing but one finding that takes a process which has heard many.
func ofProcess(t *testing.T, c campaign.Campaign, signature, came string) *campaign.Result {
	t.Helper()
	c.Seed, c.Tries = 1, -1
	r, err := c.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.Findings {
		if f.Signature != signature || !f.Many || !strings.Contains(f.Difference.Came, came) {
			t.Errorf("found %s: %s; expected %s, of a process", f.Signature, f.Difference.Came, signature)
		}
	}
	if len(r.Findings) == 0 {
		t.Errorf("nothing found in %d inputs, expected %s", r.Inputs, signature)
	}
	return r
}

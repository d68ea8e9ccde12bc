package campaign_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/fuzz/campaign"
)

// chatty is an adapter that replies to hello, and prints a line of its own for all else.
type chatty struct{}

func (chatty) String() string { return "" }

// Start implements [adapter.Starter].
func (chatty) Start(ctx context.Context) (*adapter.Session, error) {
	commands, in := io.Pipe()
	out, replies := io.Pipe()
	served := make(chan struct{})
	go func() {
		defer close(served)
		lines := bufio.NewScanner(commands)
		for n := 0; lines.Scan(); n++ {
			if n > 0 {
				_, _ = fmt.Fprintln(replies, "INFO: carried out")
				continue
			}
			_, _ = fmt.Fprintln(replies, `{"id":1,"version":1,"name":"chatty","release":"1","language":"none","supports":[]}`)
		}
	}()
	end := func() error { err := errors.Join(in.Close(), out.Close()); <-served; return err }
	session := &adapter.Session{
		Client: adapter.NewClient(in, out), Stop: end, Kill: func() { _ = end() },
		StderrTotal: func() (int64, bool) { return 0, false },
	}
	return session, session.Greet(ctx)
}

// TestNoReply tells of an adapter that prints what is no reply, and does not call it a crash.
func TestNoReply(t *testing.T) {
	r, err := campaign.Campaign{Starter: chatty{}, Seed: 1, Inputs: 20, Tries: -1}.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Findings) != 1 {
		t.Fatalf("%d findings, expected one", len(r.Findings))
	}
	f := r.Findings[0]
	if f.Signature != "- no reply adapter" || !strings.Contains(f.Difference.Came, `"INFO: carried out"`) {
		t.Errorf("found %s: %s; expected the line", f.Signature, f.Difference.Came)
	}
}

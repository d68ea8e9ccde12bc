package campaign_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/fuzz/campaign"
)

// chatty serves as an adapter that replies to hello, and prints another line for every other command.
func chatty(_ context.Context, commands io.Reader, replies io.Writer) error {
	say := `{"id":1,"version":1,"name":"chatty","release":"1","language":"none","supports":[]}`
	for lines := bufio.NewScanner(commands); lines.Scan(); say = "INFO: carried out" {
		if _, err := fmt.Fprintln(replies, say); err != nil {
			return err
		}
	}
	return nil
}

// TestNoReply reports an adapter that prints a line that is no reply as such, not as a crash.
func TestNoReply(t *testing.T) {
	r, err := campaign.Campaign{Starter: adapter.Func(chatty), Seed: 1, Inputs: 20}.Run(context.Background())
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

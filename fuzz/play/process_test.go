package play_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"testing"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/fuzz/plan"
	"github.com/packetspec/packetspec/fuzz/play"
)

// oneThread serves as an adapter that carries out one command after the other, and opens each connection
// itself, as one without threads does. Before it opens the first, it waits for slow to be closed.
func oneThread(slow <-chan struct{}) adapter.Func {
	return func(_ context.Context, commands io.Reader, replies io.Writer) error {
		for lines := bufio.NewScanner(commands); lines.Scan(); {
			var m adapter.Message
			if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
				return err
			}
			reply := fmt.Sprintf(`{"id":%d}`, m.ID)
			switch m.Op {
			case adapter.OpHello:
				reply = fmt.Sprintf(`{"id":%d,"version":1,"name":"one thread"}`, m.ID)
			case adapter.OpOpen:
				<-slow
				recv, err := os.Open(m.Recv)
				if err != nil {
					return err
				}
				send, err := os.OpenFile(m.Send, os.O_WRONLY, 0)
				if err != nil {
					return err
				}
				defer func() { _, _ = recv.Close(), send.Close() }()
			}
			if _, err := fmt.Fprintln(replies, reply); err != nil {
				return err
			}
		}
		return nil
	}
}

// TestSlowOpen gives the first connection up before the subject has opened it. The subject can open it all
// the same, and then replies to what follows.
func TestSlowOpen(t *testing.T) {
	slow := make(chan struct{})
	session, err := oneThread(slow).Start(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	p := play.NewProcess(session, t.TempDir())
	ctx, end := context.WithCancel(context.Background())
	end()
	if e, err := p.Open(ctx, new(plan.Plan)); err == nil {
		e.Close()
		t.Fatal("the connection is open, though the subject has not opened it")
	}
	close(slow)
	patiently, stop := context.WithTimeout(context.Background(), 20*time.Second)
	defer stop()
	e, err := p.Open(patiently, new(plan.Plan))
	if err != nil {
		t.Fatalf("the next connection: %v", err)
	}
	e.Close()
	if err := p.End(); err != nil {
		t.Error(err)
	}
}

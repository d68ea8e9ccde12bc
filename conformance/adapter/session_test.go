package adapter_test

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/packetspec/packetspec/conformance/adapter"
)

func TestInProcess(t *testing.T) {
	s := start(t, reference)
	check(t, "command", reference.String(), "")
	check(t, "standard error", s.Stderr(), "")
	if _, ok := s.StderrTotal(); ok {
		t.Error("StderrTotal: got a total, but this process cannot separate the subject's standard error")
	}
	check(t, "exit", s.DescribeExit(""), "the adapter runs in this process")
	for range 2 {
		if err := s.Stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
		s.Kill()
	}
	if _, err := s.Do(patiently(t), adapter.Message{Op: adapter.OpHello}); !errors.Is(err, adapter.ErrEnded) {
		t.Errorf("a command after the end: got %v, expected ErrEnded", err)
	}
}

// TestInProcessOutlivesTheContextOfItsStart shows that this context bounds only hello.
func TestInProcessOutlivesTheContextOfItsStart(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	s, err := reference.Start(ctx)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	p := connect(t, s)
	do(t, s, adapter.Message{Op: adapter.OpRequest, Conn: "c", Call: "a", RqType: "0"})
	next(t, p, "request: tag 1, wire type 1")
	wait := s.Send(adapter.Message{Op: adapter.OpWait, Conn: "c", Call: "a"})
	send(t, p, response(1, 1, ""))
	if _, err := await(t, wait); err != nil {
		t.Errorf("wait: %v", err)
	}
	if err := s.Stop(); err != nil {
		t.Errorf("stop: %v", err)
	}
}

func TestInProcessThatDoesNotGreet(t *testing.T) {
	_, err := adapter.InProcess{Implementation: nameless{newFake()}}.Start(patiently(t))
	var failed *adapter.StartError
	if !errors.As(err, &failed) {
		t.Fatalf("got %v, expected a StartError", err)
	}
	checkText(t, "error", err.Error(), `"in process"`, `lacks "name"`)
}

type nameless struct{ *fake }

func (nameless) Hello() adapter.Hello { return adapter.Hello{} }

// TestNoDescriptorsAreLeft shows that no way to end a subject leaks a descriptor. TestMain
// looks for leaked goroutines.
func TestNoDescriptorsAreLeft(t *testing.T) {
	use := func() {
		for _, p := range []adapter.Process{
			{Argv: []string{"/no/such/adapter"}}, shell(`exit 7`), shell(`echo garbage`),
		} {
			if s, err := p.Start(patiently(t)); err == nil {
				s.Kill()
				t.Fatalf("%s has started", p)
			}
		}
		for _, subject := range []adapter.Starter{shell(hello + `cat >/dev/null`), reference} {
			for _, end := range []func(*adapter.Session){
				func(s *adapter.Session) { _ = s.Stop() }, func(s *adapter.Session) { s.Kill() },
			} {
				s, err := subject.Start(patiently(t))
				if err != nil {
					t.Fatal(err)
				}
				end(s)
			}
		}
		s, err := reference.Start(patiently(t))
		if err != nil {
			t.Fatal(err)
		}
		pipes := newPipes(t)
		do(t, s, adapter.Message{
			Op: adapter.OpOpen, Conn: "c", Recv: pipes.ToSubject, Send: pipes.FromSubject, Handler: ptr(true),
		})
		pipes.Discard()
		s.Kill() // with the connection open
	}
	use() // opens what a process opens once, such as the poller
	before := descriptors(t)
	for range 10 {
		use()
	}
	waitUntil(t, "as few descriptors as before", func() bool { return descriptors(t) <= before })
}

func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skipf("open descriptors cannot be counted here: %v", err)
	}
	return len(entries)
}

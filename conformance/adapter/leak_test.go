package adapter_test

import (
	"os"
	"testing"

	"github.com/packetspec/packetspec/conformance/adapter"
)

// TestNoDescriptorsAreLeft counts them over every way in which a subject can end.
// Goroutines are counted by TestMain, over all tests.
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
	use() // what is made once, such as the poller, is made now
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

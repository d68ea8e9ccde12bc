package adapter_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/packetspec/packetspec/conformance/adapter"
)

func TestStop(t *testing.T) {
	for name, c := range map[string]struct{ script, want string }{
		"ends with status 0":            {`cat >&2`, ""},
		"ends with another":             {`cat >&2; exit 3`, "should exit with status 0; it ended with exit status 3"},
		"ends by a signal":              {`cat >&2; kill -9 $$`, "should exit with status 0; it ended with signal: killed"},
		"has ended already":             {`exit 0`, ""},
		"does not end, obeys SIGTERM":   {`sleep 1000`, "did not exit within 2s of the end of its standard input"},
		"does not end, ignores SIGTERM": {`trap '' TERM; sleep 1000`, "nor within 1s of SIGTERM: it was killed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := shell(hello + c.script).Start(patiently(t))
			if err != nil {
				t.Fatal(err)
			}
			err = s.Stop()
			switch {
			case c.want == "" && err != nil:
				t.Errorf("got the error %v, expected none", err)
			case c.want != "" && err == nil:
				t.Errorf("got no error, expected %q", c.want)
			case c.want != "":
				checkText(t, "error", err.Error(), c.want)
			}
			if strings.Contains(name, "obeys") && strings.Contains(err.Error(), "killed") {
				t.Errorf("got %v, though it obeyed SIGTERM", err)
			}
			<-s.Ended()
		})
	}
}

// TestTheWholeGroupEnds shows that children that hold an adapter's pipes open end with the
// adapter, however it ends, and do not delay its end.
func TestTheWholeGroupEnds(t *testing.T) {
	const children = `exec 9>"$HELD"; sleep 1000 & (sleep 1000; sleep 1000) & `
	for name, c := range map[string]struct {
		script string
		end    func(*testing.T, *adapter.Session)
	}{
		"by its own end": {hello + `read line; exit 0`, func(_ *testing.T, s *adapter.Session) {
			s.Send(adapter.Message{Op: adapter.OpRelease})
			<-s.Ended()
			s.Kill()
		}},
		"by Stop": {hello + `cat >/dev/null`, func(t *testing.T, s *adapter.Session) {
			if err := s.Stop(); err != nil {
				t.Errorf("stop: %v", err)
			}
		}},
		"by Kill": {`trap '' TERM; ` + hello + `sleep 1000`, func(_ *testing.T, s *adapter.Session) { s.Kill() }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, released := holding(t, shell(children+c.script))
			s, err := p.Start(patiently(t))
			if err != nil {
				t.Fatal(err)
			}
			c.end(t, s)
			<-s.Ended()
			<-released
		})
	}
}

func TestAStartThatFailsEndsTheWholeGroup(t *testing.T) {
	t.Parallel()
	p, released := holding(t, shell(`exec 9>"$HELD"; sleep 1000 & read line; echo '{"id":1,"version":2,"name":"x"}'; sleep 1000`))
	_, err := p.Start(patiently(t))
	var failed *adapter.StartError
	if !errors.As(err, &failed) {
		t.Fatalf("got %v, expected a StartError", err)
	}
	<-released
}

// TestAChildThatEscapes shows that a child that has left the process group, and holds the
// adapter's pipes open, does not delay the adapter's end. The child itself goes on.
func TestAChildThatEscapes(t *testing.T) {
	for name, end := range map[string]func(*adapter.Session){
		"Stop": func(s *adapter.Session) { _ = s.Stop() },
		"Kill": func(s *adapter.Session) { s.Kill() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, released := holding(t, self(t, "escape"))
			s, err := p.Start(patiently(t))
			if err != nil {
				t.Fatal(err)
			}
			waitUntil(t, "the child's process id", func() bool { return strings.HasSuffix(s.Stderr(), "\n") })
			child, err := strconv.Atoi(strings.TrimSpace(s.Stderr()))
			if err != nil {
				t.Fatal(err)
			}
			end(s)
			<-s.Ended()
			select {
			case <-released:
				t.Error("the child has ended, so this test shows nothing")
			default:
			}
			if err := syscall.Kill(child, syscall.SIGKILL); err != nil {
				t.Error(err)
			}
			<-released
		})
	}
}

// holding gives the adapter the path of a named pipe, as $HELD. The channel is closed once
// every process that has opened the pipe for writing has ended.
func holding(t *testing.T, p adapter.Process) (adapter.Process, <-chan struct{}) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "held")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if p.Env == nil {
		p.Env = os.Environ()
	}
	p.Env = append(p.Env, "HELD="+path)
	released := make(chan struct{})
	go func() {
		defer close(released)
		f, err := os.Open(path) // waits until a process opens it for writing
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = f.Close() }()
		_, _ = io.Copy(io.Discard, f)
	}()
	return p, released
}

func TestDescribeExit(t *testing.T) {
	for name, c := range map[string]struct{ script, want string }{
		"with last words": {hello + `echo 'out of memory' >&2; echo 'dying' >&2; exit 7`,
			"the adapter ended with status 7 before it replied to seen; its standard error:\n    out of memory\n    dying"},
		"without": {hello + `kill -9 $$`, "the adapter was ended by a signal (killed) before it replied to seen"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := shell(c.script).Start(patiently(t))
			if err != nil {
				t.Fatal(err)
			}
			<-s.Ended()
			check(t, "exit", s.DescribeExit("seen"), c.want)
			s.Kill()
			check(t, "exit after Kill", s.DescribeExit("seen"), c.want)
		})
	}
}

// TestEndTwice shows that Stop and Kill may be called again.
func TestEndTwice(t *testing.T) {
	s, err := shell(hello + `cat >/dev/null`).Start(patiently(t))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Stop(); err != nil {
			t.Errorf("stop: got the error %v, expected none", err)
		}
		s.Kill()
	}
	if _, err := s.Do(patiently(t), adapter.Message{Op: adapter.OpRelease}); !errors.Is(err, adapter.ErrEnded) {
		t.Errorf("a command after the end: got %v, expected ErrEnded", err)
	}
}

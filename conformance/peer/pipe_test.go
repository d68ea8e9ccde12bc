package peer_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/packetspec/packetspec/conformance/peer"
)

func TestPipesAreGoneOnceConnected(t *testing.T) {
	dir := t.TempDir()
	pipes, err := peer.NewPipes(dir, "c")
	if err != nil {
		t.Fatal(err)
	}
	defer pipes.Discard()
	for _, path := range []string{pipes.ToSubject, pipes.FromSubject} {
		info, err := os.Stat(path)
		if err != nil || info.Mode()&os.ModeNamedPipe == 0 {
			t.Errorf("%s: got %v, %v, expected a named pipe", path, info, err)
		}
	}
	recv, err := os.OpenFile(pipes.ToSubject, os.O_RDONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = recv.Close() }()
	send, err := os.OpenFile(pipes.FromSubject, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = send.Close() }()
	p, err := pipes.Connect()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("got the files %v, %v, expected none", left, err)
	}
}

// Connect fails if the subject has not opened its pipes, though it said so.
func TestConnectWithoutSubject(t *testing.T) {
	pipes, err := peer.NewPipes(t.TempDir(), "c")
	if err != nil {
		t.Fatal(err)
	}
	defer pipes.Discard()
	p, err := pipes.Connect()
	if err == nil {
		p.Close()
		t.Fatal("got a peer, expected an error")
	}
	if !strings.Contains(err.Error(), "does not hold its recv pipe open") {
		t.Errorf("got the error %v, expected one about the recv pipe", err)
	}
}

// TestSlowSubject has a subject open its pipes after the peer has asked whether they were opened. They
// have a writer, so that a subject that waits for one goes on.
func TestSlowSubject(t *testing.T) {
	pipes, err := peer.NewPipes(t.TempDir(), "c")
	if err != nil {
		t.Fatal(err)
	}
	defer pipes.Discard()
	if pipes.WereOpened() && runtime.GOOS == "linux" {
		t.Error("nobody has opened the pipes, but they are said to be opened")
	}
	recv, err := os.OpenFile(pipes.ToSubject, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = recv.Close() }()
	raw, err := recv.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	err = raw.Control(func(fd uintptr) { // without a writer, it would be the end of the file
		if n, err := syscall.Read(int(fd), make([]byte, 1)); !errors.Is(err, syscall.EAGAIN) {
			t.Errorf("read %d octets (%v), expected that there is a writer", n, err)
		}
	})
	if err != nil {
		t.Error(err)
	}
	send, err := os.OpenFile(pipes.FromSubject, os.O_WRONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatalf("the pipe has no reader: %v", err)
	}
	_ = send.Close()
}

func TestNoPipes(t *testing.T) {
	_, err := peer.NewPipes(filepath.Join(t.TempDir(), "missing"), "c")
	if err == nil || !strings.Contains(err.Error(), "create the named pipe") {
		t.Errorf("got the error %v, expected one that names the pipe", err)
	}
}

// No use of the pipes leaks a descriptor. TestMain checks that no test leaks a goroutine.
func TestNoDescriptorsAreLeft(t *testing.T) {
	use := func() {
		pipes, err := peer.NewPipes(t.TempDir(), "c")
		if err != nil {
			t.Fatal(err)
		}
		if p, err := pipes.Connect(); err == nil {
			p.Close()
		}
		pipes.Discard()
		for range 2 {
			p, s := connect(t)
			p.Pause()
			s.close()
			p.Close()
		}
	}
	use() // the first use opens what the process keeps, such as the poller
	before := descriptors(t)
	for range 10 {
		use()
	}
	if after := descriptors(t); after > before {
		t.Errorf("%d descriptors are open, expected %d", after, before)
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skipf("open descriptors cannot be counted here: %v", err)
	}
	return len(entries)
}

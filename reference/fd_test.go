//go:build unix

package reference_test

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/packetspec/packetspec/reference"
)

// A pipes holds the descriptors of a connection: the peer writes toConn and reads
// fromConn, and the caller passes recv and send to FromFDs.
type pipes struct {
	recv, toConn, fromConn, send *os.File
}

func newPipes(t *testing.T) (p pipes) {
	var err error
	p.recv, p.toConn, err = os.Pipe()
	checkErr(t, "Pipe", err, nil)
	p.fromConn, p.send, err = os.Pipe()
	checkErr(t, "Pipe", err, nil)
	soon := time.Now().Add(patience)
	checkErr(t, "SetDeadline", errors.Join(p.toConn.SetDeadline(soon), p.fromConn.SetDeadline(soon)), nil)
	t.Cleanup(func() {
		for _, f := range []*os.File{p.recv, p.toConn, p.fromConn, p.send} {
			_ = f.Close()
		}
	})
	return p
}

// read reads as many octets as want has, and compares them.
func (p pipes) read(t *testing.T, want string) {
	t.Helper()
	got := make([]byte, len(octets(t, want)))
	_, err := io.ReadFull(p.fromConn, got)
	checkErr(t, "ReadFull", err, nil)
	checkOctets(t, "octets sent", got, octets(t, want))
}

func (p pipes) write(t *testing.T, text string) {
	t.Helper()
	_, err := p.toConn.Write(octets(t, text))
	checkErr(t, "Write", err, nil)
}

func TestFromFDs(t *testing.T) {
	p := newPipes(t)
	c, err := reference.FromFDs(int(p.recv.Fd()), int(p.send.Fd()), echo)
	checkErr(t, "FromFDs", err, nil)
	call := request(t, c, reference.Request{})
	p.read(t, "03 01 02 01")
	p.write(t, "03 01 04 61"+"04 07 02 01 71")
	checkAnswer(t, call, `ok=true flags=0x0 payload="a"`)
	p.read(t, "03 07 04 71")
	p.write(t, eof)
	p.read(t, eof)
	checkErr(t, "Join", c.Join(ctx), nil)

	// The caller's descriptors are open, and no copy of them is.
	_, err = p.send.Write([]byte("mine"))
	checkErr(t, "Write to the caller's send", err, nil)
	checkErr(t, "Close of the caller's send", p.send.Close(), nil)
	rest, err := io.ReadAll(p.fromConn) // ends: no copy of send is open
	checkErr(t, "ReadAll", err, nil)
	check(t, "octets after EOF", string(rest), "mine")
	p.write(t, "6d 69 6e 65")
	mine := make([]byte, 4)
	_, err = io.ReadFull(p.recv, mine)
	checkErr(t, "Read from the caller's recv", err, nil)
	check(t, "octets the connection left", string(mine), "mine")
	checkErr(t, "Close of the caller's recv", p.recv.Close(), nil)
	if _, err := p.toConn.Write([]byte{0}); err == nil {
		t.Error("a copy of recv is open, expected none")
	}
}

// The caller may close its descriptors at once: the connection has its own copies.
func TestFromFDsAfterTheOriginalsAreClosed(t *testing.T) {
	p := newPipes(t)
	c, err := reference.FromFDs(int(p.recv.Fd()), int(p.send.Fd()), echo, reference.WithGrace(0))
	checkErr(t, "FromFDs", err, nil)
	_, _ = p.recv.Close(), p.send.Close()
	p.write(t, "04 07 02 01 71"+eof)
	got, err := io.ReadAll(p.fromConn)
	checkErr(t, "ReadAll", err, nil)
	if want := "03 07 04 71" + eof; string(got) != string(octets(t, want)) {
		t.Errorf("octets sent: got [% x], expected [%s]", got, want)
	}
	checkErr(t, "Join", c.Join(ctx), nil)
}

// A write to a pipe without a reader fails with EPIPE, and does not end the process.
func TestFromFDsBrokenPipe(t *testing.T) {
	p := newPipes(t)
	c, err := reference.FromFDs(int(p.recv.Fd()), int(p.send.Fd()), nil)
	checkErr(t, "FromFDs", err, nil)
	_, _ = p.send.Close(), p.fromConn.Close()
	checkCancelled(t, request(t, c, reference.Request{}))
	p.write(t, eof)
	checkErr(t, "Join", c.Join(ctx), nil)
	checkErr(t, "Shutdown", c.Shutdown(true), syscall.EPIPE)
}

// A child process does not inherit the copies. If it did, the peer would not see the end
// of the octets while the child runs.
func TestFromFDsWithAChild(t *testing.T) {
	p := newPipes(t)
	c, err := reference.FromFDs(int(p.recv.Fd()), int(p.send.Fd()), nil)
	checkErr(t, "FromFDs", err, nil)
	child := exec.Command("cat")
	stdin, err := child.StdinPipe()
	checkErr(t, "StdinPipe", err, nil)
	checkErr(t, "Start", child.Start(), nil)
	t.Cleanup(func() { _, _ = stdin.Close(), child.Wait() })

	checkErr(t, "Shutdown", c.Shutdown(true), nil)
	checkErr(t, "Close of the caller's send", p.send.Close(), nil)
	got, err := io.ReadAll(p.fromConn)
	checkErr(t, "ReadAll", err, nil)
	checkOctets(t, "octets sent", got, octets(t, eof))
	p.write(t, eof)
	checkErr(t, "Join", c.Join(ctx), nil)
}

func TestFromFDsWithAnInvalidDescriptor(t *testing.T) {
	p := newPipes(t)
	for name, fds := range map[string][2]int{
		"recv": {-1, int(p.send.Fd())},
		"send": {int(p.recv.Fd()), -1},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := reference.FromFDs(fds[0], fds[1], nil)
			if err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("FromFDs: got %v, expected an error that names %s", err, name)
			}
		})
	}
	_ = p.recv.Close()
	if _, err := p.toConn.Write([]byte{0}); err == nil {
		t.Error("a copy of recv is open, expected none after the failure")
	}
}

// Close ends a read and a write of descriptors in blocking mode, and leaves the mode alone:
// whoever shares the descriptors relies on it.
func TestCloseOfBlockingDescriptors(t *testing.T) {
	p := newPipes(t)
	recv, send := int(p.recv.Fd()), int(p.send.Fd()) // which makes them blocking
	for name, open := range map[string]func() *reference.PacketConnection{
		"FromFDs": func() *reference.PacketConnection {
			c, err := reference.FromFDs(recv, send, nil, reference.WithGrace(0))
			checkErr(t, "FromFDs", err, nil)
			return c
		},
		"New": func() *reference.PacketConnection {
			return reference.New(p.recv, p.send, nil, reference.WithGrace(0))
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := open()
			call := request(t, c, reference.Request{Payload: make([]byte, 1<<20)}) // more than the pipe holds
			p.read(t, "c0 80 03 01 02 01")
			for _, fd := range []int{recv, send} {
				flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_GETFL, 0)
				check(t, "errno", errno, 0)
				check(t, "O_NONBLOCK", flags&syscall.O_NONBLOCK, 0)
			}
			checkErr(t, "Close", c.Close(), nil)
			checkEnded(t, c)
			checkCancelled(t, call)
		})
		p = newPipes(t)
		recv, send = int(p.recv.Fd()), int(p.send.Fd())
	}
}

// One blocking file for both directions stays open until both have ended.
func TestOneBlockingFileForBothDirections(t *testing.T) {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	checkErr(t, "Socketpair", err, nil)
	near, far := os.NewFile(uintptr(fds[0]), "near"), os.NewFile(uintptr(fds[1]), "far")
	t.Cleanup(func() { _ = far.Close() })
	c := reference.New(near, near, nil, reference.WithGrace(0))
	call := request(t, c, reference.Request{})
	checkErr(t, "Shutdown", c.Shutdown(false), nil)
	got := make([]byte, 8)
	_, err = io.ReadFull(far, got)
	checkErr(t, "ReadFull", err, nil)
	checkOctets(t, "octets sent", got, octets(t, "03 01 02 01"+eof))
	_, err = far.Write(octets(t, "03 01 04 61"+eof))
	checkErr(t, "Write of a late response", err, nil)
	checkAnswer(t, call, `ok=true flags=0x0 payload="a"`)
	checkErr(t, "Join", c.Join(ctx), nil)
}

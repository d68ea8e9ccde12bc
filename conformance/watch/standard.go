//go:build unix

package watch

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/packetspec/packetspec/conformance/relay"
)

// Standard returns the endpoint of the process's own standard input and output. A read of these waits by poll,
// and not in the read: they may be a terminal, or shared with other processes, so they must not become
// non-blocking, and a blocking read could not be ended.
func Standard(in, out *os.File) (e relay.Endpoint, err error) {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return e, fmt.Errorf("open %s: %w", os.DevNull, err)
	}
	wakeRead, wakeWrite, err := os.Pipe()
	if err != nil {
		return e, fmt.Errorf("make a pipe: %w", err)
	}
	return relay.Endpoint{
		Source: &standardInput{fd: int(in.Fd()), null: null, wakeRead: wakeRead, wakeWrite: wakeWrite, wakeFD: int(wakeRead.Fd())},
		Sink:   &standardOutput{file: out, null: null},
	}, nil
}

// A standardInput is a [relay.Source].
type standardInput struct {
	fd                  int
	null                *os.File
	wakeRead, wakeWrite *os.File
	wakeFD              int
	closed              atomic.Bool
}

// Read waits for octets, or for CloseRead.
func (s *standardInput) Read(b []byte) (int, error) {
	for {
		if s.closed.Load() {
			return 0, os.ErrClosed
		}
		fds := []unix.PollFd{{Fd: int32(s.fd), Events: unix.POLLIN}, {Fd: int32(s.wakeFD), Events: unix.POLLIN}}
		if _, err := unix.Poll(fds, -1); err != nil && !errors.Is(err, unix.EINTR) {
			return 0, err
		}
		if s.closed.Load() {
			return 0, os.ErrClosed
		}
		if fds[0].Revents == 0 {
			continue
		}
		n, err := syscall.Read(s.fd, b)
		switch {
		case errors.Is(err, syscall.EINTR), errors.Is(err, syscall.EAGAIN):
			continue
		case err != nil:
			return 0, err
		case n == 0:
			return 0, io.EOF
		}
		return n, nil
	}
}

// CloseRead ends a Read, and lets go of the stream: its writer sees that nobody reads it. The descriptor stays in use, so
// that no other file gets its number.
func (s *standardInput) CloseRead() error {
	if s.closed.Swap(true) {
		return nil
	}
	_ = s.wakeWrite.Close()
	return dup2(int(s.null.Fd()), s.fd)
}

// A standardOutput is a [relay.Sink].
type standardOutput struct {
	file   *os.File
	null   *os.File
	closed atomic.Bool
}

// Write writes to the standard output.
func (s *standardOutput) Write(b []byte) (int, error) { return s.file.Write(b) }

// CloseWrite ends the stream for its reader.
func (s *standardOutput) CloseWrite() error {
	if s.closed.Swap(true) {
		return nil
	}
	return dup2(int(s.null.Fd()), int(s.file.Fd()))
}

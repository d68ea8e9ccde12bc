//go:build unix

// Package pipe reads a pipe in such a way that a caller can know exactly what was written to
// it before a given moment.
package pipe

import (
	"errors"
	"io"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// A Reader passes the octets of a pipe, or of a socket, to a function as they arrive. One goroutine calls
// Next; any number may call Now meanwhile.
type Reader struct {
	file *os.File
	raw  syscall.RawConn
	take func(octets []byte)

	// mu is locked from before each read until take has returned. So when Now finds the
	// pipe empty, a read of Next has passed on what it took out before.
	mu sync.Mutex
}

const (
	perRead  = 64 << 10 // octets; the capacity of a pipe on Linux by default
	capacity = 1 << 20  // octets; the most that an unprivileged writer can enlarge it to

	// darwinWait bounds how late the end of a pipe is seen on Darwin.
	darwinWait = 5 * time.Millisecond
)

// NewReader returns a reader of a pipe that was opened with O_NONBLOCK. It calls take with
// the octets of each read. take must not keep them or call the reader.
func NewReader(file *os.File, take func(octets []byte)) (*Reader, error) {
	raw, err := file.SyscallConn()
	if err != nil {
		return nil, err
	}
	return &Reader{file: file, raw: raw, take: take}, nil
}

// buffers holds a buffer for each read under way. Connections are short-lived: a buffer for
// each connection would be mostly garbage.
var buffers = sync.Pool{New: func() any { return new([perRead]byte) }}

// Next waits for octets and passes on those of one read. The error is io.EOF once the last
// writer has closed the pipe, os.ErrClosed once this end is closed, and
// os.ErrDeadlineExceeded at the file's deadline. On Darwin it may also return that earlier:
// call it again then.
func (r *Reader) Next() error {
	if runtime.GOOS == "darwin" {
		// Nothing wakes a waiting reader there when the last writer closes the pipe (Go
		// issue 24164). So every read ends soon and is repeated, which only delays the end.
		if err := r.file.SetReadDeadline(time.Now().Add(darwinWait)); err != nil {
			return err
		}
	}
	var readErr error
	err := r.raw.Read(func(fd uintptr) (done bool) {
		_, readErr = r.once(fd)
		return !errors.Is(readErr, syscall.EAGAIN)
	})
	switch {
	case err == nil:
		return readErr
	case r.raw.Control(func(uintptr) {}) != nil: // closed; RawConn has no error value for that
		return os.ErrClosed
	}
	return err
}

// Now passes on what is in the pipe, without waiting. When it returns, everything that was
// written before the call has been passed on. A writer that never stops cannot keep Now
// from returning: it reads no more than the pipe can hold.
func (r *Reader) Now() {
	_ = r.raw.Control(func(fd uintptr) {
		for read := 0; read < capacity; {
			n, err := r.once(fd)
			if err != nil {
				return
			}
			read += n
		}
	})
}

// once reads once, without waiting, and passes the octets on. The error is syscall.EAGAIN
// if the pipe is empty, and io.EOF if it has no writer either.
func (r *Reader) once(fd uintptr) (n int, err error) {
	buf := buffers.Get().(*[perRead]byte)
	defer buffers.Put(buf)
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		n, err = syscall.Read(int(fd), buf[:])
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	switch {
	case err != nil && !errors.Is(err, syscall.ECONNRESET):
		return 0, err
	case n <= 0: // a socket whose other end was closed with octets unread is reset, which is an end too
		return 0, io.EOF
	}
	r.take(buf[:n])
	return n, nil
}

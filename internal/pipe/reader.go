//go:build unix

// Package pipe reads a pipe so that what has been written to it by some moment is known
// exactly.
package pipe

import (
	"errors"
	"io"
	"os"
	"sync"
	"syscall"
)

// A Reader hands over the octets of a pipe as they come. One goroutine calls Next, any
// may call Now.
type Reader struct {
	file *os.File
	raw  syscall.RawConn
	take func(octets []byte)

	mu sync.Mutex // held from a read until its octets are handed over
}

const (
	perRead = 64 << 10 // octets; as many as a pipe holds, by default
	mostHas = 1 << 20  // octets that a pipe can hold, if its writer enlarges it
)

// NewReader reads from a pipe that was opened with O_NONBLOCK and hands its octets over to
// take, which must neither keep them nor call the reader.
func NewReader(file *os.File, take func(octets []byte)) (*Reader, error) {
	raw, err := file.SyscallConn()
	if err != nil {
		return nil, err
	}
	return &Reader{file: file, raw: raw, take: take}, nil
}

// buffers are for one read each: connections come and go too fast for one of their own.
var buffers = sync.Pool{New: func() any { return new([perRead]byte) }}

// Next waits for octets and hands over those of one read. The error is io.EOF once the
// last writer has closed the pipe, os.ErrClosed once the file is closed here, and
// os.ErrDeadlineExceeded at the file's deadline, or earlier: then call again.
func (r *Reader) Next() error {
	if err := hurry(r.file); err != nil {
		return err
	}
	var readErr error
	err := r.raw.Read(func(fd uintptr) (done bool) {
		_, readErr = r.once(fd)
		return !errors.Is(readErr, syscall.EAGAIN)
	})
	switch {
	case err == nil:
		return readErr
	case r.raw.Control(func(uintptr) {}) != nil: // which a raw connection has no error of its own for
		return os.ErrClosed
	}
	return err
}

// Now hands over what is in the pipe, without waiting: on its return, all that was written
// before its call has been handed over.
func (r *Reader) Now() {
	_ = r.raw.Control(func(fd uintptr) {
		for had := 0; had < mostHas; {
			n, err := r.once(fd)
			if err != nil {
				return
			}
			had += n
		}
	})
}

// once is one read that does not wait: syscall.EAGAIN tells that there is nothing.
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
	case err != nil:
		return 0, err
	case n == 0:
		return 0, io.EOF
	}
	r.take(buf[:n])
	return n, nil
}

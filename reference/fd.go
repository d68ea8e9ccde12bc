//go:build unix

package reference

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"
	"unsafe"
)

// FromFDs starts a connection, as [New] does, over duplicates of two file descriptors.
// The caller keeps the originals and closes them: the peer sees the end of the octets
// only when every copy of send is closed. (EOS-7)
func FromFDs(recv, send int, h Handler, opts ...Option) (*PacketConnection, error) {
	in, err := dup(recv, "recv")
	if err != nil {
		return nil, err
	}
	out, err := dup(send, "send")
	if err != nil {
		_ = in.Close()
		return nil, err
	}
	return New(in, out, h, opts...), nil
}

// dup returns a duplicate of fd that no child process inherits: a child would keep the
// stream open, and the peer would never see its end. The lock keeps another goroutine
// from starting a child between the two system calls.
func dup(fd int, name string) (*os.File, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	copied, err := syscall.Dup(fd)
	if err != nil {
		return nil, fmt.Errorf("dup %s descriptor %d: %w", name, fd, err)
	}
	syscall.CloseOnExec(copied)
	return os.NewFile(uintptr(copied), name), nil
}

// interruptible returns streams whose Close interrupts a read or a write.
func interruptible(recv io.Reader, send io.Writer) (io.Reader, io.Writer) {
	joint := same(recv, send)
	if in := asBlocking(recv); in != nil {
		if recv = in; joint {
			return in, in
		}
	}
	if out := asBlocking(send); out != nil {
		send = out
	}
	return recv, send
}

// A blockingFile is a file whose descriptor is in blocking mode, such as os.Stdin. The
// mode belongs to everybody who shares the file, so it stays. But closing the file does
// not interrupt a read in this mode. So a blockingFile reads and writes only once poll(2)
// says that it can, and polls another pipe too, which Close closes.
type blockingFile struct {
	*os.File
	raw    syscall.RawConn
	awake  *os.File // has nothing to read until Close
	waking *os.File // the other end of awake
	once   sync.Once
}

// asBlocking returns a stream as a blockingFile, or nil if it is something else.
func asBlocking(stream any) *blockingFile {
	file, ok := stream.(*os.File)
	if !ok {
		return nil
	}
	raw, err := file.SyscallConn()
	if err != nil {
		return nil
	}
	blocking := false
	err = raw.Control(func(fd uintptr) {
		flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, fd, syscall.F_GETFL, 0)
		blocking = errno == 0 && flags&syscall.O_NONBLOCK == 0
	})
	if err != nil || !blocking {
		return nil
	}
	awake, waking, err := os.Pipe()
	if err != nil {
		return nil
	}
	return &blockingFile{File: file, raw: raw, awake: awake, waking: waking}
}

// The events of poll(2), on all systems.
const (
	pollIn  = 1
	pollOut = 4
)

// Read implements [io.Reader].
func (f *blockingFile) Read(b []byte) (int, error) {
	if err := f.await(pollIn); err != nil {
		return 0, err
	}
	return f.File.Read(b)
}

// Write implements [io.Writer].
func (f *blockingFile) Write(b []byte) (n int, err error) {
	for n < len(b) {
		if err := f.await(pollOut); err != nil {
			return n, err
		}
		m, err := f.File.Write(b[n:min(len(b), n+atOnce)])
		if n += m; err != nil {
			return n, err
		}
	}
	return n, nil
}

// Close implements [io.Closer].
func (f *blockingFile) Close() (err error) {
	f.once.Do(func() {
		err = errors.Join(f.waking.Close(), f.awake.Close(), f.File.Close())
	})
	return err
}

// await waits for events, or returns [os.ErrClosed].
func (f *blockingFile) await(events int16) error {
	wake, err := f.awake.SyscallConn()
	if err != nil {
		return err
	}
	closed := false
	var pollErr error
	err = f.raw.Control(func(fd uintptr) {
		err := wake.Control(func(awake uintptr) { closed, pollErr = pollBoth(fd, events, awake) })
		closed = closed || err != nil
	})
	if err != nil || closed {
		return os.ErrClosed
	}
	return pollErr
}

// A pollFD is the struct pollfd of poll(2).
type pollFD struct {
	fd              int32
	events, revents int16
}

// pollBoth waits for events of fd, or until the peer of awake is closed.
func pollBoth(fd uintptr, events int16, awake uintptr) (closed bool, err error) {
	fds := [2]pollFD{{fd: int32(fd), events: events}, {fd: int32(awake), events: pollIn}}
	for {
		_, _, errno := syscall.Syscall6(sysPoll, uintptr(unsafe.Pointer(&fds)), uintptr(len(fds)), forEver, 0, 0, 0)
		switch {
		case errno == 0:
			return fds[1].revents != 0, nil
		case !errors.Is(errno, syscall.EINTR):
			return false, fmt.Errorf("poll: %w", errno)
		}
	}
}

//go:build unix

package pipe

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
)

// longestPath is how many bytes the path of a Unix-domain socket may have: Darwin holds 104 with the zero
// byte at the end, and Linux 108.
const longestPath = 103

// A Listener waits at a Unix-domain socket for one connection. Its owner closes it.
type Listener struct {
	path     string
	listener *net.UnixListener
}

// Listen makes a Unix-domain socket at a path.
func Listen(path string) (*Listener, error) {
	if len(path) > longestPath {
		return nil, fmt.Errorf("the path of a socket may have %d bytes, and %s has %d", longestPath, path, len(path))
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, err
	}
	return &Listener{path, l}, nil
}

// Path returns the path of the socket.
func (l *Listener) Path() string { return l.path }

// Accept returns both directions of the connection that a program has made, each as a file of its own. It
// does not wait: the error is syscall.EAGAIN if no program has connected. Close the files with
// [CloseSending] and [CloseReading].
func (l *Listener) Accept() (to, from *os.File, err error) {
	raw, err := l.listener.SyscallConn()
	if err != nil {
		return nil, nil, err
	}
	first, second, acceptErr := -1, -1, error(nil)
	err = raw.Control(func(fd uintptr) {
		syscall.ForkLock.RLock() // so that no process that starts now inherits them
		defer syscall.ForkLock.RUnlock()
		if first, _, acceptErr = syscall.Accept(int(fd)); acceptErr != nil {
			return
		}
		if second, acceptErr = syscall.Dup(first); acceptErr != nil {
			_ = syscall.Close(first)
			return
		}
		for _, fd := range []int{first, second} {
			syscall.CloseOnExec(fd)
			acceptErr = errors.Join(acceptErr, syscall.SetNonblock(fd, true))
		}
	})
	if err = errors.Join(err, acceptErr); err != nil {
		return nil, nil, err
	}
	return os.NewFile(uintptr(first), l.path), os.NewFile(uintptr(second), l.path), nil
}

// Close ends the wait, and removes the socket. The connections stay.
func (l *Listener) Close() { _ = l.listener.Close() }

// CloseSending closes a file to which octets are written. The other end of a socket then reads the end of
// the octets, even if another file for the socket stays open.
func CloseSending(f *os.File) error { return closeOne(f, syscall.SHUT_WR) }

// CloseReading closes a file from which octets are read. The other end's writes then fail, even if another
// file for the socket stays open.
func CloseReading(f *os.File) error { return closeOne(f, syscall.SHUT_RD) }

// closeOne ends one direction if f is a socket, and closes f.
func closeOne(f *os.File, direction int) error {
	if raw, err := f.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { _ = syscall.Shutdown(int(fd), direction) }) // fails if f is a pipe
	}
	return f.Close()
}

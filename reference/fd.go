//go:build unix

package reference

import (
	"fmt"
	"os"
	"syscall"
)

// FromFDs starts a connection, as [New] does, over duplicates of two file descriptors.
// The caller keeps the originals and closes them: the peer sees the end of the octets
// only when every copy of send is closed. (EOS-7)
//
// If a descriptor is in blocking mode, [PacketConnection.Close] cannot interrupt a read
// or write under way: the connection then ends when the peer closes its end.
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

//go:build unix

package reference

import (
	"fmt"
	"os"
	"syscall"
)

// FromFDs is [New] over two file descriptors. Both are dup'ed: the caller keeps
// the originals and closes them; the peer sees the end of the octets once every
// copy of send is closed. (EOS-7)
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

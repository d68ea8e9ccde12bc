package pipe

import (
	"os"
	"syscall"
	"unsafe"
)

// Unread returns how many octets of a pipe its reader has not read. It takes either end. For a socket it
// returns how much memory the octets take that were written to f, and that the other end has not read.
func Unread(f *os.File) (n int, ok bool) {
	const fionread, tiocoutq = 0x541b, 0x5411
	raw, err := f.SyscallConn()
	if err != nil {
		return 0, false
	}
	var v int32
	var errno syscall.Errno
	err = raw.Control(func(fd uintptr) {
		request := uintptr(fionread)
		if _, err := syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_TYPE); err == nil {
			request = tiocoutq
		}
		_, _, errno = syscall.Syscall(syscall.SYS_IOCTL, fd, request, uintptr(unsafe.Pointer(&v)))
	})
	return int(v), err == nil && errno == 0
}

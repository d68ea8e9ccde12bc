package pipe

import (
	"os"
	"syscall"
	"unsafe"
)

// Unread returns how many octets of a pipe its reader has not read. It takes either end.
func Unread(f *os.File) (n int, ok bool) {
	const fionread = 0x541b
	raw, err := f.SyscallConn()
	if err != nil {
		return 0, false
	}
	var v int32
	var errno syscall.Errno
	err = raw.Control(func(fd uintptr) {
		_, _, errno = syscall.Syscall(syscall.SYS_IOCTL, fd, fionread, uintptr(unsafe.Pointer(&v)))
	})
	return int(v), err == nil && errno == 0
}

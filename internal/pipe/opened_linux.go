package pipe

import (
	"os"
	"syscall"
)

// WasOpened reports whether another process has opened the named pipe whose reading end is from,
// or has the named pipe at the path to open for reading. The caller must have opened from without
// waiting, and not have to open for reading itself. A writer of from that has come and gone counts; nothing
// shows a reader of to that has gone.
func WasOpened(from *os.File, to string) bool {
	if HasReader(to) {
		return true
	}
	raw, err := from.SyscallConn()
	if err != nil {
		return true
	}
	opened := true
	_ = raw.Control(func(fd uintptr) {
		// With a writer and no octets, read fails with EAGAIN. Without one it reads the end of the
		// file, but only if there has ever been one does epoll report a hangup.
		n, err := syscall.Read(int(fd), make([]byte, 1))
		opened = n > 0 || err != nil || hungUp(int(fd))
	})
	return opened
}

// HasWriter reports whether a process has the writing end of a pipe open, whose reading end is f.
// It reports false where that cannot be seen.
func HasWriter(f *os.File) (has bool) {
	raw, err := f.SyscallConn()
	if err != nil {
		return false
	}
	_ = raw.Control(func(fd uintptr) { has = !hungUp(int(fd)) })
	return has
}

// hungUp reports whether the last writer of a pipe has gone, or that cannot be seen.
func hungUp(fd int) bool {
	epoll, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return true
	}
	defer func() { _ = syscall.Close(epoll) }()
	events := []syscall.EpollEvent{{Events: syscall.EPOLLIN, Fd: int32(fd)}}
	if err := syscall.EpollCtl(epoll, syscall.EPOLL_CTL_ADD, fd, &events[0]); err != nil {
		return true
	}
	n, err := syscall.EpollWait(epoll, events, 0)
	return err != nil || n > 0 && events[0].Events&syscall.EPOLLHUP != 0
}

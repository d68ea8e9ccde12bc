//go:build unix && !linux

package reference

import "syscall"

// The call that polls, and its argument for no timeout, which is -1.
const (
	sysPoll = syscall.SYS_POLL
	forEver = ^uintptr(0)
)

// atOnce is how many octets a pipe accepts without blocking once poll says that it is
// writable: the PIPE_BUF that POSIX grants.
const atOnce = 512

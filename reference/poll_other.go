//go:build unix && !linux

package reference

import "syscall"

// The call that polls, and its argument for no timeout, which is -1.
const (
	sysPoll = syscall.SYS_POLL
	forEver = ^uintptr(0)
)

package reference

import "syscall"

// The call that polls, and its argument for no timeout. Not every Linux has poll itself.
const (
	sysPoll = syscall.SYS_PPOLL
	forEver = 0
)

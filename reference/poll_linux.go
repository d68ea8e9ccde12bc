package reference

import "syscall"

// The call that polls, and its argument for no timeout. Not every Linux has poll itself.
const (
	sysPoll = syscall.SYS_PPOLL
	forEver = 0
)

// atOnce is how many octets a pipe accepts without blocking once poll says that it is
// writable: a page.
const atOnce = 4096

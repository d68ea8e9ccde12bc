//go:build unix && !linux

package watch

import "golang.org/x/sys/unix"

// dup2 makes a descriptor refer to the file of another.
func dup2(from, to int) error { return unix.Dup2(from, to) }

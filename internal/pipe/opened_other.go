//go:build unix && !linux

package pipe

import "os"

// WasOpened reports true: whether a named pipe has ever been opened shows only on Linux.
func WasOpened(*os.File, string) bool { return true }

// HasWriter reports false: whether a pipe has a writer shows only on Linux.
func HasWriter(*os.File) bool { return false }

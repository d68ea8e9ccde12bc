//go:build unix && !linux

package play

import "os"

// unread cannot be told here.
func unread(*os.File) (n int, ok bool) { return 0, false }

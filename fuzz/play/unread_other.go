//go:build unix && !linux

package play

import "os"

// unread reports that this system cannot tell how many octets of a pipe are unread.
func unread(*os.File) (n int, ok bool) { return 0, false }

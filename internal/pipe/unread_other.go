//go:build unix && !linux

package pipe

import "os"

// Unread reports that this system cannot tell how many octets of a pipe are unread.
func Unread(*os.File) (n int, ok bool) { return 0, false }

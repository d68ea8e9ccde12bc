//go:build !unix

package reference

import "io"

// interruptible returns its arguments: only Unix lets a blocking file be polled.
func interruptible(recv io.Reader, send io.Writer) (io.Reader, io.Writer) { return recv, send }

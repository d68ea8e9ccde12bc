//go:build unix && !darwin

package peer

import "os"

// readOnce reads what is there, waiting for something or for the end.
func readOnce(f *os.File, buf []byte) (int, error) { return f.Read(buf) }

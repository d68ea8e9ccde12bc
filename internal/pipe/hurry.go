//go:build unix && !darwin

package pipe

import "os"

// hurry lets a read wait as long as it takes: its end is told to who waits.
func hurry(*os.File) error { return nil }

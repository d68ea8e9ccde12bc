package pipe

import (
	"os"
	"time"
)

// hurry ends a read after a while. On Darwin nothing tells a waiting reader that a pipe's
// last writer has closed it (Go issue 24164), so that it has to look again now and then:
// only the end is seen that much late.
func hurry(f *os.File) error {
	const lookAgain = 5 * time.Millisecond
	return f.SetReadDeadline(time.Now().Add(lookAgain))
}

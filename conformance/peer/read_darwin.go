package peer

import (
	"os"
	"time"
)

// readOnce reads what is there. On Darwin nothing tells a waiting reader that a
// pipe's last writer has closed it (Go issue 24164), so that it gives up now and
// then, for the caller to look again: only the end is seen that much late.
func readOnce(f *os.File, buf []byte) (int, error) {
	const lookAgain = 5 * time.Millisecond
	if err := f.SetReadDeadline(time.Now().Add(lookAgain)); err != nil {
		return 0, err
	}
	return f.Read(buf)
}

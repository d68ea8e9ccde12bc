package adapter

import (
	"io"
	"strings"
	"sync"
)

// tailSize is how many octets of an adapter's standard error are kept.
const tailSize = 8 << 10

// tail reads a stream to its end and keeps the last of it.
type tail struct {
	ended chan struct{} // closed at the end of the stream

	mu   sync.Mutex
	kept []byte
	seen int64
}

func newTail(r io.Reader) *tail {
	t := &tail{ended: make(chan struct{})}
	go func() {
		defer close(t.ended)
		_, _ = io.Copy(t, r)
	}()
	return t
}

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, b...)
	if over := len(t.kept) - tailSize; over > 0 {
		t.kept = append([]byte(nil), t.kept[over:]...)
	}
	t.seen += int64(len(b))
	return len(b), nil
}

// total is how many octets the stream has brought so far.
func (t *tail) total() (octets int64, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.seen, true
}

// String is what was kept, from the start of a line on.
func (t *tail) String() string { return t.since(0) }

// since is what was kept of what came after the first so many octets, from the start
// of a line on if some of it was not kept.
func (t *tail) since(octets int64) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	first := t.seen - int64(len(t.kept))
	if octets >= first {
		return string(t.kept[min(octets-first, int64(len(t.kept))):])
	}
	kept := string(t.kept)
	if _, rest, found := strings.Cut(kept, "\n"); found {
		kept = rest
	}
	return "…\n" + kept
}

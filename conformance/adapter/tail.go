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
	mu   sync.Mutex
	kept []byte
	seen int64
}

func newTail(r io.Reader) *tail {
	t := &tail{}
	go func() { _, _ = io.Copy(t, r) }()
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
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := string(t.kept)
	if t.seen > int64(len(t.kept)) {
		if _, rest, found := strings.Cut(s, "\n"); found {
			s = rest
		}
		s = "…\n" + s
	}
	return s
}

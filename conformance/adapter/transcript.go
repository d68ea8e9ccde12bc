package adapter

import (
	"fmt"
	"io"
	"strings"
	"sync"
)

// What is kept of an adapter's standard error, in bytes: the beginning since a mark, where some
// runtimes print the message of a panic, and the end, where others do.
const (
	headSize = 4 << 10
	tailSize = 8 << 10
)

// A transcript reads a stream to its end, and keeps what was written first since the last mark, and
// what was written last.
type transcript struct {
	ended chan struct{} // closed at the end of the stream

	mu     sync.Mutex
	head   []byte // at most headSize bytes since the mark
	tail   []byte // the last tailSize bytes
	seen   int64  // bytes read so far
	marked int64  // bytes read at the mark
}

func newTranscript(r io.Reader) *transcript {
	t := &transcript{ended: make(chan struct{})}
	go func() {
		defer close(t.ended)
		_, _ = io.Copy(t, r)
	}()
	return t
}

func (t *transcript) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.head = append(t.head, b[:min(len(b), headSize-len(t.head))]...)
	t.tail = append(t.tail, b...)
	if over := len(t.tail) - tailSize; over > 0 {
		t.tail = append([]byte(nil), t.tail[over:]...)
	}
	t.seen += int64(len(b))
	return len(b), nil
}

// mark has String begin with what comes next.
func (t *transcript) mark() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.marked, t.head = t.seen, nil
}

// total returns how many bytes the stream has brought so far; ok is always true.
func (t *transcript) total() (n int64, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.seen, true
}

// String returns what was kept since the last mark. It shows both ends of more, cut at the ends of
// lines where they have any, with a count of the bytes between them.
func (t *transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	first := t.seen - int64(len(t.tail))
	end := t.marked + int64(len(t.head))
	if end >= first { // the two ends meet
		return string(t.head) + string(t.tail[end-first:])
	}
	head, tail := string(t.head), string(t.tail)
	if i := strings.LastIndexByte(head, '\n'); i >= 0 {
		head = head[:i]
	}
	if _, rest, found := strings.Cut(tail, "\n"); found && rest != "" {
		tail = rest
	}
	more := t.seen - t.marked - int64(len(head)) - int64(len(tail))
	return fmt.Sprintf("%s\n… (%d more bytes) …\n%s", head, more, tail)
}

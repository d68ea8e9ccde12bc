//go:build unix

package pipe_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/packetspec/packetspec/internal/pipe"
)

// A taken collects the octets that a reader passes on.
type taken struct {
	mu     sync.Mutex
	octets []byte
}

func (t *taken) take(octets []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.octets = append(t.octets, octets...)
}

func (t *taken) count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.octets)
}

// newPipe creates a named pipe, and returns a reader of it and its two ends.
func newPipe(t *testing.T, take func([]byte)) (reader *pipe.Reader, from, to *os.File) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Fatal(err)
	}
	from, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = from.Close() })
	if to, err = os.OpenFile(name, os.O_WRONLY, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = to.Close() })
	if reader, err = pipe.NewReader(from, take); err != nil {
		t.Fatal(err)
	}
	return reader, from, to
}

// readAll calls Next until the end of the pipe, and returns its error.
func readAll(r *pipe.Reader) error {
	for {
		if err := r.Next(); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
	}
}

// Next passes on everything that is written, and then returns io.EOF.
func TestNext(t *testing.T) {
	var got taken
	r, _, to := newPipe(t, got.take)
	want := bytes.Repeat([]byte("octets "), 50_000)
	go func() {
		_, _ = to.Write(want)
		_ = to.Close()
	}()
	if err := readAll(r); !errors.Is(err, io.EOF) {
		t.Errorf("got the error %v, expected io.EOF", err)
	}
	if !bytes.Equal(got.octets, want) {
		t.Errorf("%d octets came, expected the %d that were written", len(got.octets), len(want))
	}
}

// Now misses no octet that was written before the call, even while another goroutine is in
// Next.
func TestNow(t *testing.T) {
	var got taken
	r, _, to := newPipe(t, got.take)
	read := make(chan error)
	go func() { read <- readAll(r) }()
	written := 0
	for i := range 5000 {
		n, err := to.Write(make([]byte, 1+i%300))
		if err != nil {
			t.Fatal(err)
		}
		written += n
		r.Now()
		if had := got.count(); had != written {
			t.Fatalf("got %d octets, expected the %d that were written before Now", had, written)
		}
	}
	_ = to.Close()
	if err := <-read; !errors.Is(err, io.EOF) {
		t.Errorf("got the error %v, expected io.EOF", err)
	}
}

// Now returns even if the writer never stops.
func TestNowReturns(t *testing.T) {
	var to *os.File
	reads := 0
	more := func(octets []byte) {
		reads++
		if _, err := to.Write(octets); err != nil { // it has room for what was read
			t.Error(err)
		}
	}
	r, _, writer := newPipe(t, more)
	to = writer
	if _, err := to.Write(make([]byte, 4<<10)); err != nil {
		t.Fatal(err)
	}
	r.Now()
	if reads < 2 {
		t.Errorf("Now read %d times, expected more than one read", reads)
	}
}

// A deadline and the closing of the file interrupt Next.
func TestNextIsInterrupted(t *testing.T) {
	r, from, _ := newPipe(t, func([]byte) {})
	if err := from.SetReadDeadline(time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	if err := r.Next(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got the error %v, expected os.ErrDeadlineExceeded", err)
	}
	if err := from.SetReadDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	read := make(chan error)
	go func() { read <- readAll(r) }()
	_ = from.Close()
	if err := <-read; !errors.Is(err, os.ErrClosed) {
		t.Errorf("got the error %v, expected os.ErrClosed", err)
	}
	r.Now() // reads nothing
}

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

// A taken is what a reader has handed over.
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

// open opens a named pipe and its reader.
func open(t *testing.T, take func([]byte)) (reader *pipe.Reader, from, to *os.File) {
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

// readAll calls Next until the pipe's end.
func readAll(r *pipe.Reader) error {
	for {
		if err := r.Next(); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
	}
}

// TestNext reads all that is written, to the end.
func TestNext(t *testing.T) {
	var got taken
	r, _, to := open(t, got.take)
	want := bytes.Repeat([]byte("octets "), 50_000)
	go func() {
		_, _ = to.Write(want)
		_ = to.Close()
	}()
	if err := readAll(r); !errors.Is(err, io.EOF) {
		t.Errorf("the error is %v, expected the end of the pipe", err)
	}
	if !bytes.Equal(got.octets, want) {
		t.Errorf("%d octets came, expected the %d that were written", len(got.octets), len(want))
	}
}

// TestNow has nothing missing of what was written before it is asked, though another
// goroutine reads at the same time.
func TestNow(t *testing.T) {
	var got taken
	r, _, to := open(t, got.take)
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
			t.Fatalf("%d octets have come of %d that are written", had, written)
		}
	}
	_ = to.Close()
	if err := <-read; !errors.Is(err, io.EOF) {
		t.Errorf("the error is %v, expected the end of the pipe", err)
	}
}

// TestNowEnds though there is always more.
func TestNowEnds(t *testing.T) {
	var to *os.File
	reads := 0
	more := func(octets []byte) {
		reads++
		if _, err := to.Write(octets); err != nil { // it has room for what was read
			t.Error(err)
		}
	}
	r, _, writer := open(t, more)
	to = writer
	if _, err := to.Write(make([]byte, 4<<10)); err != nil {
		t.Fatal(err)
	}
	r.Now()
	if reads < 2 {
		t.Errorf("it read %d times, expected to go on for a while", reads)
	}
}

// TestClosed ends a read under way, at a deadline and when the file is closed.
func TestClosed(t *testing.T) {
	r, from, _ := open(t, func([]byte) {})
	if err := from.SetReadDeadline(time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	if err := r.Next(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the error is %v, expected that the deadline is over", err)
	}
	if err := from.SetReadDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	read := make(chan error)
	go func() { read <- readAll(r) }()
	_ = from.Close()
	if err := <-read; !errors.Is(err, os.ErrClosed) {
		t.Errorf("the error is %v, expected that the file is closed", err)
	}
	r.Now() // reads nothing
}

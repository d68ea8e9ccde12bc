package pipe_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/packetspec/packetspec/internal/pipe"
)

// TestWasOpened sees who has the pipes open, and that a writer has come and gone.
func TestWasOpened(t *testing.T) {
	dir := t.TempDir()
	to, fromPath := filepath.Join(dir, "to"), filepath.Join(dir, "from")
	for _, path := range []string{to, fromPath} {
		if err := syscall.Mkfifo(path, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	open := func(path string, mode int) *os.File {
		f, err := os.OpenFile(path, mode|syscall.O_NONBLOCK, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Close() })
		return f
	}
	from := open(fromPath, os.O_RDONLY)
	expect := func(when string, want bool) {
		if got := pipe.WasOpened(from, to); got != want {
			t.Errorf("%s: got %t, expected %t", when, got, want)
		}
	}
	expect("at first", false)
	reader := open(to, os.O_RDONLY)
	expect("with a reader", true)
	_ = reader.Close()
	expect("when the reader has gone", false)
	writer := open(fromPath, os.O_WRONLY)
	expect("with a writer", true)
	_ = writer.Close()
	expect("when the writer has gone", true)
}

package readfile_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/packetspec/packetspec/internal/readfile"
)

func readAll(ctx context.Context, name string) (string, error) {
	f, err := readfile.Open(ctx, name)
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(f)
	return string(text), errors.Join(err, f.Close())
}

func makePipe(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestOpen(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	if text, err := readAll(t.Context(), name); text != "text" || err != nil {
		t.Errorf("got %q, %v", text, err)
	}
	if _, err := readAll(t.Context(), name+"s"); !errors.Is(err, fs.ErrNotExist) || err.Error() != name+"s: no such file or directory" {
		t.Errorf("a missing file: got %v", err)
	}
}

func TestOpenWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	socket := filepath.Join(dir, "socket")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	for name, kind := range map[string]string{dir: "a folder", "/dev/zero": "a device", "/dev/null": "a device", socket: "a socket"} {
		_, err := readAll(t.Context(), name)
		if err == nil || !strings.HasPrefix(err.Error(), name+" is "+kind+": it must be a file\nhint: ") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// A pipe is read to its end, also if its writer pauses.
func TestOpenPipe(t *testing.T) {
	name := makePipe(t)
	w, err := os.OpenFile(name, os.O_RDWR, 0) // a writer that needs no reader
	if err != nil {
		t.Fatal(err)
	}
	f, err := readfile.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"one", "two"} {
		if _, err := w.WriteString(text); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, 3)
		if _, err := io.ReadFull(f, got); string(got) != text || err != nil {
			t.Errorf("got %q, %v, expected %q", got, err, text)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(f); len(rest) > 0 || err != nil {
		t.Errorf("got %q, %v after the end", rest, err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

func TestPipeWithoutAWriter(t *testing.T) {
	name := makePipe(t)
	if _, err := readAll(t.Context(), name); err == nil || !strings.HasPrefix(err.Error(), "nobody writes to the named pipe "+name+"\nhint: ") {
		t.Errorf("got %v", err)
	}
}

// A writer may open a pipe and never write. The end of the context then ends reading.
func TestPipeWithASilentWriter(t *testing.T) {
	name := makePipe(t)
	both, err := os.OpenFile(name, os.O_RDWR, 0) // a writer that needs no reader
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = both.Close() }()
	ctx, cancel := context.WithCancel(t.Context())
	f, err := readfile.Open(ctx, name)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() {
		_, err := io.ReadAll(f)
		ended <- err
	}()
	cancel()
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "interrupted while reading") {
		t.Errorf("got %v", err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

// TestAll reads a file of as many bytes as are allowed, and none that is longer.
func TestAll(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	if content, err := readfile.All(t.Context(), name, 4); err != nil || string(content) != "text" {
		t.Errorf("got %q, %v", content, err)
	}
	if _, err := readfile.All(t.Context(), name, 3); !errors.Is(err, readfile.ErrTooLong) || !strings.Contains(err.Error(), "more than 3 bytes") {
		t.Errorf("got the error %v", err)
	}
	if _, err := readfile.All(t.Context(), "/dev/zero", 4); err == nil || !strings.Contains(err.Error(), "a device") {
		t.Errorf("got the error %v", err)
	}
}

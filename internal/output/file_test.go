package output_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/packetspec/packetspec/internal/output"
)

// write opens a file and writes text to it.
func write(t *testing.T, name, text string) error {
	t.Helper()
	f, err := output.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return f.Write(func(w io.Writer) error { _, err := io.WriteString(w, text); return err })
}

func read(t *testing.T, name string) string {
	t.Helper()
	bytes, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(bytes)
}

// TestFailedWrite leaves the old content where the new one fails, and no other file.
func TestFailedWrite(t *testing.T) {
	name := filepath.Join(t.TempDir(), "old")
	if err := os.WriteFile(name, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := output.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	full := errors.New("full")
	err = f.Write(func(w io.Writer) error {
		_, _ = io.WriteString(w, "half of it")
		return full
	})
	if !errors.Is(err, full) {
		t.Errorf("got the error %v, expected %v", err, full)
	}
	if got := read(t, name); got != "old" {
		t.Errorf("got %q, expected the old content", got)
	}
	if left, _ := os.ReadDir(filepath.Dir(name)); len(left) != 1 {
		t.Errorf("got the files %v, expected one", left)
	}
}

// TestOpenChangesNothing neither makes a file nor empties one.
func TestOpenChangesNothing(t *testing.T) {
	dir := t.TempDir()
	old, fresh := filepath.Join(dir, "old"), filepath.Join(dir, "fresh")
	if err := os.WriteFile(old, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{old, fresh} {
		f, err := output.Open(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	if got := read(t, old); got != "old" {
		t.Errorf("got %q, expected the old content", got)
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("got the files %v, expected one", left)
	}
}

// TestHardLink writes to a file that has a second name through either.
func TestHardLink(t *testing.T) {
	dir := t.TempDir()
	one, two := filepath.Join(dir, "one"), filepath.Join(dir, "two")
	if err := os.WriteFile(one, []byte("a longer old content"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(one, two); err != nil {
		t.Fatal(err)
	}
	if err := write(t, one, "new"); err != nil {
		t.Error(err)
	}
	if got := read(t, two); got != "new" {
		t.Errorf("got %q by the second name, expected %q", got, "new")
	}
}

// TestNoRight opens neither a file that must not be changed, nor one to be made in a folder
// that must not; but it writes a file in such a folder.
func TestNoRight(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may change every file")
	}
	dir := t.TempDir()
	for name, mode := range map[string]fs.FileMode{"fixed": 0o400, "free": 0o600} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("a longer old content"), mode); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := output.Open(t.Context(), filepath.Join(dir, "fixed")); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("got the error %v for a file without the right to write, expected %v", err, fs.ErrPermission)
	}
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(dir, 0o700) })
	if _, err := output.Open(t.Context(), filepath.Join(dir, "fresh")); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("got the error %v for a new file, expected %v", err, fs.ErrPermission)
	}
	if err := write(t, filepath.Join(dir, "free"), "new"); err != nil {
		t.Error(err)
	}
	if got := read(t, filepath.Join(dir, "free")); got != "new" {
		t.Errorf("got %q, expected %q", got, "new")
	}
}

// TestPipeWithoutReader does not wait for a reader after its context has ended.
func TestPipeWithoutReader(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := output.Open(ctx, pipe); err == nil || !strings.Contains(err.Error(), "nobody reads") {
		t.Errorf("got the error %v, expected that nobody reads the pipe", err)
	}
	reader, err := os.OpenFile(pipe, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reader.Close() }()
	if err := write(t, pipe, "new"); err != nil {
		t.Error(err)
	}
	if got, err := io.ReadAll(reader); err != nil || string(got) != "new" {
		t.Errorf("got %q, %v, expected %q", got, err, "new")
	}
}

package output

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/packetspec/packetspec/internal/hint"
)

// A File is a file to write later, once. Its owner ends it with Write or Close.
type File struct {
	name   string
	path   string      // of the file to make or to replace; empty if direct is set
	info   fs.FileInfo // of the file to replace; nil: there is none yet
	direct *os.File    // to write to; nil: a new file is renamed to path
}

// Open finds out whether a file can be written, and changes nothing. If it is a named pipe that
// nobody reads yet, Open waits a few seconds for a reader, or until ctx ends.
func Open(ctx context.Context, name string) (*File, error) {
	p, err := find(name)
	if err != nil {
		return nil, err
	}
	f := &File{name: name, path: p.path, info: p.info}
	switch {
	case p.descriptor >= 0:
		f.direct, err = openDescriptor(p.descriptor)
	case p.info == nil:
		err = tryToMake(p.path)
	case p.info.Mode().IsRegular():
		err = f.openRegular()
	case p.info.Mode()&fs.ModeNamedPipe != 0:
		if f.direct, err = openPipe(ctx, p.path); err == nil {
			context.AfterFunc(ctx, func() { _ = f.direct.SetWriteDeadline(time.Now().Add(readerTime)) })
		}
	default:
		f.direct, err = os.OpenFile(p.path, os.O_WRONLY|syscall.O_NOCTTY, 0)
	}
	if err != nil {
		return nil, explain(err)
	}
	return f, nil
}

// OpenLive opens a file to write to as the work goes on, from its beginning. It replaces nothing at the end:
// a reader may follow the file. The caller closes it.
func OpenLive(ctx context.Context, name string) (file *os.File, err error) {
	p, err := find(name)
	if err != nil {
		return nil, err
	}
	switch {
	case p.descriptor >= 0:
		file, err = openDescriptor(p.descriptor)
	case p.info != nil && p.info.Mode()&fs.ModeNamedPipe != 0:
		file, err = openPipe(ctx, p.path)
	default:
		file, err = os.OpenFile(p.path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|syscall.O_NOCTTY, 0o666)
	}
	if err != nil {
		return nil, explain(err)
	}
	return file, nil
}

// explain returns an error without the names of calls, with a hint where one helps.
func explain(err error) error {
	err = cause(err)
	if errors.Is(err, fs.ErrPermission) && !hint.IsIn(err) {
		return hint.Add(err, "write to a folder and a file that this user may change")
	}
	return err
}

// openDescriptor returns a duplicate of a descriptor that this process was started with.
func openDescriptor(n int) (*os.File, error) {
	flags, err := unix.FcntlInt(uintptr(n), unix.F_GETFL, 0)
	switch {
	case err != nil:
		return nil, hint.Add(fmt.Errorf("nothing is open as descriptor %d", n), "packetspec ... %d>FILE", n)
	case flags&unix.O_ACCMODE == unix.O_RDONLY:
		return nil, hint.Add(fmt.Errorf("descriptor %d is open for reading only", n), "packetspec ... %d>FILE", n)
	}
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	duplicate, err := syscall.Dup(n)
	if err != nil {
		return nil, err
	}
	syscall.CloseOnExec(duplicate)
	if n > 2 { // no adapter may hold it: its reader waits until all have closed it
		syscall.CloseOnExec(n)
	}
	return os.NewFile(uintptr(duplicate), fmt.Sprintf("/dev/fd/%d", n)), nil
}

// readerTime is how long a named pipe may be without a reader, and its reader may read nothing
// after a signal. A program that is started together with this one opens the pipe within
// milliseconds, on a busy machine within seconds.
const readerTime = 5 * time.Second

// openPipe opens a named pipe once it has a reader. To open it blocking could block for ever, and
// no signal would end that.
func openPipe(ctx context.Context, path string) (*os.File, error) {
	ctx, cancel := context.WithTimeout(ctx, readerTime)
	defer cancel()
	for wait := time.Millisecond; ; wait = min(2*wait, 100*time.Millisecond) {
		file, err := os.OpenFile(path, os.O_WRONLY|syscall.O_NONBLOCK, 0)
		if !errors.Is(err, syscall.ENXIO) {
			return file, err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil, hint.Add(fmt.Errorf("nobody reads the named pipe %s", path), "start its reader first: cat %s > FILE &", path)
		}
	}
}

// openRegular finds out whether a file can be replaced by a new one. If not, as in a folder where
// no file can be made, it opens the file itself. So it does if a new file would lose something:
// another owner, or another name of the file.
func (f *File) openRegular() error {
	file, err := os.OpenFile(f.path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	old, ok := f.info.Sys().(*syscall.Stat_t)
	mine := ok && (int(old.Uid) == os.Geteuid() || os.Geteuid() == 0)
	if mine && old.Nlink == 1 && tryToMake(f.path) == nil {
		return file.Close()
	}
	f.direct = file
	return nil
}

// tryToMake makes a file beside a path, and removes it. It does not make the file itself: a
// program that is killed before it has written would leave an empty one.
func tryToMake(path string) error {
	file, err := makeBeside(path, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(file.Close(), os.Remove(file.Name()))
}

// makeBeside makes a file in the folder of a path, with a short name of its own.
func makeBeside(path string, mode fs.FileMode) (*os.File, error) {
	for {
		name := filepath.Join(filepath.Dir(path), fmt.Sprintf(".packetspec-%08x", rand.Uint32()))
		file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
		if !errors.Is(err, fs.ErrExist) {
			return file, err
		}
	}
}

// Write writes what content writes, and closes the file. If it fails, a file to replace is as it
// was. Write must not be called again.
func (f *File) Write(content func(io.Writer) error) error {
	err := f.write(content)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = fmt.Errorf("its reader has read nothing for %v", readerTime)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", f.name, cause(err))
	}
	return nil
}

func (f *File) write(content func(io.Writer) error) error {
	if f.direct != nil {
		return f.writeDirect(content)
	}
	mode := fs.FileMode(0o666)
	if f.info != nil {
		mode = f.info.Mode().Perm()
	}
	file, err := makeBeside(f.path, mode)
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(file.Name()) }() // nothing, once it is renamed
	err = content(file)
	if old := f.info; old != nil && err == nil {
		stat, _ := old.Sys().(*syscall.Stat_t)
		_ = file.Chown(int(stat.Uid), int(stat.Gid)) // the owner is the same, or this is root
		err = file.Chmod(old.Mode() & (fs.ModePerm | fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky))
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	err = os.Rename(file.Name(), f.path)
	if errors.Is(err, syscall.EBUSY) { // the file itself is mounted, as containers do
		return f.copyFrom(file.Name())
	}
	return err
}

// copyFrom writes the content of a file directly.
func (f *File) copyFrom(name string) (err error) {
	whole, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	if f.direct, err = os.OpenFile(f.path, os.O_WRONLY, 0); err != nil {
		return err
	}
	return f.writeDirect(func(w io.Writer) error { _, err := io.Copy(w, bytes.NewReader(whole)); return err })
}

func (f *File) writeDirect(content func(io.Writer) error) error {
	if f.info != nil && f.info.Mode().IsRegular() { // a descriptor may be in the middle of one
		if err := f.direct.Truncate(0); err != nil {
			return errors.Join(err, f.direct.Close())
		}
	}
	return errors.Join(content(f.direct), f.direct.Close())
}

// Close gives up a file that will not be written, and leaves it as it is.
func (f *File) Close() {
	if f.direct != nil {
		_ = f.direct.Close()
	}
}

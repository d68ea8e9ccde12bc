// Package readfile opens files that a person has named, for reading. It never waits without end.
package readfile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"

	"github.com/packetspec/packetspec/internal/hint"
)

// Open opens a regular file or a named pipe, which includes /dev/fd/63 as a shell's <(command) names
// it. It refuses folders, devices and sockets. The error of a missing file wraps [fs.ErrNotExist].
//
// Reading from a pipe ends with an error if nobody writes to it, or if ctx ends.
func Open(ctx context.Context, name string) (io.ReadCloser, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, plain(name, err)
	}
	switch kind := info.Mode().Type(); {
	case kind == fs.ModeNamedPipe:
		return openPipe(ctx, name)
	case kind == fs.ModeDir:
		return nil, refuse(name, "a folder")
	case kind == fs.ModeSocket:
		return nil, refuse(name, "a socket")
	case kind != 0:
		return nil, refuse(name, "a device")
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, plain(name, err)
	}
	return file, nil
}

// ErrTooLong is wrapped by the error of [All] about a file that is longer than is allowed.
var ErrTooLong = errors.New("too long")

// All reads a file as [Open] does, and at most a number of bytes of it. It returns an error if the
// file is longer.
func All(ctx context.Context, name string, most int) ([]byte, error) {
	file, err := Open(ctx, name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	content, err := io.ReadAll(io.LimitReader(file, int64(most)+1))
	switch {
	case err != nil:
		return nil, err
	case len(content) > most:
		return nil, fmt.Errorf("%s is %w: it has more than %d bytes", name, ErrTooLong, most)
	}
	return content, nil
}

func refuse(name, kind string) error {
	return hint.Add(fmt.Errorf("%s is %s: it must be a file", name, kind), "name a regular file, or a named pipe that a program writes to")
}

// plain returns the error of a call that took a file's name, without the name of the call.
func plain(name string, err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	err = fmt.Errorf("%s: %w", name, err)
	if errors.Is(err, fs.ErrPermission) {
		return hint.Add(err, "name a file that this user may read")
	}
	return err
}

// writerTime is how long a named pipe may be without a writer. A program that is started together
// with this one opens the pipe within milliseconds.
const writerTime = time.Second

// A pipe is a named pipe. Opening one for reading and blocking may block for ever, so it is opened
// without. A read then returns EOF also before the first writer comes.
type pipe struct {
	*os.File
	ctx   context.Context
	stop  func() bool
	began bool // something was read
	until time.Time
}

func openPipe(ctx context.Context, name string) (*pipe, error) {
	file, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, plain(name, err)
	}
	stop := context.AfterFunc(ctx, func() { _ = file.SetReadDeadline(time.Unix(1, 0)) })
	return &pipe{File: file, ctx: ctx, stop: stop, until: time.Now().Add(writerTime)}, nil
}

// Read implements [io.Reader].
func (p *pipe) Read(b []byte) (int, error) {
	for {
		n, err := p.File.Read(b)
		p.began = p.began || n > 0
		switch {
		case p.ctx.Err() != nil:
			return n, fmt.Errorf("%s: interrupted while reading", p.Name())
		case err == nil:
			return n, nil
		case err != io.EOF: // os.File returns it unwrapped
			return n, plain(p.Name(), err)
		case p.began:
			return n, io.EOF
		case time.Now().After(p.until):
			return 0, hint.Add(fmt.Errorf("nobody writes to the named pipe %s", p.Name()), "start its writer first: cat FILE > %s &", p.Name())
		}
		select {
		case <-time.After(5 * time.Millisecond):
		case <-p.ctx.Done():
		}
	}
}

// Close closes the pipe.
func (p *pipe) Close() error {
	p.stop()
	return p.File.Close()
}

//go:build unix

package pipe

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// OpenEnds opens the reading end of one named pipe and the writing end of another, without waiting for
// the other ends. While both are open, a process that opens the other ends need not wait either.
//
// The caller keeps them open until that process has opened its ends, or has said that it will not, or has
// ended. A time limit is no reason to close them:
//  1. The process is slow, and has not opened its ends when the limit passes.
//  2. The caller closes its ends.
//  3. The process opens one of its ends, which waits for another end that nobody will open. If it does
//     so in the thread that reads its commands, it replies to nothing any more.
func OpenEnds(fromPath, toPath string) (from, to *os.File, err error) {
	// To open an end for writing fails with ENXIO if nobody has the other end open.
	holder, err := open(toPath, syscall.O_RDWR)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = holder.Close() }()
	if to, err = open(toPath, syscall.O_WRONLY); err != nil {
		return nil, nil, err
	}
	if from, err = open(fromPath, syscall.O_RDONLY); err != nil {
		_ = to.Close()
		return nil, nil, err
	}
	return from, to, nil
}

// HasReader reports whether a process has the named pipe at the path open for reading, as far as that can
// be seen.
func HasReader(path string) bool {
	writer, err := open(path, syscall.O_WRONLY)
	if err == nil {
		_ = writer.Close()
	}
	return !errors.Is(err, syscall.ENXIO)
}

// BetweenForks asks who has a pipe open, while this process starts no other. Between its fork and its exec, a
// process that is being started has copies of all descriptors, and looks like one that has opened the pipe.
func BetweenForks(ask func() bool) bool {
	syscall.ForkLock.Lock()
	defer syscall.ForkLock.Unlock()
	return ask()
}

func open(path string, mode int) (*os.File, error) {
	f, err := os.OpenFile(path, mode|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("open the named pipe: %w", err)
	}
	return f, nil
}

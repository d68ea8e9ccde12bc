// Package environment tells errors of the machine that the runner works on from faults of the
// subject: a full disk, a folder that was removed, too few descriptors. No verdict may rest on them.
package environment

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/packetspec/packetspec/internal/hint"
	"github.com/packetspec/packetspec/internal/visible"
)

// An Error reports that the runner cannot go on because of the machine that it works on. Its text
// ends with a hint. It ends a run, which keeps its results so far.
type Error struct{ Err error }

func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the error without the judgement.
func (e *Error) Unwrap() error { return e.Err }

// Explain returns the [Error] of something that the runner alone does, such as making a temporary
// file. The hint is about what is lacking.
func Explain(doing string, err error) *Error {
	if already := (*Error)(nil); errors.As(err, &already) {
		return already
	}
	advice := "set TMPDIR to a folder that this user may write to, on a file system with named pipes"
	switch {
	case is(err, syscall.EMFILE, syscall.ENFILE):
		advice = "raise the limit of open files, as by ulimit -n 1024, or run fewer adapters at a time, as by --parallel 1"
	case is(err, syscall.ENOMEM, syscall.EAGAIN):
		advice = "run fewer adapters at a time, as by --parallel 1, or allow more memory and processes"
	case is(err, syscall.ENOSPC, syscall.EDQUOT):
		advice = fmt.Sprintf("free space or inodes in %s, or set TMPDIR to another folder", os.TempDir())
	case is(err, fs.ErrNotExist):
		advice = fmt.Sprintf("set TMPDIR to a folder that exists, and that nothing removes during the run; it is %s now", os.TempDir())
	}
	return &Error{hint.Add(fmt.Errorf("%s: %w", doing, withoutCall(err)), "%s", advice)}
}

// Unreached returns the [Error] of an adapter that opened neither named pipe of a connection, in a
// folder, and replied so.
func Unreached(dir, reply string) *Error {
	return &Error{hint.Add(fmt.Errorf("the adapter has opened neither of the named pipes of a connection, in %s: %s", dir, visible.Line(reply)),
		"let the adapter reach this folder: mount it in the container at the same path, run both as the same user, "+
			"or set TMPDIR to a folder that both may use; see \"Containers, other users and other machines\" in ADAPTERS.md")}
}

// IsShortage reports whether an error is that this machine or this user has no more of something:
// descriptors, memory, processes, space. The subject cannot be blamed for it.
func IsShortage(err error) bool {
	return is(err, syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.EAGAIN, syscall.ENOSPC, syscall.EDQUOT)
}

// fewFiles is how many open files an adapter may need: it has eight connections at a time, of two
// files each, beside those of its runtime.
const fewFiles = 64

// Allows returns an [Error] if this machine allows its processes so few open files that a fault of
// the subject, which has the same limit, may be due to that alone.
func Allows() error {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil || limit.Cur >= fewFiles {
		return nil //nolint:nilerr // a limit that cannot be read is no reason
	}
	return &Error{hint.Add(fmt.Errorf("the adapter failed where a process may open only %d files: fewer than %d may be too few for it", limit.Cur, fewFiles),
		"raise the limit of open files, as by ulimit -n 1024")}
}

func is(err error, others ...error) bool {
	for _, e := range others {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// withoutCall returns an error of package os without the name of the system call, but with the
// name of the file.
func withoutCall(err error) error {
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		return fmt.Errorf("%s: %w", path.Path, path.Err)
	}
	if call := (*os.SyscallError)(nil); errors.As(err, &call) {
		return call.Err
	}
	return err
}

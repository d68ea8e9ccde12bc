package adapter

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"github.com/packetspec/packetspec/internal/visible"
)

// A StartError reports that an adapter did not start, or did not answer hello properly; or that a
// program did not start, or does not speak the protocol.
type StartError struct {
	What    string // "program"; empty: it is an adapter
	Command string
	Err     error
	Stderr  string // both ends of its standard error
	Hint    string // what the user probably has to do; may be empty
}

func (e *StartError) Error() string {
	s := fmt.Sprintf("cannot speak to the %s %q: %s", cmp.Or(e.What, "adapter"), e.Command, visible.Line(e.Err.Error()))
	if e.Stderr != "" {
		s += "\nits standard error:\n" + indent(visible.Block(e.Stderr))
	}
	if e.Hint != "" {
		s += "\nhint: " + e.Hint
	}
	return s
}

func (e *StartError) Unwrap() error { return e.Err }

// cannotRun returns the error of an adapter that the system refused to run.
func cannotRun(argv []string, err error) *StartError {
	what, hint := WhyNotRun(argv, err)
	return &StartError{Command: shellJoin(argv), Err: &refusal{what, err}, Hint: hint}
}

// WhyNotRun says why the system refused to run a program with an error: what is wrong with the file, and how
// to mend it. The hint may be empty.
func WhyNotRun(argv []string, err error) (what, hint string) {
	file := argv[0]
	info, statErr := os.Stat(file)
	switch {
	case quotedLine(argv) != "":
		what, hint = "no such program", "leave the quotes out: -- "+quotedLine(argv)
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, exec.ErrDot):
		what, hint = "no such program on the PATH", "install it, or give its path, such as ./"+file
		if statErr == nil {
			what, hint = "it is not on the PATH, but in this folder", "./"+file
		}
	case errors.Is(statErr, fs.ErrNotExist):
		what, hint = "no such file", "give its path from this folder, or from /"
		if dir, err := os.Getwd(); err == nil {
			hint = fmt.Sprintf("give its path from this folder, %s, or from /", dir)
		}
	case statErr != nil:
		what = plain(statErr).Error()
	case info.IsDir():
		what, hint = "it is a folder", "name the program in it"
	case errors.Is(err, fs.ErrPermission) && info.Mode()&0o111 == 0:
		what, hint = "the file is not executable", fmt.Sprintf("chmod +x %s, or name what runs it, such as: -- python3 %s", file, file)
	default:
		what, hint = unusable(file, err)
	}
	return what, hint
}

// quotedLine returns a command whose first word is not a program, but a command line that begins with
// one, as in "python3 adapter.py", without the quotes. For another command it returns "".
func quotedLine(argv []string) string {
	words := strings.Fields(argv[0])
	if len(words) < 2 {
		return ""
	}
	if _, err := os.Stat(argv[0]); err == nil {
		return ""
	}
	if _, err := exec.LookPath(words[0]); err != nil {
		return ""
	}
	return strings.Join(words, " ") + strings.TrimSuffix(" "+shellJoin(argv[1:]), " ")
}

// unusable explains why a file that is there and executable does not run.
func unusable(file string, err error) (what, hint string) {
	first := firstLine(file)
	interpreter, script := strings.CutPrefix(first, "#!")
	words := strings.Fields(interpreter)
	switch {
	case script && strings.HasSuffix(first, "\r"):
		return "its first line ends in a carriage return, as on Windows", "write the file with the line ends of Unix"
	case script && len(words) > 0 && errors.Is(err, fs.ErrNotExist):
		return fmt.Sprintf("its first line names the interpreter %q, which does not exist", words[0]),
			"install the interpreter, or write: #!/usr/bin/env " + words[0][strings.LastIndexByte(words[0], '/')+1:]
	case script && len(words) > 0 && errors.Is(err, fs.ErrPermission):
		return fmt.Sprintf("its first line names the interpreter %q, which is not executable", words[0]), "write a first line such as: #!/usr/bin/env python3"
	case strings.HasPrefix(first, "\x7fELF") && errors.Is(err, fs.ErrNotExist):
		return "it was built for another system, whose loader of libraries is missing here", "build it on this system, or link it statically"
	case strings.HasPrefix(first, "\x7fELF") && errors.Is(err, syscall.ENOEXEC):
		return "it was built for another kind of machine", "build it for this one"
	case errors.Is(err, syscall.ENOEXEC):
		return "it is neither a program of this machine nor a script that begins with #!",
			"write a first line such as #!/usr/bin/env python3, or name what runs it, such as: -- python3 " + file
	}
	return plain(err).Error(), ""
}

// firstLine returns the first line of a file, as far as a system reads it for an interpreter.
func firstLine(file string) string {
	f, err := os.Open(file)
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }()
	start, _ := io.ReadAll(io.LimitReader(f, 256))
	line, _, _ := bytes.Cut(start, []byte("\n"))
	return string(line)
}

// plain returns the cause of an error of packages os and exec, without the system call.
func plain(err error) error {
	var no syscall.Errno
	if errors.As(err, &no) {
		return no
	}
	return cmp.Or(errors.Unwrap(err), err)
}

// A refusal is an error in plain words.
type refusal struct {
	what string
	err  error
}

func (r *refusal) Error() string { return r.what }

func (r *refusal) Unwrap() error { return r.err }

//go:build unix

package watch

import (
	"errors"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/relay"
)

// A Program is a running program whose standard input and output are relayed.
type Program struct {
	Endpoint relay.Endpoint
	Ended    chan struct{} // closed when its process has ended

	cmd *exec.Cmd
}

// A StartError reports that a program cannot be run.
type StartError struct {
	Command string // for a shell
	What    string // is wrong
	Hint    string // may be empty
}

func (e *StartError) Error() string {
	text := "cannot start the command " + e.Command + ": " + e.What
	if e.Hint != "" {
		text += "\nhint: " + e.Hint
	}
	return text
}

// Start starts a program. Its standard error is that of this process. It stays in the process group of this one, so a terminal's
// signals reach it, and it may ask a person for a password.
func Start(argv []string) (*Program, error) {
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stderr = os.Stderr
	in, inEnd, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	outEnd, out, err := os.Pipe()
	if err != nil {
		_, _ = in.Close(), inEnd.Close()
		return nil, err
	}
	cmd.Stdin, cmd.Stdout = in, out
	err = cmd.Start()
	_, _ = in.Close(), out.Close()
	if err != nil {
		_, _ = inEnd.Close(), outEnd.Close()
		what, hint := adapter.WhyNotRun(argv, err)
		return nil, &StartError{Command: adapter.Process{Argv: argv}.String(), What: what, Hint: hint}
	}
	p := &Program{
		Endpoint: relay.Endpoint{Source: relay.PipeEnd{File: outEnd}, Sink: relay.PipeEnd{File: inEnd}},
		Ended:    make(chan struct{}), cmd: cmd,
	}
	go func() {
		_ = cmd.Wait() // its error is the exit status, which Status returns
		close(p.Ended)
	}()
	return p, nil
}

// Signal passes on a signal that this process got. One from the keyboard of a terminal has reached the program
// already.
func (p *Program) Signal(s syscall.Signal) {
	if s == syscall.SIGINT && inForeground() {
		return
	}
	if err := p.cmd.Process.Signal(s); errors.Is(err, os.ErrProcessDone) {
		return
	}
}

// inForeground reports whether the keyboard of a terminal sends its signals to this process, and to the program with it.
func inForeground() bool {
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		return false
	}
	defer func() { _ = tty.Close() }()
	group, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}

// Status returns the exit status of the program, as a shell shows it. The program must have ended.
func (p *Program) Status() int {
	state := p.cmd.ProcessState
	if s, ok := state.Sys().(syscall.WaitStatus); ok && s.Signaled() {
		return 128 + int(s.Signal())
	}
	return state.ExitCode()
}

// DescribeEnd says how the program ended.
func (p *Program) DescribeEnd() string { return p.cmd.ProcessState.String() }

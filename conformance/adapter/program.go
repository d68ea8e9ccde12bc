//go:build unix

package adapter

import (
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/packetspec/packetspec/internal/environment"
)

// A Program is a started process that is no adapter: its standard input and output are the streams of a
// connection. Its process group is its own, so the processes that it starts end with it. Its owner ends
// it with End. Its methods may be called concurrently.
type Program struct {
	running *running
	stderr  *os.File // the reading end
}

// StartProgram starts a program with the given standard input and output, which the caller may close
// when it has returned. The error is a [*StartError], or an [*environment.Error].
func StartProgram(argv, env []string, stdin, stdout *os.File) (*Program, error) {
	stderr, theirs, err := os.Pipe()
	if err != nil {
		return nil, environment.Explain("make a pipe for the program's standard error", err)
	}
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = env, stdin, stdout, theirs
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	err = cmd.Start()
	closeAll(theirs)
	if err != nil {
		closeAll(stderr)
		if environment.IsShortage(err) {
			return nil, environment.Explain("start the program", err)
		}
		started := cannotRun(argv, err)
		started.What = "program"
		return nil, started
	}
	r := &running{cmd: cmd, exited: make(chan struct{}), stderr: newTranscript(stderr)}
	go func() {
		_ = cmd.Wait() // its error is the exit status, which is in ProcessState
		close(r.exited)
	}()
	return &Program{r, stderr}, nil
}

// End ends the program, with the processes that it has started: by itself within a time, else by SIGTERM,
// else by SIGKILL. It returns when the program has ended.
func (p *Program) End(byItself time.Duration) {
	if !within(byItself, p.running.exited) {
		p.running.signal(syscall.SIGTERM)
		within(termTime, p.running.exited)
	}
	p.running.signal(syscall.SIGKILL)
	<-p.running.exited
	within(stderrTime, p.running.stderr.ended)
	closeAll(p.stderr)
}

// Exited returns a channel that is closed once the program has ended.
func (p *Program) Exited() <-chan struct{} { return p.running.exited }

// Exit waits a moment for the program to end, and returns how it did.
func (p *Program) Exit() Exit { return p.running.exit() }

// Stderr returns both ends of what the program has written to its standard error.
func (p *Program) Stderr() string { return p.running.stderr.String() }

// Memory returns how many bytes of memory the program's processes use now. Here and below, ok is false
// where this cannot be measured.
func (p *Program) Memory() (n int64, ok bool) { return groupMemory(p.group()) }

// Descriptors returns how many files the program's processes hold open now.
func (p *Program) Descriptors() (n int, ok bool) { return groupDescriptors(p.group()) }

// CPU returns what CPU time the threads of the program's processes have had so far.
func (p *Program) CPU() (t CPUTime, ok bool) { return groupCPU(p.group()) }

func (p *Program) group() int { return p.running.cmd.Process.Pid }

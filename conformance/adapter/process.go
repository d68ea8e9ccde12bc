//go:build unix

package adapter

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/packetspec/packetspec/internal/environment"
	"github.com/packetspec/packetspec/internal/pipe"
)

// How long [Session.Stop] waits: first for the adapter to end by itself, then after SIGTERM.
const (
	exitTime = 2 * time.Second
	termTime = 1 * time.Second
)

// stderrTime bounds the wait for the end of an adapter's standard error after the adapter
// has ended. The end comes at once, unless a child that has left the process group holds
// the stream open.
const stderrTime = 500 * time.Millisecond

// orphanTime is how long the processes that an adapter started may go on after it has exited. A process
// that reads the adapter's output, as the end of a pipeline does, ends a moment later.
const orphanTime = 200 * time.Millisecond

// ErrNotExited is in the error of [Session.Stop] if the adapter did not exit by itself.
var ErrNotExited = errors.New("the adapter did not exit")

// A Process starts an adapter as a process, in a process group of its own: the processes
// that it starts end with it.
type Process struct {
	Argv []string
	// Env is the environment of the adapter; nil means the environment of this process.
	Env []string
}

// Self returns the running program with other arguments, and with the environment of this
// moment: callers take it before a scenario runs, because godog then sets variables.
func Self(args ...string) (Process, error) {
	binary, err := os.Executable()
	if err != nil {
		return Process{}, fmt.Errorf("find the running program, to start it again: %w", err)
	}
	return Process{Argv: append([]string{binary}, args...), Env: os.Environ()}, nil
}

func (p Process) String() string { return shellJoin(p.Argv) }

// Start implements [Starter].
func (p Process) Start(ctx context.Context) (*Session, error) {
	cmd := exec.Command(p.Argv[0], p.Argv[1:]...)
	cmd.Env = p.Env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	// The adapter's ends are files. With other streams, exec's Wait would also wait for a
	// grandchild that holds them open.
	pipes, err := newStdio(cmd)
	if err != nil {
		return nil, environment.Explain("make the adapter's pipes", err)
	}
	err = cmd.Start()
	closeAll(pipes.adapterEnds...)
	if err != nil {
		pipes.closeRunnerEnds()
		if environment.IsShortage(err) {
			return nil, environment.Explain("start the adapter", err)
		}
		return nil, cannotRun(p.Argv, err)
	}
	r := &running{cmd: cmd, pipes: pipes, exited: make(chan struct{}), stderr: newTranscript(pipes.stderr)}
	client := newClient(ctx, pipes.stdin, pipes.stdout)
	go r.wait(client.Ended())
	s := &Session{
		Client: client, LeftBehind: r.leftBehind,
		Stop: r.stop, Kill: r.kill, DescribeExit: r.describeExit, Exit: r.exit,
		MarkStderr: r.stderr.mark, Stderr: r.stderr.String, StderrTotal: r.stderr.total,
		Memory:      func() (int64, bool) { return groupMemory(cmd.Process.Pid) },
		Descriptors: func() (int, bool) { return groupDescriptors(cmd.Process.Pid) },
		CPU:         func() (CPUTime, bool) { return groupCPU(cmd.Process.Pid) },
		Orphans:     r.survivors,
		Holders:     func(path string) ([]string, bool) { return groupHolders(cmd.Process.Pid, path) },
	}
	started(ctx, s.CPU)
	if err := s.Greet(ctx); err != nil {
		if s.Err() != nil {
			within(exitTime, r.exited) // so that the error below contains the exit status
			err = s.Err()
			if errors.Is(err, ErrEnded) {
				err = &refusal{fmt.Sprintf("it ended before it answered hello (%s)", r.status()), err}
			}
		} else if ctx.Err() != nil {
			err = fmt.Errorf("it did not answer hello: %w", err)
		}
		r.kill()
		return nil, &StartError{Command: p.String(), Err: err, Stderr: r.stderr.String(), Hint: r.greetingHint(err)}
	}
	return s, nil
}

// greetingHint returns what a person probably has to do after an adapter has failed by err to answer hello.
// The adapter has ended.
func (r *running) greetingHint(err error) string {
	switch {
	case errors.Is(err, errEcho):
		return "an adapter answers each command with a reply, as conformance/adapter/ADAPTERS.md describes"
	case errors.Is(err, ErrEnded) && r.cmd.ProcessState.Success():
		return "the program may have ended without reading its standard input; an adapter reads commands until that ends"
	case errors.Is(err, ErrLate):
		return "flush standard output after each line"
	}
	return ""
}

// A stdio holds both ends of the three pipes between the runner and an adapter.
type stdio struct {
	stdin, stdout, stderr *os.File // the runner's ends
	adapterEnds           []*os.File
}

func newStdio(cmd *exec.Cmd) (s stdio, err error) {
	pipe := func() (r, w *os.File) {
		if err == nil {
			r, w, err = os.Pipe()
		}
		return r, w
	}
	inR, inW := pipe()
	outR, outW := pipe()
	errR, errW := pipe()
	s = stdio{stdin: inW, stdout: outR, stderr: errR, adapterEnds: []*os.File{inR, outW, errW}}
	if err != nil {
		closeAll(s.adapterEnds...)
		s.closeRunnerEnds()
		return s, err
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = inR, outW, errW
	return s, nil
}

func (s stdio) closeRunnerEnds() { closeAll(s.stdin, s.stdout, s.stderr) }

func closeAll(files ...*os.File) {
	for _, f := range files {
		_ = f.Close()
	}
}

// A running is a started process.
type running struct {
	cmd    *exec.Cmd
	pipes  stdio
	exited chan struct{} // closed once the process and its group have ended
	stderr *transcript
	// What follows is set when the process has exited.
	left    bool     // another process holds its output open
	orphans []string // processes of its group that went on
}

// wait waits until the process has ended, kills the rest of its group, and reads its
// standard error and its replies to the end.
func (r *running) wait(replied <-chan struct{}) {
	_ = r.cmd.Wait() // its error is the exit status, which is in ProcessState
	r.orphans = orphansOf(r.cmd.Process.Pid)
	r.signal(syscall.SIGKILL)
	ended := within(stderrTime, r.stderr.ended) && within(stderrTime, replied)
	// A busy machine alone may delay the end of the streams, and that of the group.
	groupIsGone := errors.Is(syscall.Kill(-r.cmd.Process.Pid, 0), syscall.ESRCH)
	r.left = !ended && groupIsGone && (pipe.HasWriter(r.pipes.stderr) || pipe.HasWriter(r.pipes.stdout))
	close(r.exited)
}

// orphansOf returns the processes of a group that go on for longer than [orphanTime].
func orphansOf(group int) (orphans []string) {
	for pause := time.Millisecond; pause < orphanTime; pause *= 2 {
		if errors.Is(syscall.Kill(-group, 0), syscall.ESRCH) {
			return nil
		}
		<-time.After(pause)
	}
	return groupProcesses(group)
}

func (r *running) survivors() []string {
	select {
	case <-r.exited:
		return r.orphans
	default:
		return nil
	}
}

func (r *running) leftBehind() string {
	select {
	case <-r.exited:
		if r.left {
			return "a process that the adapter started has outlived it, and holds its standard output or error open: " +
				"it had left the adapter's process group, so it was not killed"
		}
	default:
	}
	return ""
}

// signal sends a signal to the process group.
func (r *running) signal(sig syscall.Signal) { _ = syscall.Kill(-r.cmd.Process.Pid, sig) }

// within reports whether the event happens within d.
func within(d time.Duration, event <-chan struct{}) bool {
	select {
	case <-event:
		return true
	case <-time.After(d):
		return false
	}
}

func (r *running) stop() error {
	_ = r.pipes.stdin.Close()
	if within(exitTime, r.exited) {
		r.pipes.closeRunnerEnds()
		if !r.cmd.ProcessState.Success() {
			return fmt.Errorf("at the end of its standard input the adapter should exit with status 0; it ended with %s", r.status())
		}
		return nil
	}
	err := fmt.Errorf("%w within %v of the end of its standard input", ErrNotExited, exitTime)
	r.signal(syscall.SIGTERM)
	if !within(termTime, r.exited) {
		err = fmt.Errorf("%w, nor within %v of SIGTERM: it was killed", err, termTime)
	}
	r.kill()
	return err
}

func (r *running) kill() {
	r.signal(syscall.SIGKILL)
	<-r.exited // no process can ignore SIGKILL
	r.pipes.closeRunnerEnds()
}

func (r *running) status() string {
	select {
	case <-r.exited:
		return r.cmd.ProcessState.String()
	default:
		return "still running"
	}
}

func (r *running) exit() Exit {
	if !within(termTime, r.exited) {
		return Exit{Status: -1, Stderr: r.stderr.String()}
	}
	e := Exit{Status: r.cmd.ProcessState.ExitCode(), Stderr: r.stderr.String()}
	if s, ok := r.cmd.ProcessState.Sys().(syscall.WaitStatus); ok && s.Signaled() {
		e.Signal = s.Signal().String()
	}
	return e
}

func (r *running) describeExit(unanswered string) string {
	e := r.exit()
	s := fmt.Sprintf("the adapter ended with status %d", e.Status)
	switch {
	case e.Signal != "":
		s = fmt.Sprintf("the adapter was ended by a signal (%s)", e.Signal)
	case e.Status < 0:
		s = "the adapter ended its output, though it still runs,"
	}
	if unanswered != "" {
		s += " before it replied to " + unanswered
	} else {
		s += " before the end of its standard input"
	}
	if text := r.stderr.String(); text != "" {
		s += "; its standard error:\n" + indent(text)
	}
	return s
}

func indent(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n    ")
}

// shellJoin returns argv as a line of shell.
func shellJoin(argv []string) string {
	quoted := make([]string, len(argv))
	for i, arg := range argv {
		if arg == "" || strings.ContainsAny(arg, " \t\n\"'`$&|;<>()*?[]#~!{}\\") {
			arg = "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
		}
		quoted[i] = arg
	}
	return strings.Join(quoted, " ")
}

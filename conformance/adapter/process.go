//go:build unix

package adapter

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// How long an adapter has to end by itself, and then to obey SIGTERM.
const (
	exitTime = 2 * time.Second
	termTime = 1 * time.Second
)

// logTime is how long, after an adapter's end, the end of its standard error is
// waited for. It is there at once, unless a child has left the group and holds it open.
const logTime = 500 * time.Millisecond

// A Process starts an adapter as a process, in a process group of its own, so that
// all it may have started ends with it.
type Process struct {
	Argv []string
	// Env is the environment; nil is this process's.
	Env []string
}

func (p Process) String() string { return shellJoin(p.Argv) }

// Start implements [Starter].
func (p Process) Start(ctx context.Context) (*Session, error) {
	cmd := exec.Command(p.Argv[0], p.Argv[1:]...)
	cmd.Env = p.Env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	// The ends that the adapter gets are files, so that waiting for its exit never
	// means waiting for a grandchild that holds them open.
	pipes, err := newStdio(cmd)
	if err != nil {
		return nil, err
	}
	err = cmd.Start()
	pipes.closeTheirs()
	if err != nil {
		pipes.closeOurs()
		return nil, &StartError{Command: p.String(), Err: err}
	}
	r := &running{cmd: cmd, pipes: pipes, exited: make(chan struct{}), log: newTail(pipes.stderr)}
	go r.reap()
	s := &Session{
		Client: NewClient(pipes.stdin, pipes.stdout),
		Stop:   r.stop, Kill: r.kill, Epitaph: r.epitaph,
		Stderr: r.log.since, StderrTotal: r.log.total,
		Memory:      func() (int64, bool) { return groupMemory(cmd.Process.Pid) },
		Descriptors: func() (int, bool) { return groupDescriptors(cmd.Process.Pid) },
	}
	if err := s.Greet(ctx); err != nil {
		if s.Err() != nil {
			r.awaitExit(exitTime) // what it died of tells more than that it died
			err = s.Err()
			if errors.Is(err, ErrEnded) {
				err = fmt.Errorf("it ended before it answered hello (%s)", r.status())
			}
		} else if ctx.Err() != nil {
			err = fmt.Errorf("it did not answer hello: %w", err)
		}
		r.kill()
		return nil, &StartError{Command: p.String(), Err: err, Stderr: r.log.String()}
	}
	return s, nil
}

// stdio is the three pipes between the runner and an adapter.
type stdio struct {
	stdin, stdout, stderr *os.File // ours
	theirs                []*os.File
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
	s = stdio{stdin: inW, stdout: outR, stderr: errR, theirs: []*os.File{inR, outW, errW}}
	if err != nil {
		s.closeTheirs()
		s.closeOurs()
		return s, fmt.Errorf("make the adapter's pipes: %w", err)
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = inR, outW, errW
	return s, nil
}

func (s stdio) closeTheirs() {
	for _, f := range s.theirs {
		_ = f.Close()
	}
}

func (s stdio) closeOurs() {
	for _, f := range []*os.File{s.stdin, s.stdout, s.stderr} {
		_ = f.Close()
	}
}

// running is a started process.
type running struct {
	cmd    *exec.Cmd
	pipes  stdio
	exited chan struct{}
	log    *tail
}

// reap waits for the process, sweeps away what it leaves in its group, and lets its
// last words be read.
func (r *running) reap() {
	_ = r.cmd.Wait() // the status is in ProcessState
	r.signal(syscall.SIGKILL)
	within(logTime, r.log.ended)
	close(r.exited)
}

func (r *running) signal(sig syscall.Signal) { _ = syscall.Kill(-r.cmd.Process.Pid, sig) }

func (r *running) awaitExit(d time.Duration) bool { return within(d, r.exited) }

// within reports whether an event comes in that time.
func within(d time.Duration, event <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-event:
		return true
	case <-timer.C:
		return false
	}
}

func (r *running) stop() error {
	_ = r.pipes.stdin.Close()
	if r.awaitExit(exitTime) {
		r.pipes.closeOurs()
		if !r.cmd.ProcessState.Success() {
			return fmt.Errorf("at the end of its standard input the adapter should exit with status 0; it ended with %s", r.status())
		}
		return nil
	}
	err := fmt.Errorf("the adapter did not exit within %v of the end of its standard input", exitTime)
	r.signal(syscall.SIGTERM)
	if !r.awaitExit(termTime) {
		err = fmt.Errorf("%w, nor within %v of SIGTERM: it was killed", err, termTime)
	}
	r.kill()
	return err
}

func (r *running) kill() {
	r.signal(syscall.SIGKILL)
	<-r.exited // SIGKILL is not refused
	r.pipes.closeOurs()
}

func (r *running) status() string {
	select {
	case <-r.exited:
		return r.cmd.ProcessState.String()
	default:
		return "still running"
	}
}

func (r *running) epitaph() string {
	r.awaitExit(termTime)
	s := "the adapter: " + r.status()
	if log := r.log.String(); log != "" {
		s += "; its standard error ended with:\n" + indent(log)
	}
	return s
}

// indent sets a text off from what surrounds it.
func indent(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n    ")
}

// shellJoin writes argv as one would type it.
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

// tailSize is how many octets of an adapter's standard error are kept.
const tailSize = 8 << 10

// tail reads a stream to its end and keeps the last of it.
type tail struct {
	ended chan struct{} // closed at the end of the stream

	mu   sync.Mutex
	kept []byte
	seen int64
}

func newTail(r io.Reader) *tail {
	t := &tail{ended: make(chan struct{})}
	go func() {
		defer close(t.ended)
		_, _ = io.Copy(t, r)
	}()
	return t
}

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, b...)
	if over := len(t.kept) - tailSize; over > 0 {
		t.kept = append([]byte(nil), t.kept[over:]...)
	}
	t.seen += int64(len(b))
	return len(b), nil
}

// total is how many octets the stream has brought so far.
func (t *tail) total() (octets int64, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.seen, true
}

// String is what was kept, from the start of a line on.
func (t *tail) String() string { return t.since(0) }

// since is what was kept of what came after the first so many octets, from the start
// of a line on if some of it was not kept.
func (t *tail) since(octets int64) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	first := t.seen - int64(len(t.kept))
	if octets >= first {
		return string(t.kept[min(octets-first, int64(len(t.kept))):])
	}
	kept := string(t.kept)
	if _, rest, found := strings.Cut(kept, "\n"); found {
		kept = rest
	}
	return "…\n" + kept
}

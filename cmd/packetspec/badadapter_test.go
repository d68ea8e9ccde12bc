package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/adapters/goreference"
)

// badAdapter runs as the reference's adapter, and misbehaves as args[0] says. With further
// arguments, OP and N, it behaves until the Nth command OP; "end" as OP means the end of its
// standard input. It returns its exit status.
func badAdapter(args []string) int {
	misbehave := map[string]func() int{ // they return an exit status, or -1 to go on, or -2 to lose the command
		// exits
		"exit": func() int {
			_, _ = fmt.Fprintln(os.Stderr, "bad-adapter: cannot import the implementation")
			return 7
		},
		// exits, and prints several lines, as a runtime prints a stack
		"stack": func() int {
			_, _ = fmt.Fprint(os.Stderr, "stack:\n  line 1\n  line 2\nerror: the last line\n")
			return 1
		},
		// exits, unless an adapter has done so before in this folder
		"exit-once": func() int {
			if os.Mkdir("bad-adapter-exited", 0o700) != nil {
				return -1
			}
			return 7
		},
		// exits, and hangs if an adapter has done so before in this folder
		"exit-then-hang": func() int {
			if os.Mkdir("bad-adapter-exited", 0o700) != nil {
				return hang()
			}
			return 7
		},
		// stops answering
		"hang": hang,
		// stops answering, unless an adapter has done so before in this folder
		"hang-once": func() int {
			if os.Mkdir("bad-adapter-hung", 0o700) != nil {
				return -1
			}
			return hang()
		},
		// fills the temporary folder with files, and goes on
		"fill": func() int {
			for {
				if _, err := os.CreateTemp("", "fill"); err != nil {
					return -1
				}
			}
		},
		// removes the runner's temporary files, and goes on
		"clean-up": func() int {
			left, _ := filepath.Glob(filepath.Join(os.TempDir(), "packetspec*"))
			for _, name := range left {
				_ = os.RemoveAll(name)
			}
			return -1
		},
		// replies to every command but this one
		"lose": func() int { return -2 },
		// interrupts the runner, as Ctrl-C does, and hangs
		"interrupt": func() int { return signalRunner(syscall.SIGINT) },
		// does it as a CI system does, and as a terminal that is closed
		"terminate": func() int { return signalRunner(syscall.SIGTERM) },
		"hang-up":   func() int { return signalRunner(syscall.SIGHUP) },
		// interrupts the runner, and goes on
		"interrupt-and-go-on": func() int {
			_ = syscall.Kill(os.Getppid(), syscall.SIGINT)
			return -1
		},
		"terminate-and-go-on": func() int {
			_ = syscall.Kill(os.Getppid(), syscall.SIGTERM)
			return -1
		},
		// prints a line that is not a reply, and goes on
		"garbage": func() int {
			fmt.Println("Segmentation fault (not really)")
			return -1
		},
		// answers a command that was not given
		"wrong-id": func() int {
			fmt.Println(`{"id":987654321}`)
			return -1
		},
		// hangs, ignores SIGTERM, and has a child that holds its pipes open
		"stubborn": func() int {
			signal.Ignore(syscall.SIGTERM)
			child := exec.Command("sleep", "1000")
			child.Stdin, child.Stdout, child.Stderr = os.Stdin, os.Stdout, os.Stderr
			_ = child.Start()
			return hang()
		},
		// leaves a daemon that holds its pipes open, in a session of its own
		"daemon": func() int {
			child := exec.Command("sleep", "20")
			child.Stdout, child.Stderr = os.Stdout, os.Stderr
			child.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
			_ = child.Start()
			return -1
		},
		// panics as Go does: the message is at the head of a long text
		"panic": func() int {
			_, _ = fmt.Fprint(os.Stderr, "panic: the message is first\n", strings.Repeat("frame of the stack\n", 2000), "the last line\n")
			return 2
		},
		// prints the same on standard error, and answers nothing any more
		"dead-thread": func() int {
			_, _ = fmt.Fprint(os.Stderr, "Exception in thread\n")
			return hang()
		},
		// ends as a program in Go does that gets no more threads
		"no-thread": func() int {
			_, _ = fmt.Fprintln(os.Stderr, "runtime: failed to create new OS thread (have 5 already; errno=11)")
			return 2
		},
		// says something else each time, and kills itself
		"kill": func() int {
			_, _ = fmt.Fprintf(os.Stderr, "\x1b[2JFOUND    nothing\nprocess %d: connection %d is too much\n", os.Getpid(), time.Now().UnixNano())
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			return hang()
		},
		// prints much on standard error, and goes on
		"flood": func() int {
			for range 1024 {
				_, _ = fmt.Fprint(os.Stderr, strings.Repeat("flood of words\n", 4<<10))
			}
			return -1
		},
		// prints a line that does not end
		"endless": func() int {
			for {
				if _, err := fmt.Print(strings.Repeat("x", 1<<20)); err != nil {
					return 1
				}
			}
		},
		// prints JSON of great depth
		"deep": func() int {
			fmt.Println(strings.Repeat("[", 1<<20))
			return -1
		},
		// stops itself, as SIGSTOP of somebody else would
		"stop": func() int {
			_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
			return hang()
		},
		// kills itself, leaving a child that holds its pipes open
		"orphan": func() int {
			child := exec.Command("sleep", "1000")
			child.Stdin, child.Stdout, child.Stderr = os.Stdin, os.Stdout, os.Stderr
			_ = child.Start()
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			return hang()
		},
	}[args[0]]
	if len(args) < 3 {
		if status := misbehave(); status >= 0 {
			return status
		}
		return serve(os.Stdin)
	}
	n, err := strconv.Atoi(args[2])
	if err != nil {
		panic(err)
	}
	in, commands := io.Pipe()
	looking := false // a run looks at its first adapter: its commands from an unknown one to hello do not count
	go func() {
		lines := bufio.NewScanner(os.Stdin)
		lines.Buffer(nil, 64<<20)
		for lines.Scan() {
			var m adapter.Message
			_ = json.Unmarshal(lines.Bytes(), &m)
			looking = os.Getenv("COUNT_ALL") == "" && (looking || m.Op == "no-such-command") && m.Op != adapter.OpHello
			if !looking && m.Op == args[1] {
				if n--; n == 0 {
					status := misbehave()
					if status >= 0 {
						os.Exit(status)
					}
					if status == -2 {
						continue
					}
				}
			}
			_, _ = fmt.Fprintf(commands, "%s\n", lines.Bytes())
		}
		if args[1] == "end" {
			if status := misbehave(); status >= 0 {
				os.Exit(status)
			}
		}
		_ = commands.Close()
	}()
	return serve(in)
}

// signalRunner sends a signal to the runner, and hangs.
func signalRunner(s syscall.Signal) int {
	_ = syscall.Kill(os.Getppid(), s)
	return hang()
}

// hang blocks for ever. A select without cases would not: where no other goroutine can run,
// as in a program without cgo, the runtime reports a deadlock and exits.
func hang() int {
	for {
		time.Sleep(time.Hour)
	}
}

func serve(in io.Reader) int {
	if err := adapter.Serve(context.Background(), goreference.Implementation{}, in, os.Stdout); err != nil {
		return 1
	}
	return 0
}

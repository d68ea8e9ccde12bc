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
	"strconv"
	"syscall"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/adapters/goreference"
)

// badAdapter is the reference's adapter with a fault of its own, args[0]. With
// further arguments, OP and N, it behaves until it is given the Nth command OP; the
// OP "end" is the end of its standard input.
func badAdapter(args []string) int {
	misbehave := map[string]func() int{
		// exits
		"exit": func() int {
			_, _ = fmt.Fprintln(os.Stderr, "bad-adapter: cannot import the implementation")
			return 7
		},
		// stops, and answers nothing any more
		"hang": func() int { select {} },
		// has the runner interrupted, as by Ctrl-C, and hangs
		"interrupt": func() int {
			_ = syscall.Kill(os.Getppid(), syscall.SIGINT)
			select {}
		},
		// prints what is no reply, and goes on
		"garbage": func() int {
			fmt.Println("Segmentation fault (not really)")
			return -1
		},
		// answers a command that nobody gave
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
			select {}
		},
		// kills itself, leaving a child that holds its pipes open
		"orphan": func() int {
			child := exec.Command("sleep", "1000")
			child.Stdin, child.Stdout, child.Stderr = os.Stdin, os.Stdout, os.Stderr
			_ = child.Start()
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
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
	go func() {
		lines := bufio.NewScanner(os.Stdin)
		lines.Buffer(nil, 64<<20)
		for lines.Scan() {
			var m adapter.Message
			if json.Unmarshal(lines.Bytes(), &m) == nil && m.Op == args[1] {
				if n--; n == 0 {
					if status := misbehave(); status >= 0 {
						os.Exit(status)
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

func serve(in io.Reader) int {
	if err := adapter.Serve(context.Background(), goreference.Implementation{}, in, os.Stdout); err != nil {
		return 1
	}
	return 0
}

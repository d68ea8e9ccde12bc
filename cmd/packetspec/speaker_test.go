package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"github.com/packetspec/packetspec/reference"
)

// speaker runs a program that speaks the protocol itself, in one of these ways, and returns its exit status:
//
//	server               answers requests on its standard input and output, until these end
//	listen ADDRESS       does so on a socket
//	client N -- COMMAND  starts COMMAND, sends N requests to it, and returns its status
//	dial N ADDRESS       does so with a program at a socket
//	wait                 writes a request, and waits for a signal, after which it ends with the status 9
func speaker(args []string) int {
	stdio := struct {
		io.Reader
		io.Writer
		io.Closer
	}{os.Stdin, os.Stdout, os.Stdout}
	status := 0
	switch args[0] {
	case "server":
		answerAll(stdio)
	case "listen":
		l, err := net.Listen("unix", args[1])
		if err != nil {
			return fail(err)
		}
		conn, err := l.Accept()
		if err != nil {
			return fail(err)
		}
		answerAll(conn)
	case "client":
		cmd := exec.Command(args[3], args[4:]...)
		cmd.Stderr = os.Stderr
		in, _ := cmd.StdinPipe()
		out, _ := cmd.StdoutPipe()
		if err := cmd.Start(); err != nil {
			return fail(err)
		}
		ask(out, in, args[1])
		if err := cmd.Wait(); err != nil {
			if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
				return exit.ExitCode()
			}
			return fail(err)
		}
	case "dial":
		conn, err := net.Dial("unix", args[2])
		if err != nil {
			return fail(err)
		}
		ask(conn, conn.(*net.UnixConn), args[1])
	case "wait":
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
		_, _ = os.Stdout.WriteString("\x05\x01\x02\x03hi")
		if len(args) > 1 { // end the parent, which passes the signal on
			number, _ := strconv.Atoi(args[1])
			_ = syscall.Kill(os.Getppid(), syscall.Signal(number))
		}
		<-signals
		status = 9
	}
	return status
}

func fail(err error) int {
	_, _ = fmt.Fprintln(os.Stderr, err)
	return 99
}

// answerAll answers requests until the stream ends.
func answerAll(stream io.ReadWriteCloser) {
	c := reference.New(stream, stream, func(_ context.Context, r reference.Request) (reference.Reply, error) {
		return reference.Text("you asked for " + strconv.FormatUint(r.Type, 10)), nil
	})
	_ = c.Join(context.Background())
	_ = c.Shutdown(true)
}

// ask sends requests, and ends the stream.
func ask(out io.Reader, in io.WriteCloser, n string) {
	c := reference.New(out, in, nil)
	count, _ := strconv.Atoi(n)
	for i := range count {
		_, _ = c.Do(context.Background(), reference.Request{Type: uint64(i % 10), Payload: []byte(strings.Repeat("secret ", i%5))})
	}
	_ = c.Shutdown(false)
	_ = c.Join(context.Background())
}

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"github.com/packetspec/packetspec/reference"
)

// packetProgram runs a program that speaks the protocol itself: on its standard input and output, on
// sockets that it accepts (listen), or on sockets that it dials (dial). The first argument says how its
// handler or the program behaves.
func packetProgram(args []string) int {
	manner, rest := args[0], args[1:]
	var echo reference.Handler = func(_ context.Context, r reference.Request) (reference.Reply, error) {
		return reference.Reply{Payload: r.Payload}, nil
	}
	switch manner {
	case "slow":
		return servePackets(rest, func(_ context.Context, r reference.Request) (reference.Reply, error) {
			time.Sleep(200 * time.Millisecond)
			return reference.Reply{Payload: r.Payload}, nil
		})
	case "fails":
		return servePackets(rest, func(context.Context, reference.Request) (reference.Reply, error) {
			return reference.Reply{}, errors.New("unknown type")
		})
	case "mute": // its handler never returns
		return servePackets(rest, func(context.Context, reference.Request) (reference.Reply, error) { select {} })
	case "handlerless":
		return servePackets(rest, nil)
	case "stays": // and keeps its standard output open
		c, err := reference.FromFDs(0, 1, echo)
		if err != nil {
			return 1
		}
		_ = c.Join(context.Background())
		select {}
	case "requests": // 40 times by itself, before it answers
		submitted := make(chan struct{})
		c := reference.New(os.Stdin, os.Stdout, func(ctx context.Context, r reference.Request) (reference.Reply, error) {
			<-submitted
			return echo(ctx, r)
		})
		for range 40 {
			_, _ = c.Request(context.Background(), reference.Request{Type: 3, Payload: []byte("mine")})
		}
		close(submitted)
		_ = c.Join(context.Background())
		return 0
	case "one-answer": // and then it ends its stream
		answered := make(chan struct{}, 1000)
		c := reference.New(os.Stdin, os.Stdout, func(_ context.Context, r reference.Request) (reference.Reply, error) {
			answered <- struct{}{}
			return reference.Reply{Payload: r.Payload}, nil
		})
		go func() {
			<-answered
			_ = c.Shutdown(false)
		}()
		_ = c.Join(context.Background())
		return 0
	case "once": // ever, by a file that the first run makes
		f, err := os.OpenFile(rest[0], os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			fmt.Fprintln(os.Stderr, "I have run before")
			return 1
		}
		_ = f.Close()
		return servePackets(nil, echo)
	case "alone": // while another one runs
		if err := os.Mkdir(rest[0], 0o700); err != nil {
			fmt.Fprintln(os.Stderr, "another one runs")
			return 1
		}
		defer func() { _ = os.Remove(rest[0]) }()
		return servePackets(nil, echo)
	case "banner":
		fmt.Println("Welcome to the packet server 1.0")
		return servePackets(nil, echo)
	case "cat":
		_, _ = io.Copy(os.Stdout, os.Stdin)
		return 0
	case "sleep":
		select {}
	case "exit":
		fmt.Fprintln(os.Stderr, "no configuration")
		return 7
	case "crash-at-eof": // it answers, but ends at the end of its input like a crash
		in := bufio.NewReader(os.Stdin)
		r, w := io.Pipe()
		reference.New(r, os.Stdout, echo)
		_, _ = io.Copy(w, in)
		return 3
	}
	return servePackets(rest, echo)
}

// servePackets serves one connection by pipes or, with a verb and an address, several by sockets. When it
// listens, it makes the file that the third argument names.
func servePackets(args []string, h reference.Handler) int {
	if len(args) == 0 {
		_ = reference.New(os.Stdin, os.Stdout, h).Join(context.Background())
		return 0
	}
	verb, address := args[0], args[1]
	network, path, _ := strings.Cut(address, ":")
	connection := func(c net.Conn) {
		_ = reference.New(c, c, h).Join(context.Background())
		_ = c.Close()
	}
	if verb == "dial" { // again and again, from the time somebody listens until nobody does any more
		for dialed := false; ; {
			c, err := net.Dial(network, path)
			switch {
			case err == nil:
				dialed = true
				connection(c)
			case dialed:
				return 0
			default:
				time.Sleep(time.Millisecond)
			}
		}
	}
	l, err := net.Listen(network, path)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if err := os.WriteFile(args[2], nil, 0o600); err != nil {
		return 1
	}
	for {
		c, err := l.Accept()
		switch {
		case err != nil:
			return 1
		case verb == "listen":
			go connection(c)
		case verb == "listen-once":
			_ = l.Close()
			connection(c)
			return 0
		default: // listen-alone: one at a time
			connection(c)
		}
	}
}

// awaitFile waits until a file exists.
func awaitFile(args []string) int {
	for {
		if _, err := os.Stat(args[0]); err == nil {
			return 0
		}
		time.Sleep(time.Millisecond)
	}
}

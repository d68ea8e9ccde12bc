//go:build unix

package probe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/internal/environment"
	"github.com/packetspec/packetspec/internal/hint"
)

// A Target says how to reach a program: by Argv, by Listener, or by Address. It may be used concurrently.
type Target struct {
	Argv, Env []string     // starts the program; nil: it runs already
	Listener  net.Listener // to which the program connects
	Address   Address      // to which the peer connects
}

// An Address names a socket.
type Address struct{ Network, Path string }

// ParseAddress reads an address as a flag of packetspec gives it: unix:PATH or tcp:HOST:PORT. A tcp
// address without a host is on this machine.
func ParseAddress(flag, text string) (Address, error) {
	network, path, _ := strings.Cut(text, ":")
	wrong := func(what, example string) (Address, error) {
		return Address{}, hint.Add(fmt.Errorf("%s is %q: %s", flag, text, what), "%s %s", flag, example)
	}
	switch network {
	case "unix":
		if path == "" {
			return wrong("the socket has no path", "unix:/tmp/server.sock")
		}
		return Address{network, path}, nil
	case "tcp":
		if !strings.Contains(path, ":") {
			path = ":" + path
		}
		host, port, err := net.SplitHostPort(path)
		if err != nil || port == "" {
			return wrong("the address has no port", "tcp:127.0.0.1:4000")
		}
		if host == "" {
			host = "127.0.0.1"
		}
		return Address{network, net.JoinHostPort(host, port)}, nil
	}
	return wrong("it must be unix:PATH or tcp:HOST:PORT", "tcp:127.0.0.1:4000")
}

// String returns the address as ParseAddress reads it.
func (a Address) String() string { return a.Network + ":" + a.Path }

// Listen returns a listener at an address. For a Unix socket it replaces one that nobody listens to any more.
func Listen(flag string, a Address) (net.Listener, error) {
	l, err := net.Listen(a.Network, a.Path)
	if errors.Is(err, syscall.EADDRINUSE) && a.Network == "unix" {
		if c, dialErr := net.Dial(a.Network, a.Path); dialErr == nil {
			_ = c.Close()
		} else if info, statErr := os.Stat(a.Path); statErr == nil && info.Mode()&os.ModeSocket != 0 && os.Remove(a.Path) == nil {
			l, err = net.Listen(a.Network, a.Path)
		}
	}
	if err != nil {
		return nil, hint.Add(fmt.Errorf("%s is %q: %w", flag, a, plain(err)), "name an address of this machine that nothing else listens to, such as tcp:127.0.0.1:0")
	}
	return l, nil
}

// plain returns the cause of an error of package net, without the operation and the addresses.
func plain(err error) error {
	var no syscall.Errno
	var dns *net.DNSError
	var op *net.OpError
	switch {
	case errors.As(err, &no):
		return no
	case errors.As(err, &dns):
		return fmt.Errorf("%s: %s", dns.Name, dns.Err)
	case errors.As(err, &op):
		return op.Err
	}
	return err
}

// String returns what names the program for people: its command or its address.
func (t *Target) String() string {
	switch {
	case t.Argv != nil:
		return adapter.Process{Argv: t.Argv}.String()
	case t.Listener != nil:
		return t.Listener.Addr().Network() + ":" + t.Listener.Addr().String()
	}
	return t.Address.String()
}

// isLocal reports whether the program of a connection is a process that the target starts.
func (t *Target) isLocal() bool { return t.Argv != nil }

// open opens a connection to the program, within ctx. The caller ends it.
func (t *Target) open(ctx context.Context) (*link, error) {
	switch {
	case t.Argv != nil:
		return t.start()
	case t.Listener != nil:
		return t.accept(ctx)
	}
	conn, err := new(net.Dialer).DialContext(ctx, t.Address.Network, t.Address.Path)
	if err != nil {
		return nil, plain(err)
	}
	return newLink(conn, conn, func() { _ = conn.Close() }), nil
}

// accept waits for a program to connect.
func (t *Target) accept(ctx context.Context) (*link, error) {
	type accepted struct {
		net.Conn
		err error
	}
	came := make(chan accepted, 1)
	go func() {
		conn, err := t.Listener.Accept()
		came <- accepted{conn, err}
	}()
	var a accepted
	select {
	case a = <-came:
	case <-ctx.Done():
		if d, ok := t.Listener.(interface{ SetDeadline(time.Time) error }); ok {
			_ = d.SetDeadline(time.Unix(1, 0)) // ends the call of Accept
			a = <-came
			_ = d.SetDeadline(time.Time{})
		}
		if a.Conn == nil {
			return nil, context.Cause(ctx)
		}
	}
	if a.err != nil {
		return nil, plain(a.err)
	}
	return newLink(a.Conn, a.Conn, func() { _ = a.Close() }), nil
}

// start starts the program, and connects to it by pipes.
func (t *Target) start() (*link, error) {
	stdin, to, err := os.Pipe()
	if err != nil {
		return nil, environment.Explain("make the program's pipes", err)
	}
	from, stdout, err := os.Pipe()
	if err != nil {
		_, _ = stdin.Close(), to.Close()
		return nil, environment.Explain("make the program's pipes", err)
	}
	program, err := adapter.StartProgram(t.Argv, t.Env, stdin, stdout)
	_, _ = stdin.Close(), stdout.Close()
	if err != nil {
		_, _ = to.Close(), from.Close()
		return nil, err
	}
	l := newLink(from, to, func() { _, _ = to.Close(), from.Close() })
	l.program = program
	return l, nil
}

package watch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/packetspec/packetspec/conformance/relay"
	"github.com/packetspec/packetspec/internal/hint"
)

// An Address is the place of a socket: a path, or a host and a port.
type Address struct {
	Network string // unix or tcp
	Where   string
}

// String returns the address as ParseAddress reads it.
func (a Address) String() string { return a.Network + ":" + a.Where }

// ParseAddress reads the value of a flag: unix:PATH or tcp:HOST:PORT. Without a host, it is this machine alone.
func ParseAddress(flag, text string) (a Address, err error) {
	network, where, _ := strings.Cut(text, ":")
	switch {
	case network == "unix" && where != "":
		return Address{network, where}, nil
	case network == "tcp":
		host, port, err := net.SplitHostPort(where)
		if err == nil && port != "" {
			if host == "" {
				host = "localhost"
			}
			return Address{network, net.JoinHostPort(host, port)}, nil
		}
	}
	err = fmt.Errorf("%s is %q, which is not an address: it must be unix:PATH or tcp:HOST:PORT", flag, text)
	if _, _, wrong := net.SplitHostPort(text); wrong == nil {
		return a, hint.Add(err, "tcp:%s", text)
	}
	if strings.Contains(text, "/") && network != "unix" && network != "tcp" {
		return a, hint.Add(err, "unix:%s", text)
	}
	return a, hint.Add(err, "tcp:localhost:4000, or unix:/tmp/socket")
}

// Dial connects to an address.
func (a Address) Dial(ctx context.Context) (e relay.Endpoint, err error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, a.Network, a.Where)
	if err != nil {
		if ctx.Err() != nil {
			return e, context.Cause(ctx)
		}
		return e, hint.Add(fmt.Errorf("cannot connect to %v: %w", a, plain(err)), "start the program that listens there first")
	}
	s := conn.(relay.Socket) // both networks have such connections
	return relay.Endpoint{Source: s, Sink: s}, nil
}

// Listen begins to listen at an address. It makes no file of a path that exists.
func (a Address) Listen(ctx context.Context) (net.Listener, error) {
	if a.Network == "unix" {
		if _, err := os.Lstat(a.Where); !errors.Is(err, fs.ErrNotExist) {
			return nil, hint.Add(fmt.Errorf("cannot listen at %v: the file exists already", a), "rm %s, if no program listens there", a.Where)
		}
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, a.Network, a.Where)
	if err != nil {
		return nil, hint.Add(fmt.Errorf("cannot listen at %v: %w", a, plain(err)), "choose another address; tcp:localhost:0 takes a free port")
	}
	return l, nil
}

// Accept waits for one connection, and listens for no other.
func Accept(ctx context.Context, l net.Listener) (e relay.Endpoint, err error) {
	stop := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer stop()
	conn, err := l.Accept()
	_ = l.Close()
	if err != nil {
		if ctx.Err() != nil {
			return e, context.Cause(ctx)
		}
		return e, fmt.Errorf("accept a connection: %w", plain(err))
	}
	s := conn.(relay.Socket)
	return relay.Endpoint{Source: s, Sink: s}, nil
}

// plain returns the cause of an error of package net in words without its calls.
func plain(err error) error {
	var no syscall.Errno
	var dns *net.DNSError
	var address *net.AddrError
	switch {
	case errors.As(err, &no):
		return no
	case errors.As(err, &dns):
		return errors.New(dns.Err)
	case errors.As(err, &address):
		return errors.New(address.Err)
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}

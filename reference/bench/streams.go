package main

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// A duplex is a pair of pipes, as a connection of package net.
type duplex struct{ recv, send *os.File }

func (d duplex) Read(b []byte) (int, error)  { return d.recv.Read(b) }
func (d duplex) Write(b []byte) (int, error) { return d.send.Write(b) }
func (d duplex) Close() error                { return errors.Join(d.recv.Close(), d.send.Close()) }
func (d duplex) LocalAddr() net.Addr         { return &net.UnixAddr{Name: "pipe", Net: "unix"} }
func (d duplex) RemoteAddr() net.Addr        { return d.LocalAddr() }
func (d duplex) SetDeadline(t time.Time) error {
	return errors.Join(d.recv.SetDeadline(t), d.send.SetDeadline(t))
}
func (d duplex) SetReadDeadline(t time.Time) error  { return d.recv.SetReadDeadline(t) }
func (d duplex) SetWriteDeadline(t time.Time) error { return d.send.SetWriteDeadline(t) }

// pipes returns both ends of a pair of pipes.
func pipes() (near, far duplex, err error) {
	if far.recv, near.send, err = os.Pipe(); err == nil {
		near.recv, far.send, err = os.Pipe()
	}
	return near, far, err
}

// sockets returns both ends of a connection over a Unix-domain socket.
func sockets() (near, far net.Conn, err error) {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		return nil, nil, err
	}
	conns := make([]net.Conn, 2)
	for i, fd := range fds {
		file := os.NewFile(uintptr(fd), filepath.Join("socket", "pair"))
		conns[i], err = net.FileConn(file)
		_ = file.Close()
		if err != nil {
			return nil, nil, err
		}
	}
	return conns[0], conns[1], nil
}

// A single is a listener that accepts one connection.
type single struct {
	conn   chan net.Conn
	closed chan struct{}
	once   *sync.Once
}

func listen(conn net.Conn) single {
	l := single{make(chan net.Conn, 1), make(chan struct{}), new(sync.Once)}
	l.conn <- conn
	return l
}

func (l single) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conn:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l single) Close() error   { l.once.Do(func() { close(l.closed) }); return nil }
func (l single) Addr() net.Addr { return &net.UnixAddr{Name: "single", Net: "unix"} }

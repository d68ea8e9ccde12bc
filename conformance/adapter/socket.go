package adapter

import (
	"io"
	"net"
	"slices"
	"sync"
)

// OverSockets returns the implementation with the ability [CanSockets]: the runner opens its connections
// over Unix-domain sockets.
func OverSockets(impl Implementation) Implementation { return overSockets{impl} }

type overSockets struct{ Implementation }

func (o overSockets) Hello() Hello {
	h := o.Implementation.Hello()
	h.Supports = append(slices.Clone(h.Supports), CanSockets)
	return h
}

func (o overSockets) Equal(a, b Packet) (bool, error) { return equal(o.Implementation, a, b) }

func (o overSockets) String(p Packet) (string, error) { return text(o.Implementation, p) }

// equal compares packets if the implementation can.
func equal(impl Implementation, a, b Packet) (bool, error) {
	if i, ok := impl.(Equaler); ok {
		return i.Equal(a, b)
	}
	return false, Errorf(Unsupported, "the implementation cannot compare packets")
}

// text returns the text form of a packet if the implementation has one.
func text(impl Implementation, p Packet) (string, error) {
	if i, ok := impl.(Stringer); ok {
		return i.String(p)
	}
	return "", Errorf(Unsupported, "the implementation has no text form of a packet")
}

// dial connects to a Unix-domain socket, and returns its two directions. Closing one ends it for the peer:
// the peer reads the end of the octets, or its writes fail. The socket is closed with the second.
func dial(path string) (io.ReadCloser, io.WriteCloser, error) {
	conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, nil, err
	}
	s := &socket{UnixConn: conn, open: 2}
	return &receiving{s, sync.OnceValue(func() error { return s.end(conn.CloseRead) })},
		&sending{s, sync.OnceValue(func() error { return s.end(conn.CloseWrite) })}, nil
}

// A socket counts the directions that are open.
type socket struct {
	*net.UnixConn
	mu   sync.Mutex
	open int
}

// end ends one direction, and closes the socket with the last.
func (s *socket) end(direction func() error) error {
	err := direction()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open--; s.open == 0 {
		err = s.Close()
	}
	return err
}

type receiving struct {
	*socket
	close func() error
}

func (r *receiving) Close() error { return r.close() }

type sending struct {
	*socket
	close func() error
}

func (s *sending) Close() error { return s.close() }

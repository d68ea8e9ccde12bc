//go:build unix

package peer

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/packetspec/packetspec/internal/pipe"
)

// A Socket is the Unix-domain socket of a connection until the subject has connected to it. Call Connect
// then, or Discard if the subject fails to.
type Socket struct {
	listener *pipe.Listener
}

// NewSocket makes a socket in dir.
func NewSocket(dir, name string) (*Socket, error) {
	l, err := pipe.Listen(filepath.Join(dir, name+".socket"))
	if err != nil {
		return nil, err
	}
	return &Socket{l}, nil
}

// Path returns the path that the subject connects to.
func (s *Socket) Path() string { return s.listener.Path() }

// Connect returns the peer at its end of the socket. Call it once the subject has connected.
func (s *Socket) Connect() (*Peer, error) { return connect(s.Files, "the socket") }

// Files returns the peer's end of the socket, as a file to write to and one to read from. It is for a caller that is no [Peer],
// who calls it in place of Connect.
func (s *Socket) Files() (to, from *os.File, err error) {
	defer s.Discard()
	to, from, err = s.listener.Accept()
	if errors.Is(err, syscall.EAGAIN) {
		return nil, nil, errors.New("the subject has said that the connection is up, but has not connected to the socket")
	}
	if err != nil {
		return nil, nil, fmt.Errorf("accept the subject's connection: %w", err)
	}
	return to, from, nil
}

// WereOpened reports whether the subject has connected. Call it if the subject failed to open the
// connection; Connect must not follow.
func (s *Socket) WereOpened() bool {
	to, from, err := s.listener.Accept()
	if err != nil {
		return false
	}
	_, _ = to.Close(), from.Close()
	return true
}

// Discard removes the socket. The ends that are connected stay usable.
func (s *Socket) Discard() { s.listener.Close() }

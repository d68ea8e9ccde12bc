//go:build unix

package peer

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// Pipes are the two named pipes of a connection, before the subject has them.
type Pipes struct {
	ToSubject   string // the subject opens it for reading
	FromSubject string // the subject opens it for writing

	from   *os.File // our reading end of FromSubject
	holder *os.File // both ends of ToSubject, until the subject has opened its own
}

// NewPipes makes two named pipes in dir. The peer's ends are open before the
// subject is asked to open its own, so that neither open can block for ever.
func NewPipes(dir, name string) (*Pipes, error) {
	p := &Pipes{
		ToSubject:   filepath.Join(dir, name+".to-subject"),
		FromSubject: filepath.Join(dir, name+".from-subject"),
	}
	for _, path := range []string{p.ToSubject, p.FromSubject} {
		if err := syscall.Mkfifo(path, 0o600); err != nil {
			p.Discard()
			return nil, fmt.Errorf("make the named pipe %s: %w", path, err)
		}
	}
	var err error
	if p.from, err = os.OpenFile(p.FromSubject, os.O_RDONLY|syscall.O_NONBLOCK, 0); err == nil {
		p.holder, err = os.OpenFile(p.ToSubject, os.O_RDWR|syscall.O_NONBLOCK, 0)
	}
	if err != nil {
		p.Discard()
		return nil, fmt.Errorf("open the named pipes: %w", err)
	}
	return p, nil
}

// Connect is the peer at its end of the pipes, once the subject has opened both.
func (p *Pipes) Connect() (*Peer, error) {
	to, err := p.openToSubject()
	if err != nil {
		return nil, fmt.Errorf("open the pipe to the subject: %w", err)
	}
	// From here on the holder would hide a subject that does not read. Before, it has
	// kept one that does from taking a pipe without a writer for the end.
	_ = p.holder.Close()
	if probe, err := p.openToSubject(); err == nil {
		_ = probe.Close()
	} else if errors.Is(err, syscall.ENXIO) {
		_ = to.Close()
		return nil, errors.New("the subject has said that the connection is up, but does not hold its recv pipe open")
	}
	connected, err := newPeer(to, p.from)
	if err != nil {
		_ = to.Close()
		return nil, fmt.Errorf("read the pipe from the subject: %w", err)
	}
	p.from = nil // the peer's now
	p.Discard()
	return connected, nil
}

func (p *Pipes) openToSubject() (*os.File, error) {
	return os.OpenFile(p.ToSubject, os.O_WRONLY|syscall.O_NONBLOCK, 0)
}

// Discard removes the pipes' names and closes what Connect did not take.
func (p *Pipes) Discard() {
	for _, path := range []string{p.ToSubject, p.FromSubject} {
		_ = os.Remove(path)
	}
	for _, f := range []*os.File{p.from, p.holder} {
		if f != nil {
			_ = f.Close()
		}
	}
	p.from, p.holder = nil, nil
}

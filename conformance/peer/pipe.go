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

// Pipes holds the two named pipes of a connection until the subject has opened them.
// Call Connect then, or Discard if the subject fails to.
type Pipes struct {
	ToSubject   string // path; the subject opens it for reading
	FromSubject string // path; the subject opens it for writing

	from *os.File // reading end of FromSubject
	to   *os.File // writing end of ToSubject
}

// NewPipes creates two named pipes in dir. It opens the peer's ends before the subject is
// asked to open its own: opening one end of a named pipe blocks while nobody has the other end open.
func NewPipes(dir, name string) (*Pipes, error) {
	p := &Pipes{
		ToSubject:   filepath.Join(dir, name+".to-subject"),
		FromSubject: filepath.Join(dir, name+".from-subject"),
	}
	for _, path := range []string{p.ToSubject, p.FromSubject} {
		if err := syscall.Mkfifo(path, 0o600); err != nil {
			p.Discard()
			return nil, fmt.Errorf("create the named pipe %s: %w", path, err)
		}
	}
	var err error
	if p.from, p.to, err = pipe.OpenEnds(p.FromSubject, p.ToSubject); err != nil {
		p.Discard()
		return nil, err
	}
	return p, nil
}

// Connect returns the peer at its end of the pipes. Call it once the subject has opened
// both; it fails if the subject does not hold its receiving pipe open.
func (p *Pipes) Connect() (*Peer, error) {
	return connect(p.Files, "the pipe from the subject")
}

// connect returns the peer at the ends that files returns. What it reads has a name for the error.
func connect(files func() (to, from *os.File, err error), read string) (*Peer, error) {
	to, from, err := files()
	if err != nil {
		return nil, err
	}
	connected, err := newPeer(to, from)
	if err != nil {
		_, _ = to.Close(), from.Close()
		return nil, fmt.Errorf("read %s: %w", read, err)
	}
	return connected, nil
}

// Files returns the ends of the pipes that a peer would have: one to write to, and one to read from. It is for a
// caller that is no [Peer], who calls it in place of Connect.
func (p *Pipes) Files() (to, from *os.File, err error) {
	if !pipe.HasReader(p.ToSubject) {
		return nil, nil, errors.New("the subject has said that the connection is up, but does not hold its recv pipe open")
	}
	to, from = p.to, p.from
	p.to, p.from = nil, nil // belong to the caller now
	p.Discard()
	return to, from, nil
}

// WereOpened reports whether the subject has opened one of the pipes, as far as that can be seen.
// The peer's ends stay open, so that a subject that is only slow can still open its own.
func (p *Pipes) WereOpened() bool {
	return pipe.BetweenForks(func() bool { return pipe.WasOpened(p.from, p.ToSubject) })
}

// Discard removes the named pipes and closes the ends that no peer has. The ends that are
// open elsewhere stay usable.
func (p *Pipes) Discard() {
	_, _ = os.Remove(p.ToSubject), os.Remove(p.FromSubject)
	for _, f := range []*os.File{p.from, p.to} {
		if f != nil {
			_ = f.Close()
		}
	}
	p.from, p.to = nil, nil
}

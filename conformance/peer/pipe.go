//go:build unix

package peer

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/packetspec/packetspec/internal/pipe"
)

// Pipes holds the two named pipes of a connection until the subject has opened them.
// Call Connect then, or Discard if the subject fails to.
type Pipes struct {
	ToSubject   string // path; the subject opens it for reading
	FromSubject string // path; the subject opens it for writing

	from   *os.File // reading end of FromSubject
	holder *os.File // both ends of ToSubject, until Connect
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
	if p.from, err = os.OpenFile(p.FromSubject, os.O_RDONLY|syscall.O_NONBLOCK, 0); err == nil {
		p.holder, err = os.OpenFile(p.ToSubject, os.O_RDWR|syscall.O_NONBLOCK, 0)
	}
	if err != nil {
		p.Discard()
		return nil, fmt.Errorf("open the named pipes: %w", err)
	}
	return p, nil
}

// Connect returns the peer at its end of the pipes. Call it once the subject has opened
// both; it fails if the subject does not hold its receiving pipe open.
func (p *Pipes) Connect() (*Peer, error) {
	to, from, err := p.Files()
	if err != nil {
		return nil, err
	}
	connected, err := newPeer(to, from)
	if err != nil {
		_, _ = to.Close(), from.Close()
		return nil, fmt.Errorf("read the pipe from the subject: %w", err)
	}
	return connected, nil
}

// Files returns the ends of the pipes that a peer would have: one to write to, and one to read from. It is for a
// caller that is no [Peer], who calls it in place of Connect.
func (p *Pipes) Files() (to, from *os.File, err error) {
	to, err = p.openToSubject()
	if err != nil {
		return nil, nil, fmt.Errorf("open the pipe to the subject: %w", err)
	}
	// The holder has been a writer, without which a subject that reads at once would see
	// the end of the pipe. It is also a reader, and would now hide that a subject has
	// closed the pipe: writes would succeed and never be read. Without the holder, a
	// second open for writing fails with ENXIO if the subject does not have it open.
	_ = p.holder.Close()
	if second, err := p.openToSubject(); err == nil {
		_ = second.Close()
	} else if errors.Is(err, syscall.ENXIO) {
		_ = to.Close()
		return nil, nil, errors.New("the subject has said that the connection is up, but does not hold its recv pipe open")
	}
	from = p.from
	p.from = nil // belongs to the caller now
	p.Discard()
	return to, from, nil
}

// WereOpened reports whether the subject has opened one of the pipes, as far as that can be seen.
// Call it if the subject failed to open both; Connect must not follow.
//
// A process that this one starts meanwhile has copies of all descriptors for a moment, and looks like a
// subject that has opened the pipe. So it must look so for a while.
func (p *Pipes) WereOpened() bool {
	_ = p.holder.Close()
	for range 10 {
		if !pipe.WasOpened(p.from, p.ToSubject) {
			return false
		}
		<-time.After(forkTime / 10)
	}
	return true
}

// forkTime is longer than a process holds the descriptors of the one that started it.
const forkTime = 100 * time.Millisecond

// openToSubject opens the pipe for writing. With O_NONBLOCK it fails with ENXIO if no
// process has the pipe open for reading.
func (p *Pipes) openToSubject() (*os.File, error) {
	return os.OpenFile(p.ToSubject, os.O_WRONLY|syscall.O_NONBLOCK, 0)
}

// Discard removes the named pipes and closes the ends that no peer has. The ends that are
// open elsewhere stay usable.
func (p *Pipes) Discard() {
	_, _ = os.Remove(p.ToSubject), os.Remove(p.FromSubject)
	for _, f := range []*os.File{p.from, p.holder} {
		if f != nil {
			_ = f.Close()
		}
	}
	p.from, p.holder = nil, nil
}

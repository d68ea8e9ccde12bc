package mutant

import (
	"context"
	"sync/atomic"

	"github.com/packetspec/packetspec/conformance/adapter"
)

// An InProcess starts the mutant inside this process, a new one each time. Its ticks
// for the standard error are seen there too, but go nowhere. A fault that [Dies] would
// end this process.
type InProcess struct {
	Fault string // empty: none
	Later bool   // it speaks the later dialect, in which some faults are anyway
	Probe *Probe // nil: nobody wants to know
}

func (p InProcess) String() string { return "" }

// Start implements [adapter.Starter].
func (p InProcess) Start(ctx context.Context) (*adapter.Session, error) {
	impl, err := New(p.Fault)
	if err != nil {
		return nil, err
	}
	i := impl.(*implementation)
	i.later = i.later || p.Later
	i.probe = p.Probe
	var stderr counter
	i.stderr = &stderr
	session, err := adapter.InProcess{Implementation: i}.Start(ctx)
	if err != nil {
		return nil, err
	}
	session.StderrTotal = func() (int64, bool) { return stderr.octets.Load(), true }
	return session, nil
}

// A counter counts what is written to it.
type counter struct{ octets atomic.Int64 }

func (c *counter) Write(b []byte) (int, error) {
	c.octets.Add(int64(len(b)))
	return len(b), nil
}

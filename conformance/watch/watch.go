//go:build unix

package watch

import (
	"context"
	"syscall"
	"time"

	"github.com/packetspec/packetspec/conformance/relay"
)

// A Watch is a relay at work.
type Watch struct {
	Relay   *relay.Relay
	Program *Program // the right side; nil: it is a socket
}

// How long the relay may go on after its end is certain.
const (
	// lastOctets is how long the left side has, after the program has ended, to end its stream as it would have.
	lastOctets = 500 * time.Millisecond
	// stuckTime is how long a write to a side that does not read may block after a signal.
	stuckTime = time.Second
)

// Run relays until both streams have ended. When ctx ends, by a signal that the function returns, a program gets that signal, and the relay goes on
// until the program has ended; between sockets it ends at once.
func (w *Watch) Run(ctx context.Context, signal func() syscall.Signal) {
	relayCtx, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	relayed := make(chan struct{})
	go func() {
		w.Relay.Run(relayCtx)
		close(relayed)
	}()
	if w.Program == nil {
		select {
		case <-relayed:
		case <-ctx.Done():
			end()
			within(stuckTime, relayed)
		}
		return
	}
	stop := context.AfterFunc(ctx, func() {
		w.Relay.With(func(j *relay.Judge) { j.Stop(time.Now()) })
		w.Program.Signal(signal())
	})
	defer stop()
	<-w.Program.Ended
	select {
	case <-w.Relay.Ended(relay.Right): // another process may hold its stream open
	case <-ctx.Done():
		within(stuckTime, relayed)
	}
	if !within(lastOctets, relayed) {
		_ = w.Relay.Ends[relay.Left].Source.CloseRead()
		if ctx.Err() != nil {
			within(stuckTime, relayed)
			return
		}
		<-relayed
	}
}

// within reports whether something is done within a time.
func within(d time.Duration, done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	case <-time.After(d):
		return false
	}
}

package play

import (
	"context"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
)

// A Line is one connection of a subject, and the peer's ends of it.
type Line interface {
	// Write writes to the subject; that nobody reads shows in what comes back.
	Write(octets []byte)
	// CloseSend ends the peer's stream.
	CloseSend()
	// Drain waits until the subject has read what was written, if that can be seen.
	Drain(limit time.Duration)
	// Do gives a command on the connection.
	Do(m adapter.Message) Pending
	// Take is what has come from the subject since the last time, and whether its
	// stream has ended.
	Take() (octets []byte, ended bool)
	// SentByNow is how many octets the subject has sent, in all, before the call.
	SentByNow() int
	// Changed delivers when there is something to take.
	Changed() <-chan struct{}
	// Dead is closed when the subject has died.
	Dead() <-chan struct{}
	// Close forgets the connection, in whatever state it is.
	Close()
}

// A Pending is a command whose reply is to come.
type Pending interface {
	Done() <-chan struct{}
	Wait(ctx context.Context) (adapter.Reply, error)
}

// A Patience is how long the player waits.
type Patience struct {
	Due time.Duration // for what is due, while nothing comes, before it gives the script up
	End time.Duration // for the end of the subject's stream
	// Stalled, if not nil, is called once, when something has not come so soon as most does:
	// the rest may be a long wait, and no work.
	Stalled func()
}

// soon is when most of what is due has come.
const soon = 50 * time.Millisecond

// Quick is the patience of a campaign, Brisk that of making a finding small, and Calm that
// of a confirmation.
var (
	Brisk = Patience{Due: 250 * time.Millisecond, End: time.Second}
	Quick = Patience{Due: 150 * time.Millisecond, End: 600 * time.Millisecond}
	Calm  = Patience{Due: time.Second, End: 2 * time.Second}
)

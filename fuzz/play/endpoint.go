package play

import (
	"context"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
)

// An Endpoint is the peer's side of one connection of a subject, and gives the commands that
// belong to it. Only Changed and Dead may be used concurrently with other methods.
type Endpoint interface {
	// Write writes to the subject. It reports no error: if nobody reads, that shows in
	// what the subject does not do.
	Write(octets []byte)
	// CloseSend ends the peer's stream.
	CloseSend()
	// Drain waits until the subject has read everything written, if that can be observed.
	Drain(limit time.Duration)
	// Do gives a command on the connection.
	Do(m adapter.Message) Pending
	// Take returns what the subject has sent since the last call, and whether its stream has ended.
	Take() (octets []byte, ended bool)
	// SentByNow returns how many octets the subject had sent in all when it was called. It
	// may be called concurrently with Take.
	SentByNow() int
	// Changed delivers when there is something to take.
	Changed() <-chan struct{}
	// Dead is closed when the subject has died.
	Dead() <-chan struct{}
	// Close abandons the connection in whatever state it is.
	Close()
}

// A Pending is a command whose reply has not come yet.
type Pending interface {
	Done() <-chan struct{}
	Wait(ctx context.Context) (adapter.Reply, error)
}

// A Patience holds the limits of the player's waits.
type Patience struct {
	Due time.Duration // for something due, while nothing comes
	End time.Duration // for the end of the subject's stream, while nothing comes
	// Stalled, if not nil, is called once, when something has not come within [soon].
	Stalled func()
}

// soon is when most of what is due has come: on an idle machine an answer takes less than a
// millisecond, and the default grace delays it by 10 ms.
const soon = 50 * time.Millisecond

// Campaigns wait for Quick, minimising a finding for Brisk, and confirming one for Calm. What
// comes too late for one of the first two is tried again with the last.
var (
	Quick = Patience{Due: 150 * time.Millisecond, End: 600 * time.Millisecond}
	Brisk = Patience{Due: 250 * time.Millisecond, End: time.Second}
	Calm  = Patience{Due: time.Second, End: 2 * time.Second}
)

package reference

import (
	"errors"
	"fmt"
)

var (
	// ErrIncomplete reports octets that are the beginning of a packet and stop too soon.
	ErrIncomplete = errors.New("incomplete: the octets stop inside a packet")
	// ErrRange reports an integer this implementation cannot represent; see [MaxInteger].
	ErrRange = errors.New("integer out of range")
	// ErrTooLarge reports a packet whose declared length is above the limit of the reader.
	ErrTooLarge = errors.New("packet larger than the limit")
	// ErrClosed reports a request made after the connection was shut down.
	ErrClosed = errors.New("connection is closed")
	// ErrCancelled reports a request whose answer can no longer come.
	ErrCancelled = errors.New("request cancelled: the connection ended before its answer")
	// ErrOverload reports a peer whose requests pile up while handlers wait for it; see [WithBacklog].
	ErrOverload = errors.New("too much is held for the peer while its answers are awaited")
	// ErrCut reports a stream that ended without an EOF packet, or inside a packet.
	ErrCut = errors.New("stream cut: the octets stopped without an EOF packet")
)

// A MalformedError reports octets that are no packet, or a packet that breaks the
// protocol so that the stream cannot go on.
type MalformedError struct {
	Offset int64  // of the packet's first octet, from the start of what was decoded
	Reason string // what is wrong, for people
}

func (e *MalformedError) Error() string {
	return fmt.Sprintf("malformed packet at octet %d: %s", e.Offset, e.Reason)
}

package reference

import (
	"errors"
	"fmt"
)

// The errors of the codec, of a request, and of the end of a stream. They may come
// wrapped: compare with [errors.Is].
var (
	// ErrIncomplete reports octets that stop inside a packet or an integer.
	ErrIncomplete = errors.New("incomplete: the octets stop inside a packet")
	// ErrRange reports an integer that this implementation cannot represent; see [MaxInteger].
	ErrRange = errors.New("integer out of range")
	// ErrTooLarge reports a packet whose body exceeds the limit; see [WithMaxPacket].
	ErrTooLarge = errors.New("packet larger than the limit")
	// ErrClosed reports a request made after the connection was shut down, or a
	// connection that [PacketConnection.Close] ended.
	ErrClosed = errors.New("connection is closed")
	// ErrCancelled reports a request whose response can no longer arrive.
	ErrCancelled = errors.New("request cancelled: the connection ended before its response")
	// ErrOverload reports a peer that keeps sending requests while local calls wait for
	// its responses; see [WithBacklog].
	ErrOverload = errors.New("too much is held for the peer while local requests wait for its responses")
	// ErrCut reports a stream that ended inside a packet or without an EOF packet.
	ErrCut = errors.New("stream cut: the octets stopped without an EOF packet")
)

// A MalformedError reports a body that is too short for its fields, or a malformed EOF
// packet. The peer's stream ends there. (BAD-1, MEO-1)
type MalformedError struct {
	Offset int64  // of the packet's first octet; 0 if it came from [Decode]
	Reason string // for people
}

// Error returns the offset and the reason in one line.
func (e *MalformedError) Error() string {
	return fmt.Sprintf("malformed packet at octet %d: %s", e.Offset, e.Reason)
}

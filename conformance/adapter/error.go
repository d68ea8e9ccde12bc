package adapter

import (
	"errors"
	"fmt"
)

// A Kind says what sort of error a reply carries.
type Kind string

// The kinds of the adapter protocol.
const (
	Unsupported Kind = "unsupported" // the adapter cannot do this: the scenario is skipped
	Invalid     Kind = "invalid"     // the implementation refuses a value
	Closed      Kind = "closed"      // the connection is shut down
	Cancelled   Kind = "cancelled"   // the peer's stream ended first
	BadDecode   Kind = "decode"      // the response decoder failed
	Incomplete  Kind = "incomplete"  // the octets are the beginning of a packet
	Malformed   Kind = "malformed"   // the octets are refused for any other reason
	Internal    Kind = "internal"    // anything else
)

// kinds are all of them: another counts as Internal.
var kinds = []Kind{Unsupported, Invalid, Closed, Cancelled, BadDecode, Incomplete, Malformed, Internal}

// An Error is what an adapter replies in place of a result.
type Error struct {
	Kind    Kind   `json:"kind"`
	Message string `json:"message"`
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %s", e.Kind, e.Message) }

// Errorf makes an [*Error].
func Errorf(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// KindOf is the kind of the [*Error] in err's tree, Internal for another error, and
// empty for none.
func KindOf(err error) Kind {
	var e *Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return e.Kind
	}
	return Internal
}

package plan

import (
	"bytes"
	"fmt"

	"github.com/packetspec/packetspec/fuzz/input"
)

// An Answer is what the subject must send to one request of the peer.
type Answer struct {
	Packet      input.Packet // the request
	Allowed     Allowed
	Flags       uint64 // of the handler
	Payload     []byte
	Requirement string
	Sent        int // the act that writes the request
	Due         int // the act from which on the answer is due, or Never
	Duplicate   int // the act that writes the first duplicate of the request, or Never
	Handler     HandlerCall
	Ping        bool // the plan adds the request; the input does not have it

	undoubled string // Requirement, if there were no duplicate
}

// Allowed says which responses to a request are right.
type Allowed int

// The responses that are right.
const (
	Result           Allowed = iota // an ok response with Flags and Payload
	Failure                         // a failure response
	ResultOrFailure                 // one of the two
	FailureOrNothing                // at most a failure response
	Unspecified                     // at most one response, whatever it is
)

// String returns the name of a, as it stands in notes.
func (a Allowed) String() string {
	return [...]string{"result", "failure", "result or failure", "failure or nothing", "unspecified"}[a]
}

// HandlerCall says whether a request reaches the handler.
type HandlerCall int

// Whether a request reaches the handler.
const (
	Called HandlerCall = iota
	NotCalled
	MayBeCalled
)

// Required reports whether the answer has to come.
func (a *Answer) Required() bool { return a.Allowed != FailureOrNothing && a.Allowed != Unspecified }

// noteDuplicate records the act that writes a duplicate of the request.
func (a *Answer) noteDuplicate(at int) {
	if a.Duplicate != Never {
		return
	}
	a.Duplicate, a.undoubled = at, a.Requirement
	if a.Requirement != "TAG-3" { // which is of level should too
		a.Requirement = "TAG-5"
	}
}

// cancel requires the failure response of a handler whose request to the peer is cancelled.
func (a *Answer) cancel() {
	a.Allowed = Failure
	if a.Requirement != "TAG-3" && a.Requirement != "TAG-5" { // which are of level should
		a.Requirement = "EOS-6"
	}
}

// Response returns the ok response to the request.
func (a *Answer) Response() input.Packet {
	return input.Packet{Channel: a.Packet.Channel, Tag: a.Packet.Tag, Flags: a.Flags<<1 | 1, Payload: a.Payload}
}

// Matches reports whether a response to the request is right.
func (a *Answer) Matches(p input.Packet) bool {
	failed, isResult := p.Flags&1 == 0, p.Same(a.Response())
	switch a.Allowed {
	case Result:
		return isResult
	case Failure, FailureOrNothing:
		return failed
	case ResultOrFailure:
		return failed || isResult
	}
	return true
}

// Differs names the first part in which a response to the request is wrong.
func (a *Answer) Differs(p input.Packet) string {
	switch {
	case a.Allowed == Failure:
		return "ok for a failure"
	case p.Flags&1 == 0:
		return "failure for ok"
	case !bytes.Equal(p.Payload, a.Payload):
		return "payload"
	}
	return "flags"
}

// String describes the answer and its request.
func (a *Answer) String() string {
	s := "a failure response"
	switch a.Allowed {
	case Result:
		s = input.Show(a.Response())
	case ResultOrFailure:
		s += ", or " + input.Show(a.Response())
	case FailureOrNothing:
		s += " or nothing"
	case Unspecified:
		s = "any response or nothing"
	}
	return fmt.Sprintf("%s to the %s", s, a.Packet)
}

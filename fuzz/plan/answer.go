package plan

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/packetspec/packetspec/conformance/adapter"
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

// plainNumber matches the sizes that every adapter reads alike, up to [input.MaxLarge].
var plainNumber = regexp.MustCompile(`^(0|[1-9][0-9]{0,4})$`)

// setResult sets what the standard handler's result to the request must be answered with.
func (a *Answer) setResult(can Abilities) {
	p := a.Packet
	allow := func(allowed Allowed, flags uint64, payload []byte, requirement string) {
		if allowed == Result && flags > input.MaxInteger>>1 {
			allowed = ResultOrFailure // a response may have no room for them (INT-5)
		}
		a.Allowed, a.Flags, a.Payload, a.Requirement = allowed, flags, payload, requirement
	}
	switch handlerType(p) {
	case adapter.TypeNone:
		allow(Result, 0, nil, "HND-1")
	case adapter.TypeFlags:
		allow(Result, p.Flags, nil, "HND-2")
	case adapter.TypeBytes, adapter.TypeHold, adapter.TypeCall:
		allow(Result, 0, p.Payload, "HND-3")
	case adapter.TypeText:
		switch {
		case utf8.Valid(p.Payload):
			allow(Result, 0, p.Payload, "HND-4")
		case slices.Contains(p.Payload, 0xed): // perhaps a lone surrogate, which texts of some languages can have
			allow(Unspecified, 0, nil, "HND-4")
		default:
			allow(Failure, 0, nil, "HND-6")
		}
	case adapter.TypeBoth:
		allow(Result, p.Flags, p.Payload, "HND-5")
	case adapter.TypeReverse:
		reversed := slices.Clone(p.Payload)
		slices.Reverse(reversed)
		allow(Result, 0x11, reversed, "HND-5")
	case adapter.TypeLarge:
		if !plainNumber.Match(p.Payload) {
			allow(Unspecified, 0, nil, "HND-6")
			return
		}
		n, _ := strconv.Atoi(string(p.Payload))
		large := make([]byte, n)
		for i := range large {
			large[i] = byte(i % 251)
		}
		allow(Result, 0, large, "HND-3")
	case adapter.TypeInvalid:
		if can.InvalidReply && slices.Contains([]string{"float", "list3", "int-str", "negative"}, string(p.Payload)) {
			allow(Failure, 0, nil, "HND-7")
			return
		}
		allow(Unspecified, 0, nil, "HND-7")
	default:
		allow(Failure, 0, nil, "HND-6")
	}
}

// handlerType returns the type that the handler is given of a request.
func handlerType(p input.Packet) adapter.Type { return adapter.Type(p.Type - 1) }

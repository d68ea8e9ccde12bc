package plan

import (
	"slices"

	"github.com/packetspec/packetspec/fuzz/input"
)

// A Verb is what an act does.
type Verb int

// The verbs.
const (
	Write          Verb = iota // Octets to the subject
	Await                      // until all that is due has come
	Segment                    // until the subject has read what was written
	Request                    // Calls[Index], by the local user
	RequestRefused             // Refused[Index], by the local user
	AwaitClosed                // requests by the local user until one is refused as closed, Refused[Index]
	Release                    // Gate
	Shutdown                   // Shutdowns[Index]
	CloseSend
	AwaitEnd // until the subject's stream has ended, and join and all shutdowns have returned
	Probe    // request once more, which must be refused as closed
	Seen     // ask what the handler got
)

// An Act is one thing that is done to the subject.
type Act struct {
	Verb   Verb
	Octets []byte
	Gate   string
	Index  int
}

// A Plan is all that is done, and what it requires.
type Plan struct {
	NoHandler  bool
	NoChannels bool // none other than 0 are offered to the local user
	Grace      bool // the default one, not 0
	Acts       []Act
	Finish     int // the act to go on with when something that is due has not come
	Answers    []Answer
	Calls      []Call
	Shutdowns  []Stop
	Refused    []Asked // local requests that must be refused, by their acts
	End        End
	EOF        int    // the act by whose end EOF must have come, whatever is pending
	Moves      []Move // what led where, for the trace and to name a difference
}

// Most is as much as a subject may send before it is taken to send without end: far more
// than the plan requires.
func (p *Plan) Most() (packets, octets int) {
	packets = 4<<10 + 2*(len(p.Answers)+len(p.Calls))
	octets = 1<<20 + 64*len(p.Calls)
	for _, a := range p.Answers {
		// A text may show each octet of a payload in four, as \xff.
		octets += 4*max(len(a.Payload), len(a.Packet.Payload)) + 4<<10
	}
	for _, c := range p.Calls {
		octets += len(c.Local.Payload)
	}
	return packets, octets
}

// Never is the act of what Never happens.
const Never = 1 << 30

// A Want says what sort of answer is right.
type Want int

// The wants.
const (
	Result  Want = iota // an ok response with Flags and Payload
	Failure             // a failure response
	Either              // one of the two
	Maybe               // a failure response or none
	Open                // whatever: at most one
)

// An Answer is what the subject must send to one request of the peer's.
type Answer struct {
	Packet      input.Packet // the request
	Want        Want
	Flags       uint64 // of the handler
	Payload     []byte
	Requirement string
	Sent, Due   int // the acts that write it, and from which on the answer is due
	Duplicate   int // the act that writes the first duplicate of it, or Never
	Handled     Handled
	Ping        bool // it is not of the input's

	undoubled string // the requirement without a duplicate
}

// Handled says whether a request reaches the handler.
type Handled int

// Whether it does.
const (
	Called Handled = iota
	NotCalled
	MayBeCalled
)

// A Call is a local request: of the local user's, or of the standard handler's.
type Call struct {
	Local       input.Local
	Decoder     string
	Late        bool // it is waited for at the end only
	Nested      int  // the answer that waits for it; -1: it is the local user's
	Tag         uint64
	Requirement string // that it goes out

	Asked, Answered int // the acts
	Response        input.Packet
	Open            bool   // whatever the answer
	Answers         string // the requirement of its end
}

// A Stop is a local shutdown.
type Stop struct {
	Block    bool
	Second   bool
	Asked    int
	Earliest int // the act before which it must not return
	Due      int // the act from which on it must have
	Held     bool
	Pending  bool
}

// An Asked is a local request that must be refused.
type Asked struct {
	Act         int
	Local       input.Local
	Requirement string // SHD-1: as closed; CHN-5: as one on a channel that is not offered
}

// An End is how the peer's stream ends.
type End struct {
	From, Act   int      // the acts that begin and end it
	Reasons     []string // what join may tell
	Requirement string   // that the subject ends its own, too
	Cancels     string   // the requirement that pending requests are cancelled
	Open        bool     // it may have ended before, by what may be refused
}

// A Move is what a frame or step was taken for.
type Move struct {
	Act     int
	Kind    string // what it is
	State   string // what the connection was in
	Outcome string // what must become of it
	Open    int    // requests of both directions that were in flight
	Packet  input.Packet
	Req     string
}

// IsLocal reports whether a call is the local user's.
func (c Call) IsLocal() bool { return c.Nested < 0 }

// Wire is the packet that a call goes out as.
func (c Call) Wire() input.Packet {
	l := c.Local
	return input.Packet{IsRequest: true, Channel: l.Channel, Tag: c.Tag, Flags: l.Flags, Type: l.Type + 1, Payload: l.Payload}
}

// Result returns how the wait for an answered call must end, after its decoder, which may
// be the one that raises.
func (c Call) Result() (ok bool, flags uint64, payload []byte, raises bool) {
	ok, flags, payload = c.Response.Flags&1 != 0, c.Response.Flags>>1, c.Response.Payload
	if !ok {
		return ok, flags, payload, false
	}
	switch c.Decoder {
	case "raise":
		return false, 0, nil, true
	case "reverse":
		payload = slices.Clone(payload)
		slices.Reverse(payload)
	case "flags":
		payload = []byte(itoa(flags))
	}
	return ok, flags, payload, false
}

// String returns the kind of the move, and its packet if it has one.
func (m Move) String() string {
	s := m.Kind
	if m.Packet.IsRequest || m.Packet.Tag != 0 || len(m.Packet.Payload) > 0 {
		s += " (" + m.Packet.String() + ")"
	}
	return s
}

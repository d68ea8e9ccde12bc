package plan

import (
	"slices"
	"strconv"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/fuzz/input"
)

// A Plan holds everything that is done to the subject, and what that requires.
type Plan struct {
	NoHandler  bool // the connection has no request handler
	NoChannels bool // the subject offers the local user no channel other than 0
	Grace      bool // the connection has the default grace, not 0
	Acts       []Act
	// Finish is the first of the acts that are always carried out. A player that waits in
	// vain for something goes on with it; see [Plan.Until].
	Finish        int
	Answers       []Answer
	LocalRequests []LocalRequest
	Shutdowns     []ShutdownCall
	Refusals      []Refusal
	End           End
	EOF           int // the act by whose end EOF must have come, or Never
	Notes         []Note
}

// Never stands for an act that is not in the plan, after all others.
const Never = 1 << 30

// An Act is one thing that is done to the subject.
type Act struct {
	Verb   Verb
	Octets []byte // Write
	Gate   string // Release
	Index  int    // Request, RequestRefused, AwaitClosed, Shutdown
}

// A Verb says what an act does.
type Verb int

// The verbs.
const (
	Write          Verb = iota // the peer writes Octets
	Await                      // wait until everything that is due has come
	Drain                      // wait until the subject has read everything written
	Request                    // the local user submits LocalRequests[Index]
	RequestRefused             // the local user submits Refusals[Index]
	AwaitClosed                // the local user submits requests until one is refused as closed, as Refusals[Index]
	Release                    // the local user releases Gate
	Shutdown                   // the local user makes the call Shutdowns[Index]
	CloseSend                  // the peer ends its stream
	AwaitEnd                   // wait until the subject's stream has ended, and join and all shutdowns have returned
	LastRequest                // the local user submits one more request, which must be refused as closed
	Seen                       // ask which requests the handler got
)

// A LocalRequest is a request that the subject sends, for the local user or for the
// standard handler's type [adapter.TypeCall].
type LocalRequest struct {
	Fields      input.Local
	Decoder     string // of the response, in the words of the adapter protocol
	Late        bool   // the local user waits for it at the end only
	Nested      int    // the answer whose handler waits for it, or -1 for the local user's
	Tag         uint64
	Requirement string // that it is sent

	Submitted, Answered int // the acts that submit it and that write its response, or Never
	Response            input.Packet
	Unspecified         bool   // any result is right
	ResultRequirement   string // that its wait ends as it must
}

// IsLocalUsers reports whether the local user submits r, not a handler.
func (r LocalRequest) IsLocalUsers() bool { return r.Nested < 0 }

// Packet returns the packet that r is sent as.
func (r LocalRequest) Packet() input.Packet {
	f := r.Fields
	return input.Packet{IsRequest: true, Channel: f.Channel, Tag: r.Tag, Flags: f.Flags, Type: f.Type + 1, Payload: f.Payload}
}

// Result returns how the wait for r must end after its response was decoded. If raises is
// true, it ends with the decoder's error.
func (r LocalRequest) Result() (ok bool, flags uint64, payload []byte, raises bool) {
	ok, flags, payload = r.Response.Flags&1 != 0, r.Response.Flags>>1, r.Response.Payload
	switch {
	case !ok:
	case r.Decoder == adapter.DecodeRaise:
		return false, 0, nil, true
	case r.Decoder == adapter.DecodeReverse:
		payload = slices.Clone(payload)
		slices.Reverse(payload)
	case r.Decoder == adapter.DecodeFlags:
		payload = strconv.AppendUint(nil, flags, 10)
	}
	return ok, flags, payload, false
}

// A ShutdownCall is a call of shutdown by the local user.
type ShutdownCall struct {
	Block    bool
	Second   bool // another shutdown has begun before it
	Act      int  // that makes the call
	Earliest int  // the act before which it must not return
	Due      int  // the act from which on it must have returned, or Never
	Held     bool // handlers run when it is made
	Pending  bool // local requests are pending when it is made
	// HeldRequirement is the requirement that a blocking one does not return while they run.
	// It is not SHD-6 if an implementation that breaks TAG-3 or TAG-5 need not know of them.
	HeldRequirement string
}

// A Refusal is a local request that must be refused.
type Refusal struct {
	Act         int
	Fields      input.Local
	Requirement string // SHD-1: as closed; CHN-5: as one on a channel that is not offered
}

// An End says how the peer's stream ends.
type End struct {
	From, Act   int      // the first and the last act that write what ends it
	Reasons     []string // what join may report
	Requirement string   // that the subject ends its own stream too
	Cancels     string   // the requirement that pending requests are cancelled
	Unspecified bool     // it may have ended before, by a packet that may be refused
}

// A Note says what the plan makes of a frame or step of the input. Traces are made from notes,
// and a difference is named by the last one before it.
type Note struct {
	Act         int
	Kind        string // of the frame or step
	State       string // of the connection
	Outcome     string // what must become of it
	InFlight    int    // requests in flight in both directions
	Packet      input.Packet
	Requirement string // that the subject heeds it; empty: the subject cannot notice it
}

// String returns the kind of the note, and its packet if it has one.
func (n Note) String() string {
	if n.Packet.IsRequest || n.Packet.Tag != 0 || len(n.Packet.Payload) > 0 {
		return n.Kind + " (" + n.Packet.String() + ")"
	}
	return n.Kind
}

// MostSent returns how many packets and octets the subject may send before it counts as one
// that sends without end: several times what the plan allows.
func (p *Plan) MostSent() (packets, octets int) {
	packets = 4<<10 + 2*(len(p.Answers)+len(p.LocalRequests))
	octets = 1<<20 + 64*len(p.LocalRequests)
	for _, a := range p.Answers {
		// The text of a failure is the responder's choice. It may show each octet of the
		// payload as four, such as \xff.
		octets += 4*max(len(a.Payload), len(a.Packet.Payload)) + 4<<10
	}
	for _, r := range p.LocalRequests {
		octets += len(r.Fields.Payload)
	}
	return packets, octets
}

// Until returns what p requires if the script is given up at an act before Finish: the
// player skips the acts between, but ends the peer's stream and releases every gate, and
// then carries out the acts from Finish on. What the peer has not written requires nothing.
func (p *Plan) Until(act int) *Plan {
	if act >= p.Finish {
		return p
	}
	q := *p
	if p.End.Act > act {
		q.End = End{From: p.Finish, Act: p.Finish, Reasons: []string{adapter.EndedCut}, Requirement: "EOS-2", Cancels: "EOS-2"}
	}
	if p.EOF > act {
		q.EOF = Never
	}
	q.Notes = slices.DeleteFunc(slices.Clone(p.Notes), func(n Note) bool { return n.Act > act })
	q.Refusals = slices.DeleteFunc(slices.Clone(p.Refusals), func(r Refusal) bool { return r.Act > act })
	q.Answers = slices.DeleteFunc(slices.Clone(p.Answers), func(a Answer) bool { return a.Sent > act })
	for i := range q.Answers {
		a := &q.Answers[i]
		if a.Due > act {
			a.Due = Never
		}
		if a.Duplicate > act && a.undoubled != "" {
			a.Duplicate, a.Requirement = Never, a.undoubled
		}
	}
	q.LocalRequests = slices.DeleteFunc(slices.Clone(p.LocalRequests), func(r LocalRequest) bool { return r.Submitted > act })
	for i := range q.LocalRequests {
		r := &q.LocalRequests[i]
		if r.Answered <= act {
			continue
		}
		r.Answered, r.ResultRequirement, r.Unspecified = Never, q.End.Cancels, q.End.Unspecified
		if !r.IsLocalUsers() && !r.Unspecified { // its handler raises
			q.Answers[r.Nested].cancel()
		}
	}
	q.Shutdowns = slices.DeleteFunc(slices.Clone(p.Shutdowns), func(s ShutdownCall) bool { return s.Act > act })
	for i := range q.Shutdowns {
		s := &q.Shutdowns[i]
		s.Earliest = min(s.Earliest, p.Finish)
		if s.Due > act {
			s.Due = Never
		}
	}
	return &q
}

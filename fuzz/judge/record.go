package judge

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/fuzz/input"
)

// A Record holds what a subject did while a plan was played.
type Record struct {
	Packets []Received
	Rest    []byte // of the subject's stream, after the packets
	Ended   bool   // the subject's stream has ended
	EndAct  int    // during which the end was seen

	LocalRequests []CommandResult // of the waits, one for each of the plan's
	Refusals      []CommandResult // one for each of the plan's
	Shutdowns     []CommandResult // one for each of the plan's
	Join          CommandResult
	LastRequest   CommandResult
	Seen          []adapter.Seen // nil if the subject does not say

	Aborted int // the act that waited in vain, or -1
	// Polled is how many requests of type 0 the subject accepted, or may have, before it
	// refused one as closed.
	Polled int
	// Waited is the limit of the first wait for something due that ran out, and WaitedEnd of
	// the one for the end of the subject's stream. 0 means that none ran out.
	Waited, WaitedEnd time.Duration
	Flooded           bool  // the subject sent more than [plan.Plan.MostSent]
	Hung              bool  // the subject's stream, or a command that waits for it, did not end
	Died              bool  // the subject's process ended, or replied no more
	Broken            error // why the record shows nothing, without the subject's fault
}

// A Received is a frame that the subject sent, and the act during which it was seen.
type Received struct {
	input.Frame
	Act int
}

// A CommandResult says how a command to the subject ended.
type CommandResult struct {
	Sent  bool // the command was given
	Done  bool // it has ended
	Act   int  // the act during which its end was seen
	Reply adapter.Reply
	Err   *adapter.Error
	Had   int // for shutdowns: how many octets the subject had sent when it returned
}

// String describes the result of a command that has ended.
func (r CommandResult) String() string {
	switch {
	case r.Err != nil:
		return "the error " + r.Err.Error()
	case r.Reply.OK != nil && r.Reply.Payload != nil: // an adapter may report more than it has to
		verdict := "failed"
		if *r.Reply.OK {
			verdict = "ok"
		}
		return fmt.Sprintf("%s, flags %s, payload %s", verdict, r.Reply.Flags, input.Words(*r.Reply.Payload))
	}
	return "its return"
}

// differs names the first part in which a result differs from the required one, or returns "".
// Errors do not differ if they have one kind.
func (r CommandResult) differs(required CommandResult) string {
	switch {
	case r.Err != nil && required.Err != nil && r.Err.Kind == required.Err.Kind:
		return ""
	case r.Err != nil:
		return "error " + string(r.Err.Kind)
	case required.Err != nil:
		return "no error"
	case *r.Reply.OK != *required.Reply.OK:
		return "result's ok"
	case r.Reply.Flags != required.Reply.Flags:
		return "result's flags"
	case string(*r.Reply.Payload) != string(*required.Reply.Payload):
		return "result's payload"
	}
	return ""
}

// A Difference is something that a subject did differently from what its plan requires.
type Difference struct {
	Requirement string `json:"requirement"`
	Kind        string `json:"kind"`
	State       string `json:"state"` // of the connection
	Expected    string `json:"expected"`
	Came        string `json:"came"`
	Act         int    `json:"-"`
	// Timed says that only its time was wrong, so a longer wait may show no difference.
	Timed bool `json:"timed,omitempty"`
}

// Signature returns what makes two differences the same finding.
func (d Difference) Signature() string {
	return strings.TrimSpace(d.Requirement + " " + d.Kind + " " + d.State)
}

// eof returns the number of the first EOF packet, malformed or not, or how many packets there are.
func (r *Record) eof() int {
	i := slices.IndexFunc(r.Packets, func(g Received) bool { return g.Shape == input.Whole && g.Packet.EndsStream() })
	if i < 0 {
		return len(r.Packets)
	}
	return i
}

// nothing describes for how long something that did not come was waited for.
func (r *Record) nothing() string {
	switch {
	case r.Flooded:
		return fmt.Sprintf("nothing of the kind in %d packets, more than the input gives any reason for", len(r.Packets))
	case r.Waited > 0 && r.Ended:
		return fmt.Sprintf("nothing within %s, nor later until the end of the subject's stream", seconds(r.Waited))
	case r.Waited > 0:
		return "nothing within " + seconds(r.Waited)
	case r.Ended:
		return "nothing until the end of the subject's stream"
	case r.WaitedEnd > 0:
		return "nothing within " + seconds(r.WaitedEnd)
	}
	return "nothing"
}

// tooLate describes what came only after a wait for it had run out.
func (r *Record) tooLate(what string) string {
	return fmt.Sprintf("nothing within %s, and %s later", seconds(r.Waited), what)
}

// result describes how a command ended, or for how long it was waited for.
func (r *Record) result(of CommandResult) string {
	if !of.Done {
		return r.nothing()
	}
	return of.String()
}

func seconds(d time.Duration) string { return fmt.Sprintf("%g s", d.Seconds()) }

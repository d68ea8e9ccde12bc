package judge

import (
	"strings"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/fuzz/input"
)

// A Record is what a subject did, in the light of a plan. Acts tell during which act
// something was seen, which may be later than it happened, never earlier.
type Record struct {
	Packets   []Got
	Rest      []byte // of the subject's stream: no packet
	Ended     bool   // the subject's stream has
	EndAct    int
	Calls     []Settled // by the plan's
	Refused   []Settled
	Shutdowns []Settled
	Join      Settled
	Probe     Settled
	Seen      []adapter.Seen
	SeenErr   error

	Aborted int // the act at which what was due had not come, or -1
	Polled  int // requests of type 0 that the subject took, or may have, before it began to shut down
	// How long the first wait was that was given up, for what is due and for the end of the
	// subject's stream; 0: there was none.
	Waited, WaitedEnd time.Duration
	Flooded           bool   // the subject sent more than there can be any reason for
	Hung              bool   // the subject's stream, or something that waits for it, did not end
	Died              string // how the subject ended, if it did
	Broken            error  // why nothing can be said: it is no fault of the subject's
}

// Got is a frame of the subject's.
type Got struct {
	input.Frame
	Act int
}

// Settled is how a command ended.
type Settled struct {
	Sent  bool
	Done  bool
	Act   int
	Reply adapter.Reply
	Err   error
	Had   int // octets of the subject's that had been sent when it returned; of shutdowns
}

// A Difference is what a subject did otherwise.
type Difference struct {
	Requirement string `json:"requirement"`
	Kind        string `json:"kind"`
	State       string `json:"state"`
	Expected    string `json:"expected"`
	Came        string `json:"came"`
	Act         int    `json:"-"`
	// Timed: it is by its time alone that it came wrong, and so more patience may mend it.
	Timed bool `json:"timed,omitempty"`
}

// Signature is what differences have in common that are one.
func (d Difference) Signature() string {
	return strings.TrimSpace(d.Requirement + " " + d.Kind + " " + d.State)
}

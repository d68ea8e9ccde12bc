package plan

import (
	"bytes"
	"fmt"

	"github.com/packetspec/packetspec/fuzz/input"
)

// Required reports whether the answer has to come.
func (a *Answer) Required() bool { return a.Want != Maybe && a.Want != Open }

// duplicated notes that the first duplicate of the request is written by an act.
func (a *Answer) duplicated(at int) {
	if a.Duplicate == Never {
		a.Duplicate, a.undoubled, a.Requirement = at, a.Requirement, "TAG-5"
	}
}

func (a *Answer) isResult(p input.Packet) bool {
	return p.Flags == a.Flags<<1|1 && bytes.Equal(p.Payload, a.Payload)
}

func (a *Answer) Matches(p input.Packet) bool {
	failed := p.Flags&1 == 0
	switch a.Want {
	case Result:
		return a.isResult(p)
	case Failure, Maybe:
		return failed
	case Either:
		return failed || a.isResult(p)
	}
	return true
}

// Differs names the first part in which a response differs from the answer.
func (a *Answer) Differs(p input.Packet) string {
	failed := p.Flags&1 == 0
	switch {
	case a.Want == Failure:
		return "ok for a failure"
	case failed:
		return "failure for ok"
	case !bytes.Equal(p.Payload, a.Payload):
		return "payload"
	}
	return "flags"
}

func (a *Answer) String() string {
	if a.Want == Result {
		return input.Show(a.response()) + fmt.Sprintf(" to the %s", a.Packet)
	}
	return fmt.Sprintf("a %s to the %s", map[Want]string{Failure: "failure response", Either: "failure response, or " + input.Show(a.response())}[a.Want], a.Packet)
}

// response is the result in a packet.
func (a *Answer) response() input.Packet {
	return input.Packet{Channel: a.Packet.Channel, Tag: a.Packet.Tag, Flags: a.Flags<<1 | 1, Payload: a.Payload}
}

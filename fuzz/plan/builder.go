package plan

import (
	"slices"

	"github.com/packetspec/packetspec/fuzz/input"
)

// A Phase is the state that the plan has brought the connection to.
type Phase int

// The phases.
const (
	Open       Phase = iota // neither side has ended it
	ShutDown                // the local user has shut it down
	PeerEnded               // the peer's stream has ended
	BothEnded               // the local user has shut it down, and the peer's stream has ended
	MaybeEnded              // the peer's stream may have ended, by a packet that may be refused
)

// String returns the name of the phase, as it stands in signatures.
func (p Phase) String() string {
	return [...]string{"open", "shut", "over", "shut and over", "unsure"}[p]
}

// A builder makes one plan, frame by frame.
type builder struct {
	can   Abilities
	plan  *Plan
	phase Phase

	tags      map[uint64]*tagState // of the peer's requests on channel 0
	released  map[string]bool      // gates
	held      []int                // answers whose handlers wait at gates
	queued    []int                // answers that may wait for a handler to return
	maybeHeld []string             // gates at which handlers wait if a packet is not refused

	responded map[input.ID]bool // local requests to which the peer has sent a response
	pings     uint64

	closed     bool // the peer has ended its stream
	frameStart int  // the act that writes the first octet of the frame
	cutAt      int  // how many octets of the next frame come in a first piece; 0: all at once

	// What has not been observed yet.
	unconfirmed     bool // octets after which no due answer shows that they were received
	unmatched       bool // a response to no pending request among them
	unsent          bool // a local request on the wire
	unseenDuplicate bool // the refusal of a duplicate
	unseenEnd       bool // what the end of the peer's stream made due
}

// act appends an act and returns its number.
func (b *builder) act(a Act) int {
	b.plan.Acts = append(b.plan.Acts, a)
	return len(b.plan.Acts) - 1
}

// write has the peer write octets, in one write with those before unless something came
// between. It returns the act that writes the last of them.
func (b *builder) write(octets []byte) int {
	if n := b.cutAt; n > 0 && n < len(octets) {
		b.cutAt = 0
		b.write(octets[:n])
		b.drain()
		octets = octets[n:]
	}
	at := b.now()
	if at == len(b.plan.Acts) {
		return b.act(Act{Verb: Write, Octets: octets})
	}
	b.plan.Acts[at].Octets = slices.Concat(b.plan.Acts[at].Octets, octets)
	return at
}

// drain has the subject read what was written before the peer writes more.
func (b *builder) drain() {
	if !b.closed && b.now() < len(b.plan.Acts) {
		b.act(Act{Verb: Drain})
	}
}

// now returns the act that the next octets would be written by.
func (b *builder) now() int {
	if n := len(b.plan.Acts); n > 0 && b.plan.Acts[n-1].Verb == Write {
		return n - 1
	}
	return len(b.plan.Acts)
}

func (b *builder) note(kind, outcome, requirement string, p input.Packet) {
	b.plan.Notes = append(b.plan.Notes, Note{
		Act: b.now(), Kind: kind, State: b.phase.String(), Outcome: outcome,
		InFlight: len(b.held) + len(b.queued) + b.pending(), Packet: p, Requirement: requirement,
	})
}

// confirm waits until everything due has come, and everything written has been received.
// After a shutdown nothing is sure to show the latter.
func (b *builder) confirm() {
	if b.unconfirmed && b.phase == Open && !b.closed {
		b.ping()
	}
	b.awaitDue()
}

// awaitDue waits until everything due has come.
func (b *builder) awaitDue() {
	if n := len(b.plan.Acts); n == 0 || b.plan.Acts[n-1].Verb == Await {
		return
	}
	b.act(Act{Verb: Await})
	b.unmatched = b.unmatched && b.unconfirmed
	b.unsent, b.unseenDuplicate, b.unseenEnd = false, false, false
	for _, t := range b.tags {
		t.answering = false
	}
}

// ping has the peer send a request that every implementation refuses. The refusal shows
// that everything before it has been received.
func (b *builder) ping() {
	b.pings++
	p := input.Packet{IsRequest: true, Channel: input.Private, Tag: b.pings, Type: 1}
	at := b.write(p.Octets())
	b.plan.Answers = append(b.plan.Answers, Answer{
		Packet: p, Allowed: Failure, Requirement: "CHN-1", Sent: at, Due: at, Duplicate: Never, Handler: NotCalled, Ping: true,
	})
	b.unconfirmed = false
}

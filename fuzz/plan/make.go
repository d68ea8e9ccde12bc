package plan

import (
	"slices"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/fuzz/input"
)

// Abilities hold which optional abilities of a subject a plan makes use of.
type Abilities struct {
	Channels, Decode, DecodeFlags, InvalidReply bool
}

// maxFrames bounds how many frames of an input count. The largest burst that the mutator
// makes at once has 1,200 (see fuzz/mutate), and a plan of 2,048 takes well below a second.
const maxFrames = 2048

// maxLength is the declared length up to which every reader accepts a packet. (BAD-4)
const maxLength = 1 << 20

// Make returns the plan of an input.
func Make(raw []byte, can Abilities) *Plan {
	b := &builder{
		can:       can,
		plan:      &Plan{NoChannels: !can.Channels, End: End{From: Never, Act: Never}, EOF: Never},
		tags:      map[uint64]*tagState{},
		released:  map[string]bool{},
		responded: map[input.ID]bool{},
	}
	frames := input.Frames(raw)
	frames = frames[:min(len(frames), maxFrames)]
	if i := slices.IndexFunc(frames, func(f input.Frame) bool { return f.Op() == input.Options }); i >= 0 {
		b.plan.NoHandler = frames[i].Packet.Flags&input.NoHandler != 0
		b.plan.Grace = frames[i].Packet.Flags&input.Grace != 0
	}
	for _, f := range frames {
		b.add(f)
	}
	b.finish()
	return b.plan
}

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

func (b *builder) add(f input.Frame) {
	switch f.Op() {
	case input.Write:
		b.frame(f)
	case input.Await:
		b.note("await", "", "", input.Packet{})
		b.confirm()
	case input.Segment:
		b.note("segment", "", "DEC-5", input.Packet{})
		if b.cutAt = int(min(f.Packet.Flags, maxLength)); b.cutAt == 0 {
			b.drain()
		}
	case input.Request:
		b.request(f)
	case input.Release:
		if b.unseenEnd {
			b.awaitDue()
		}
		b.release(string(f.Packet.Payload))
	case input.Shutdown:
		b.shutdown(f.Packet.Flags&input.Blocking != 0)
	case input.Close:
		if !b.closed {
			b.beforeEnd()
			b.close()
		}
	}
}

// frame adds what the peer writes.
func (b *builder) frame(f input.Frame) {
	p := f.Packet
	b.frameStart = b.now()
	switch {
	case b.closed:
		return
	case b.phase != Open && b.phase != ShutDown:
		b.note("late "+kindOf(f), "", "EOS-5", p)
		b.write(f.Octets)
	case f.Shape == input.Cut && !f.Beyond && f.Length <= maxLength:
		b.note("cut", "", "BAD-2", p)
		b.beforeEnd()
		b.write(f.Octets)
		b.endAt(b.frameStart, b.closeSend(), "BAD-2", "BAD-2", adapter.EndedCut)
	case f.Shape == input.Cut:
		b.endBy(f, "long", "BAD-4", "BAD-4", adapter.EndedCut, adapter.EndedMalformed)
		b.close()
	case f.Beyond, f.Length > maxLength:
		b.beyond(f)
	case f.Shape == input.Short:
		b.endBy(f, "short", "BAD-1", "BAD-1", adapter.EndedMalformed)
	case p.IsEOF():
		b.endBy(f, "eof", "EOS-3", "EOS-1", adapter.EndedEOF)
	case p.EndsStream():
		requirement := "MEO-1"
		switch {
		case b.phase == ShutDown:
			requirement = "MEO-4"
		case b.plan.NoHandler:
			requirement = "MEO-5"
		}
		b.endBy(f, "meo", requirement, requirement, adapter.EndedMalformed)
	case p.IsRequest:
		b.peerRequest(f)
	default:
		b.response(f)
	}
}

// kindOf returns the kind of note that a frame gets.
func kindOf(f input.Frame) string {
	switch {
	case f.Shape == input.Short:
		return "short"
	case f.Shape == input.Cut:
		return "cut"
	case f.Packet.IsEOF():
		return "eof"
	case f.Packet.EndsStream():
		return "meo"
	case f.Packet.IsRequest:
		return "request"
	}
	return "response"
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

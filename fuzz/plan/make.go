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

// AbilitiesOf returns the abilities of a subject that can do what can reports.
func AbilitiesOf(can func(adapter.Ability) bool) Abilities {
	return Abilities{
		Channels: can(adapter.CanChannels), Decode: can(adapter.CanDecode),
		DecodeFlags: can(adapter.CanDecodeFlags), InvalidReply: can(adapter.CanInvalidReply),
	}
}

// maxFrames bounds how many frames of an input count. The largest burst that the mutator
// makes at once has 1,200 (see fuzz/mutate), and a plan of 2,048 takes well below a second.
const maxFrames = 2048

// maxLength is the declared length up to which every reader accepts a packet. (BAD-4)
const maxLength = 1 << 20

// Make returns the plan of an input.
func Make(raw []byte, can Abilities) *Plan {
	b := &builder{
		can:      can,
		plan:     &Plan{NoChannels: !can.Channels, End: End{From: Never, Act: Never}, EOF: Never},
		tags:     map[uint64]*tagState{},
		released: map[string]bool{},
	}
	frames := input.Frames(raw)
	frames = frames[:min(len(frames), maxFrames)]
	b.plan.Notes = make([]Note, 0, len(frames)+1) // most frames get one, and so does the end
	if i := slices.IndexFunc(frames, func(f input.Frame) bool { return f.Op() == input.Options }); i >= 0 {
		b.plan.NoHandler = frames[i].Packet.Flags&input.NoHandler != 0
		b.plan.Grace = frames[i].Packet.Flags&input.Grace != 0
	}
	for _, f := range frames {
		b.carryOut(b.decide(f))
	}
	b.finish()
	return b.plan
}

// A step is what becomes of a frame: what is waited for, what is done, and what that requires.
// The zero step does nothing.
type step struct {
	// In this order:
	first wait // before the note
	note  Note // without Act, State and InFlight; there is none without a Kind
	then  wait // between the note and the acts
	last  wait // after the acts

	// What the peer does.
	cutAt      int           // where its next octets are cut in two pieces; 0: as before
	octets     []byte        // that it writes
	progress   progress      // of the request in octets
	answer     Answer        // to that request, but for Sent, Due and Duplicate
	tag        *tagState     // of that request, if the handler may get it
	duplicates bool          // that request duplicates the last one with its tag, or may
	delivers   *LocalRequest // the pending request that octets respond to
	responds   bool          // octets may respond to any pending request
	mayHold    string        // the gate at which a handler waits if octets are not refused
	end        *End          // of its stream by octets, but for From and Act
	close      *End          // of its stream by its closing, if nothing ended it before

	// What the local user does.
	request  *LocalRequest // or the handler that gets the request in octets
	refusal  *Refusal
	release  string // a gate
	shutdown *ShutdownCall
}

// A wait says what is waited for.
type wait int

// The waits. Both due and received include all before them.
const (
	nothing  wait = iota
	sent          // until local requests are on the wire
	ended         // until what the end of the peer's stream made due has come
	doubled       // until duplicates have been refused
	due           // until everything due has come
	received      // the same, and until everything written has been received
	eof           // until everything due has come, and EOF too
	shut          // until a local request is refused as closed
	read          // until the subject has read everything written
)

// decide returns what becomes of a frame. Neither decide nor what it calls changes the builder.
func (b *builder) decide(f input.Frame) step {
	switch f.Op() {
	case input.Write:
		return b.frame(f)
	case input.Await:
		return step{note: Note{Kind: "await"}, last: received}
	case input.Segment:
		s := step{note: Note{Kind: "segment", Requirement: "DEC-5"}, cutAt: int(min(f.Packet.Flags, maxLength))}
		if s.cutAt == 0 {
			s.last = read
		}
		return s
	case input.Request:
		return b.request(f)
	case input.Release:
		return b.release(string(f.Packet.Payload))
	case input.Shutdown:
		return b.shutdown(f.Packet.Flags&input.Blocking != 0)
	case input.Close:
		return step{close: closedBy("EOS-2")}
	}
	return step{}
}

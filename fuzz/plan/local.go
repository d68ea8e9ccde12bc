package plan

import (
	"slices"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/fuzz/input"
)

// request decides what becomes of a local request.
func (b *builder) request(f input.Frame) step {
	fields, ok := f.Local()
	isOffered := fields.Channel == 0 || b.can.Channels
	s := step{note: Note{Kind: "ask", Packet: input.Packet{Type: fields.Type}}}
	switch {
	case !ok, b.phase.peerEnded(), b.phase == ShutDown && !isOffered: // the last has two reasons to be refused
		return step{}
	case !isOffered:
		s.note.Outcome, s.note.Requirement = "no channel", "CHN-5"
	case b.phase == ShutDown:
		s.note.Outcome, s.note.Requirement = "closed", "SHD-1"
	default:
		r := &LocalRequest{Fields: fields, Late: f.Packet.Flags&input.Late != 0}
		if d := input.Decoders[f.Packet.Flags&input.DecoderBits]; b.can.Decode && (d != adapter.DecodeFlags || b.can.DecodeFlags) {
			r.Decoder = d
		}
		if b.unmatched {
			s.first = received // it could answer this request
		}
		s.note.Outcome, s.note.Requirement, s.note.Packet.Channel, s.request = r.Decoder, "RQS-1", fields.Channel, r
		return s
	}
	s.refusal = &Refusal{Fields: fields, Requirement: s.note.Requirement}
	return s
}

// release decides what becomes of the release of a gate. Duplicates of the requests whose
// handlers wait at it must be refused while those are in flight.
func (b *builder) release(gate string) step {
	if !isGate([]byte(gate)) || b.released[gate] {
		return step{first: ended}
	}
	return step{first: ended, note: Note{Kind: "release"}, then: doubled, release: gate}
}

// shutdown decides what becomes of a shutdown. The first one has surely begun before the next
// step. If it had not, a later act could come first and change what is right:
//
//  1. The local user's blocking shutdown is sent to the adapter, which is slow.
//  2. The peer's stream ends, which shuts the connection down.
//  3. The adapter calls shutdown. It is a second one now, and may return at once. (SHD-4)
//
// The shutdown's return shows it, or EOF. Handlers that run keep both back. Then the local
// user submits requests until one is refused.
func (b *builder) shutdown(block bool) (s step) {
	if b.phase.peerEnded() {
		return s
	}
	call := &ShutdownCall{
		Block: block, Second: b.phase == ShutDown, Held: len(b.held)+len(b.asking) > 0, Pending: len(b.asking)+b.asked > 0,
		Due: Never, HeldRequirement: b.heldRequirement(),
	}
	if block && !call.Second {
		call.Earliest = Never
	}
	s.shutdown = call
	s.note.Kind, s.note.Requirement = "shutdown", "SHD-8"
	switch {
	case block:
		s.note.Kind, s.note.Requirement = "blocking shutdown", "SHD-6"
	case call.Held:
		s.note.Requirement = "SHD-9"
	}
	// What has been accepted has to be known. Local requests are, once they are submitted.
	if b.unconfirmed || !b.onlySubmitted() {
		s.first = received
	}
	switch handling := call.Held || len(b.queued) > 0; {
	case call.Second, handling && !block:
		s.last = due
	case handling:
		s.last = shut
	default:
		s.last = eof
	}
	return s
}

// onlySubmitted reports whether the local user has done nothing since the last wait but
// submit requests, and the peer nothing.
func (b *builder) onlySubmitted() bool {
	for _, a := range slices.Backward(b.plan.Acts) {
		if a.Verb != Request && a.Verb != RequestRefused {
			return a.Verb == Await
		}
	}
	return true
}

// heldRequirement returns the requirement that a blocking shutdown waits for handlers.
func (b *builder) heldRequirement() string {
	requirement := "SHD-6"
	for _, i := range slices.Concat(b.held, b.queued, b.asking) {
		requirement = b.plan.Answers[i].Requirement
		if requirement != "TAG-3" && requirement != "TAG-5" {
			return "SHD-6"
		}
	}
	return requirement
}

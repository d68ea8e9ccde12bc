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

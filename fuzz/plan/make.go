package plan

import (
	"strconv"

	"github.com/packetspec/packetspec/fuzz/input"
)

// Abilities are what of an implementation bears on a plan.
type Abilities struct {
	Channels, Decode, DecodeFlags, InvalidReply bool
}

// maxSteps is how many frames of an input count.
const maxSteps = 2048

// Make is what an input asks for.
func Make(raw []byte, can Abilities) *Plan {
	b := &builder{
		can:    can,
		plan:   &Plan{NoChannels: !can.Channels, End: End{From: Never, Act: Never}, EOF: Never},
		tags:   map[uint64]*tag{},
		gates:  map[string]bool{},
		spoken: map[input.ID]bool{},
	}
	frames := input.Frames(raw)
	if len(frames) > maxSteps {
		frames = frames[:maxSteps]
	}
	for _, f := range frames {
		if f.Op() == input.Options {
			b.plan.NoHandler = f.Packet.Flags&input.NoHandler != 0
			b.plan.Grace = f.Packet.Flags&input.Grace != 0
			break
		}
	}
	for _, f := range frames {
		b.step(f)
	}
	b.finish()
	return b.plan
}

// A Phase is the state of the connection that the plan has come to.
type Phase int

// The phases.
const (
	Up       Phase = iota // neither side has ended it
	Shut                  // the local user has shut it down
	Over                  // the peer's stream has ended
	ShutOver              // both
	Unsure                // the peer's stream may have ended, by a packet that may be refused
)

// String returns the name of the phase, as it stands in signatures.
func (p Phase) String() string {
	return [...]string{"open", "shut", "over", "shut and over", "unsure"}[p]
}

// A tag is what is known of the peer's requests with one tag on channel 0.
type tag struct {
	holds   int  // the answer that is held, or -1
	quick   bool // one may be in flight, until all that is due has come
	blocked bool // one may be in flight, for as long as handlers are held
	used    bool
	refused bool // a duplicate, since holds began
	unknown bool // nothing can be said any more
}

type builder struct {
	can   Abilities
	plan  *Plan
	phase Phase
	tags  map[uint64]*tag
	gates map[string]bool // released
	held  []int           // answers that wait at gates
	stuck []int           // answers that may wait for a handler's place
	calls int             // tags given out
	pings uint64

	closed  bool              // the peer has ended its stream
	unheard bool              // something was sent of which no answer that is due tells that it was received
	stray   bool              // a response is among it
	waits   bool              // what became due by the end is to be awaited
	spoken  map[input.ID]bool // responses that were sent
	loose   []string          // gates at which somebody may wait
	began   int               // the act at which the frame began
	cut     int               // after how many octets the next frame is cut
	doubled bool              // the refusal of a duplicate has not been awaited
	unsent  bool              // a local request has not been awaited on the wire
}

func (b *builder) act(a Act) int {
	b.plan.Acts = append(b.plan.Acts, a)
	return len(b.plan.Acts) - 1
}

// write writes octets, together with those before if nothing came between.
func (b *builder) write(octets []byte) int {
	if n := b.cut; n > 0 && n < len(octets) {
		b.cut = 0
		b.write(octets[:n])
		b.segment()
		octets = octets[n:]
	}
	if n := len(b.plan.Acts); n > 0 && b.plan.Acts[n-1].Verb == Write {
		last := &b.plan.Acts[n-1]
		last.Octets = append(last.Octets[:len(last.Octets):len(last.Octets)], octets...)
		return n - 1
	}
	return b.act(Act{Verb: Write, Octets: octets})
}

// segment has the subject read what was written on its own.
func (b *builder) segment() {
	if n := len(b.plan.Acts); !b.closed && n > 0 && b.plan.Acts[n-1].Verb == Write {
		b.act(Act{Verb: Segment})
	}
}

// now is the act that what happens next belongs to.
func (b *builder) now() int {
	if n := len(b.plan.Acts); n > 0 && b.plan.Acts[n-1].Verb == Write {
		return n - 1
	}
	return len(b.plan.Acts)
}

func (b *builder) move(kind, outcome, requirement string, p input.Packet) {
	b.plan.Moves = append(b.plan.Moves, Move{
		Act: b.now(), Kind: kind, State: b.phase.String(), Outcome: outcome,
		Open: len(b.held) + len(b.stuck) + b.pending(), Packet: p, Req: requirement,
	})
}

func (b *builder) step(f input.Frame) {
	switch f.Op() {
	case input.Write:
		b.frame(f)
	case input.Settle:
		b.move("settle", "", "", input.Packet{})
		b.settle()
	case input.Segment:
		b.move("segment", "", "DEC-5", input.Packet{})
		if b.cut = int(min(f.Packet.Flags, maxLength)); b.cut == 0 {
			b.segment()
		}
	case input.Request:
		b.request(f)
	case input.Release:
		b.awaitEnd()
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

// frame is what the peer writes.
func (b *builder) frame(f input.Frame) {
	p := f.Packet
	b.began = b.now()
	switch {
	case b.closed:
		return
	case b.phase == Over, b.phase == ShutOver, b.phase == Unsure:
		b.move("late "+kindOf(f), "", "EOS-5", p)
		b.write(f.Octets)
	case f.Shape == input.Cut && !f.Beyond && f.Length <= maxLength:
		b.move("cut", "", "BAD-2", p)
		b.beforeEnd()
		b.write(f.Octets)
		b.close()
	case f.Shape == input.Cut:
		b.move("long", "", "BAD-4", p)
		b.beforeEnd()
		b.write(f.Octets)
		b.end("BAD-4", "BAD-4", adapterCut, adapterMalformed)
		b.close()
	case f.Beyond, f.Length > maxLength:
		b.beyond(f)
	case f.Shape == input.Short:
		b.move("short", "", "BAD-1", p)
		b.beforeEnd()
		b.write(f.Octets)
		b.end("BAD-1", "BAD-1", adapterMalformed)
	case p.IsEOF():
		b.move("eof", "", "EOS-3", p)
		b.beforeEnd()
		b.write(f.Octets)
		b.end("EOS-3", "EOS-1", adapterEOF)
	case p.EndsStream():
		requirement := "MEO-1"
		switch {
		case b.phase == Shut:
			requirement = "MEO-4"
		case b.plan.NoHandler:
			requirement = "MEO-5"
		}
		b.move("meo", "", requirement, p)
		b.beforeEnd()
		b.write(f.Octets)
		b.end(requirement, requirement, adapterMalformed)
		b.plan.End.Reasons = []string{adapterMalformed}
	case p.IsRequest:
		b.peerRequest(f)
	default:
		b.response(f)
	}
}

// maxLength is the length up to which every reader takes a packet.
const maxLength = 1 << 20

// How the peer's stream ended, in the words of the adapter protocol.
const (
	adapterEOF       = "eof"
	adapterCut       = "cut"
	adapterMalformed = "malformed"
)

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

// beyond is a packet that may be refused, so that its sender's stream may end there.
func (b *builder) beyond(f input.Frame) {
	switch p := f.Packet; {
	case f.Shape != input.Whole || !p.IsRequest || p.Channel != 0:
	case p.Type-1 == typeCall, p.Type-1 == typeLarge:
		return // what would follow from it is open
	case p.Type-1 == typeHold:
		if !isGate(p.Payload) {
			return
		}
		b.loose = append(b.loose, string(p.Payload))
	}
	b.move("beyond", "", "INT-5", f.Packet)
	b.beforeEnd()
	at := b.write(f.Octets)
	if f.Packet.IsRequest {
		b.plan.Answers = append(b.plan.Answers, Answer{
			Packet: f.Packet, Want: Open, Requirement: "INT-5", Sent: at, Due: Never, Duplicate: Never, Handled: MayBeCalled,
		})
	}
	for i := range b.plan.Calls {
		c := &b.plan.Calls[i]
		if !f.Packet.IsRequest && c.Answered == Never {
			c.Open = true
		}
	}
	b.end("INT-5", "INT-5", adapterMalformed, adapterCut, adapterEOF)
	b.plan.End.Open = true
	for _, c := range b.plan.Calls {
		if c.Open && c.Nested >= 0 { // what its handler has been answered is open, too
			b.plan.Answers[c.Nested].Want = Open
		}
	}
	b.phase = Unsure
	b.waits = false
	b.close()
}

// settle has the peer wait until all that is due has come, and what was sent has been
// received.
func (b *builder) settle() {
	if b.unheard && b.phase == Up && !b.closed {
		b.ping()
	}
	b.awaitDue()
}

func (b *builder) awaitDue() {
	if n := len(b.plan.Acts); n == 0 || b.plan.Acts[n-1].Verb == Await {
		return
	}
	b.act(Act{Verb: Await})
	b.stray = b.stray && b.unheard
	b.waits, b.doubled, b.unsent = false, false, false
	for _, t := range b.tags {
		t.quick = false
	}
}

// ping is a request that everyone refuses, and so tells that it has been received.
func (b *builder) ping() {
	b.pings++
	p := input.Packet{IsRequest: true, Channel: input.Private, Tag: b.pings, Type: 1}
	at := b.write(p.Octets())
	b.plan.Answers = append(b.plan.Answers, Answer{
		Packet: p, Want: Failure, Requirement: "CHN-1", Sent: at, Due: at, Duplicate: Never, Handled: NotCalled, Ping: true,
	})
	b.unheard = false
}

// pending is how many local requests are unanswered.
func (b *builder) pending() (n int) {
	if b.plan.End.Act != Never {
		return 0 // they are cancelled
	}
	for _, c := range b.plan.Calls {
		if c.Answered == Never {
			n++
		}
	}
	return n
}

func itoa(v uint64) string { return strconv.FormatUint(v, 10) }

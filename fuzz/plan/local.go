package plan

import (
	"slices"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/fuzz/input"
)

func (b *builder) request(f input.Frame) {
	fields, ok := f.Local()
	switch {
	case !ok, b.phase != Open && b.phase != ShutDown:
		return
	case fields.Channel != 0 && !b.can.Channels:
		if b.phase == Open { // later there are two reasons to refuse it
			b.refused(fields, "no channel", "CHN-5")
		}
		return
	case b.phase == ShutDown:
		b.refused(fields, "closed", "SHD-1")
		return
	}
	if b.unmatched {
		b.confirm() // it could answer this request
	}
	r := LocalRequest{
		Fields: fields, Decoder: input.Decoders[f.Packet.Flags&input.DecoderBits], Late: f.Packet.Flags&input.Late != 0, Nested: -1,
	}
	if !b.can.Decode || r.Decoder == adapter.DecodeFlags && !b.can.DecodeFlags {
		r.Decoder = ""
	}
	b.note("ask", r.Decoder, "RQS-1", input.Packet{Type: fields.Type, Channel: fields.Channel})
	b.submit(r)
}

// refused adds a local request that must be refused.
func (b *builder) refused(fields input.Local, reason, requirement string) {
	b.note("ask", reason, requirement, input.Packet{Type: fields.Type})
	b.refuse(RequestRefused, fields, requirement)
}

func (b *builder) refuse(verb Verb, fields input.Local, requirement string) {
	at := b.act(Act{Verb: verb, Index: len(b.plan.Refusals)})
	b.plan.Refusals = append(b.plan.Refusals, Refusal{Act: at, Fields: fields, Requirement: requirement})
}

func (b *builder) submit(r LocalRequest) {
	r.Tag = uint64(len(b.plan.LocalRequests)) + 1
	r.Answered, r.Requirement, r.ResultRequirement = Never, "RQS-1", "EOS-1"
	r.Submitted = b.act(Act{Verb: Request, Index: len(b.plan.LocalRequests)})
	b.plan.LocalRequests = append(b.plan.LocalRequests, r)
	b.unsent = true
}

// awaitSent waits for local requests on the wire. A request is pending only from then on: a response
// that comes before may be ignored, and the end of the peer's stream may keep it from being sent.
func (b *builder) awaitSent() {
	if b.unsent {
		b.awaitDue()
	}
}

// nested adds the request that a handler of [adapter.TypeCall] sends, and waits until it
// comes: only then is its tag known.
func (b *builder) nested(answer int) {
	a := b.plan.Answers[answer]
	r := LocalRequest{
		Fields: input.Local{Type: uint64(adapter.TypeBytes), Payload: a.Packet.Payload}, Nested: answer, Tag: uint64(len(b.plan.LocalRequests)) + 1,
		Requirement: "BID-2", Submitted: a.Sent, Answered: Never, ResultRequirement: "BID-2",
	}
	switch {
	case a.Requirement == "TAG-3":
		r.Requirement = "TAG-3" // or its handler is never called
	case b.nesting() > 0:
		r.Requirement = "BID-3"
	}
	b.plan.LocalRequests = append(b.plan.LocalRequests, r)
	b.unconfirmed = false
	b.awaitDue()
}

func (b *builder) pending() int {
	return b.count(func(*LocalRequest) bool { return true })
}

// nesting returns how many handlers wait for the peer.
func (b *builder) nesting() int {
	return b.count(func(r *LocalRequest) bool { return !r.IsLocalUsers() })
}

// count returns how many pending local requests are of a kind.
func (b *builder) count(is func(*LocalRequest) bool) (n int) {
	if b.plan.End.Act != Never {
		return 0 // all are cancelled
	}
	for r := range b.unanswered {
		if is(r) {
			n++
		}
	}
	return n
}

// unanswered yields the local requests to which the peer has written no response.
func (b *builder) unanswered(yield func(*LocalRequest) bool) {
	for i := range b.plan.LocalRequests {
		if r := &b.plan.LocalRequests[i]; r.Answered == Never && !yield(r) {
			return
		}
	}
}

func (b *builder) response(f input.Frame) {
	p := f.Packet
	older := false
	for r := range b.unanswered {
		if r.Tag == p.Tag && r.Fields.Channel == p.Channel {
			b.deliver(f, r, older)
			return
		}
		older = true
	}
	requirement := "RSP-5"
	if b.responded[p.ID()] {
		requirement = "RSP-6"
	}
	b.note("response", "stray", requirement, p)
	b.write(f.Octets)
	b.unconfirmed, b.unmatched = true, true
}

// deliver adds the response to a pending request. If older is true, a request before it is
// still pending.
func (b *builder) deliver(f input.Frame, r *LocalRequest, older bool) {
	b.awaitSent()
	r.ResultRequirement = b.resultRequirement(r, f.Packet, older)
	b.note("response", "delivered "+r.Decoder, r.ResultRequirement, f.Packet)
	at := b.write(f.Octets)
	r.Answered, r.Response = at, f.Packet
	b.responded[f.Packet.ID()] = true
	if !r.IsLocalUsers() {
		a := &b.plan.Answers[r.Nested]
		a.Allowed, a.Flags, a.Payload = Result, 0, f.Packet.Payload
		// Its handler has begun, so it needs no further room but to run.
		b.returns(r.Nested, at, len(b.held) >= minHandlers)
		b.unqueue(at)
	}
	b.unconfirmed = b.unconfirmed || r.Late
	b.endShutdowns(at, at)
}

// resultRequirement returns the requirement that a response tests first of all.
func (b *builder) resultRequirement(r *LocalRequest, p input.Packet, older bool) string {
	ok := p.Flags&1 != 0
	switch {
	case b.phase == ShutDown:
		return "SHD-5"
	case !r.IsLocalUsers():
		return "BID-2"
	case r.Decoder != "" && !ok:
		return "DCR-3"
	case r.Decoder == adapter.DecodeRaise:
		return "DCR-2"
	case r.Decoder != "":
		return "DCR-1"
	case !ok:
		return "RSP-3"
	case r.Fields.Channel != 0:
		return "CHN-3"
	case older:
		return "RSP-4"
	}
	return "RSP-2"
}

func (b *builder) shutdown(block bool) {
	if b.phase != Open && b.phase != ShutDown {
		return
	}
	handling := len(b.held)+b.nesting() > 0
	kind, requirement := "shutdown", "SHD-8"
	switch {
	case block:
		kind, requirement = "blocking shutdown", "SHD-6"
	case handling:
		requirement = "SHD-9"
	}
	// What has been accepted has to be known. Local requests are, once they are submitted.
	if b.unconfirmed || !b.onlySubmitted() {
		b.confirm()
	}
	b.note(kind, "", requirement, input.Packet{})
	second := b.phase == ShutDown
	b.phase = ShutDown
	at := b.act(Act{Verb: Shutdown, Index: len(b.plan.Shutdowns)})
	s := ShutdownCall{
		Block: block, Second: second, Act: at, Due: at, Held: handling, Pending: b.pending() > 0, HeldRequirement: b.heldRequirement(),
	}
	if block {
		s.Due = Never
		if !second {
			s.Earliest = Never
		}
	}
	b.plan.Shutdowns = append(b.plan.Shutdowns, s)
	b.endShutdowns(at, at)
	if second {
		b.awaitDue()
	} else {
		b.awaitShutdown()
	}
}

// heldRequirement returns the requirement that a blocking shutdown waits for handlers.
func (b *builder) heldRequirement() string {
	running := slices.Concat(b.held, b.queued)
	for r := range b.unanswered {
		if !r.IsLocalUsers() {
			running = append(running, r.Nested)
		}
	}
	requirement := "SHD-6"
	for _, i := range running {
		requirement = b.plan.Answers[i].Requirement
		if requirement != "TAG-3" && requirement != "TAG-5" {
			return "SHD-6"
		}
	}
	return requirement
}

// awaitShutdown waits until the first shutdown has surely begun. If it had not, a later act
// could come first and change what is right:
//
//  1. The local user's blocking shutdown is sent to the adapter, which is slow.
//  2. The peer's stream ends, which shuts the connection down.
//  3. The adapter calls shutdown. It is a second one now, and may return at once. (SHD-4)
//
// The shutdown's return shows it, or EOF. Handlers that run keep both back. Then the local
// user submits requests until one is refused.
func (b *builder) awaitShutdown() {
	first := b.plan.Shutdowns[0]
	handling := first.Held || len(b.queued) > 0
	if handling && first.Due == Never {
		b.refuse(AwaitClosed, input.Local{}, "SHD-1")
		return
	}
	b.awaitDue()
	if !handling {
		b.plan.EOF = len(b.plan.Acts) - 1
	}
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

// endShutdowns lets blocking shutdowns return from one act on, and requires that they have
// from another on, if nothing keeps them any more.
func (b *builder) endShutdowns(from, at int) {
	if len(b.held)+len(b.queued)+b.pending() > 0 {
		return
	}
	for i := range b.plan.Shutdowns {
		if s := &b.plan.Shutdowns[i]; s.Due == Never {
			s.Due, s.Earliest = at, min(s.Earliest, from)
		}
	}
}

package plan

import (
	"slices"

	"github.com/packetspec/packetspec/fuzz/input"
)

const (
	// minHandlers is how many handlers every implementation runs at once, beside those
	// that wait for the peer. (HND-9)
	minHandlers = 2
	// minBegun is how many handlers every implementation begins before one returns. (BID-3)
	minBegun = 64
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

// peerEnded reports whether the peer's stream has ended, or may have.
func (p Phase) peerEnded() bool { return p != Open && p != ShutDown }

// A builder makes one plan, step by step.
type builder struct {
	can   Abilities
	plan  *Plan
	phase Phase

	tags      map[uint64]*tagState // of the peer's requests on channel 0
	released  map[string]bool      // gates
	held      []int                // answers whose handlers wait at gates
	asking    []int                // answers whose handlers wait for the peer
	queued    []int                // answers that may wait for a handler to return
	answering []*tagState          // tags of requests whose answers are due
	mayHold   string               // the gate at which a handler waits if a packet is not refused
	asked     int                  // how many of the local user's requests are pending
	pings     uint64

	closed bool // the peer has closed its stream
	cutAt  int  // where the next octets are cut in two pieces; 0: nowhere

	// What has not been observed yet.
	unconfirmed     bool // octets after which no due answer shows that they were received
	unmatched       bool // a response to no pending request among them
	unsent          bool // a local request on the wire
	unseenDuplicate bool // the refusal of a duplicate
	unseenEnd       bool // what the end of the peer's stream made due
}

// carryOut appends what a step does and requires to the plan.
func (b *builder) carryOut(s step) {
	b.await(s.first)
	if s.note.Kind != "" {
		b.note(s.note)
	}
	b.await(s.then)
	switch {
	case s.octets != nil, s.close != nil:
		b.peerActs(&s)
	case s.cutAt > 0:
		b.cutAt = s.cutAt
	case s.request != nil:
		b.submit(*s.request)
	case s.refusal != nil:
		b.refuse(RequestRefused, *s.refusal)
	case s.release != "":
		b.open(s.release)
	case s.shutdown != nil:
		b.shutDown(*s.shutdown)
	}
	b.await(s.last)
}

// peerActs carries out what the peer does in a step.
func (b *builder) peerActs(s *step) {
	if s.end != nil || s.close != nil {
		b.beforeEnd()
	}
	from, at := Never, Never
	if s.octets != nil {
		from, at = b.now(), b.write(s.octets)
	}
	if s.duplicates {
		b.plan.Answers[s.tag.answer].noteDuplicate(at)
		s.tag.duplicated = true
		b.unseenDuplicate = b.unseenDuplicate || s.progress == refused
	}
	switch {
	case s.progress != none:
		b.receive(s, at)
	case s.delivers != nil:
		b.deliver(s.delivers, s.note, at)
	default: // nothing will show that the octets were received
		b.unconfirmed, b.unmatched = true, true
	}
	if s.end != nil {
		b.mayHold = s.mayHold
		b.end(*s.end, from, at, s.responds)
	}
	if s.close != nil && !b.closed {
		b.closed = true
		at = b.act(Act{Verb: CloseSend})
		b.end(*s.close, min(from, at), at, false)
	}
}

// receive adds the answer to a request that an act writes.
func (b *builder) receive(s *step, at int) {
	i, a, t := len(b.plan.Answers), s.answer, s.tag
	a.Sent, a.Due, a.Duplicate = at, Never, Never
	if s.progress == refused {
		a.Due = at
	}
	b.plan.Answers = append(b.plan.Answers, a)
	if s.progress != dropped { // what comes at once shows that everything before it was received
		b.unconfirmed = s.progress == unspecified || s.progress == queued || s.progress == held
	}
	if s.progress == dropped || s.progress == refused {
		return
	}
	b.tags[a.Packet.Tag] = t
	if s.progress == unspecified {
		t.unspecified = true
		return
	}
	t.progress, t.answer, t.duplicated = s.progress, i, false
	switch s.progress {
	case held:
		b.held = append(b.held, i)
	case asking:
		b.asking = append(b.asking, i)
		b.ask(*s.request, i, at)
	default:
		b.returns(i, at, s.progress == queued)
	}
}

// deliver adds the response to a pending request that an act writes.
func (b *builder) deliver(r *LocalRequest, n Note, at int) {
	r.Answered, r.Response, r.ResultRequirement = at, n.Packet, n.Requirement
	if r.IsLocalUsers() {
		b.asked--
	} else {
		a := &b.plan.Answers[r.Nested]
		a.Allowed, a.Flags, a.Payload = Result, 0, n.Packet.Payload
		b.asking = slices.DeleteFunc(b.asking, func(i int) bool { return i == r.Nested })
		// Its handler has begun, so it needs no further room but to run.
		b.returns(r.Nested, at, len(b.held) >= minHandlers)
	}
	b.unconfirmed = b.unconfirmed || r.Late
	b.free(at, at)
}

// end ends the peer's stream by what the acts from one to another write, unless it has ended.
// If responds is true, they may respond to any pending request.
func (b *builder) end(e End, from, at int, responds bool) {
	if b.plan.End.Act != Never {
		return
	}
	e.From, e.Act = from, at
	b.plan.End, b.asking, b.asked = e, nil, 0 // all pending requests are cancelled
	for i := range b.plan.LocalRequests {
		r := &b.plan.LocalRequests[i]
		if r.Answered != Never {
			continue
		}
		r.ResultRequirement, r.Unspecified = e.Cancels, responds
		if !r.IsLocalUsers() { // its handler raises
			a := &b.plan.Answers[r.Nested]
			if a.cancel(); responds {
				a.Allowed = Unspecified
			}
			b.returns(r.Nested, at, len(b.held) >= minHandlers)
		}
	}
	switch {
	case e.Unspecified:
		b.phase = MaybeEnded
	case b.phase == ShutDown:
		b.phase = BothEnded
	default:
		b.phase = PeerEnded
	}
	b.unseenEnd = !e.Unspecified
	b.free(from, at)
}

// submit adds a request that the local user submits.
func (b *builder) submit(r LocalRequest) {
	r.Requirement, r.ResultRequirement = "RQS-1", "EOS-1"
	b.ask(r, -1, b.act(Act{Verb: Request, Index: len(b.plan.LocalRequests)}))
	b.unsent = true
	b.asked++
}

// ask adds a request that the subject sends because of an act, for a handler or, if nested is
// -1, for the local user.
func (b *builder) ask(r LocalRequest, nested, at int) {
	r.Nested, r.Tag, r.Submitted, r.Answered = nested, uint64(len(b.plan.LocalRequests))+1, at, Never
	b.plan.LocalRequests = append(b.plan.LocalRequests, r)
}

// refuse adds a local request that must be refused, by an act of a verb.
func (b *builder) refuse(verb Verb, r Refusal) {
	r.Act = b.act(Act{Verb: verb, Index: len(b.plan.Refusals)})
	b.plan.Refusals = append(b.plan.Refusals, r)
}

// open releases a gate, and lets the handlers at it return.
func (b *builder) open(gate string) {
	b.released[gate] = true
	at := b.act(Act{Verb: Release, Gate: gate})
	isAtGate := func(i int) bool { return string(b.plan.Answers[i].Packet.Payload) == gate }
	all := b.held
	b.held = slices.DeleteFunc(slices.Clone(all), isAtGate)
	for _, i := range all {
		if isAtGate(i) {
			b.returns(i, at, isFull(len(b.held), len(b.asking)))
		}
	}
	b.free(at, at)
}

// shutDown adds a call of shutdown.
func (b *builder) shutDown(s ShutdownCall) {
	b.phase = ShutDown
	s.Act = b.act(Act{Verb: Shutdown, Index: len(b.plan.Shutdowns)})
	if !s.Block {
		s.Due = s.Act
	}
	b.plan.Shutdowns = append(b.plan.Shutdowns, s)
	b.free(s.Act, s.Act)
}

// returns makes due the answer of a handler that nothing holds any more, unless it may
// have to wait for another to return.
func (b *builder) returns(answer, at int, waits bool) {
	t := b.tags[b.plan.Answers[answer].Packet.Tag]
	if waits {
		t.progress = queued
		b.queued = append(b.queued, answer)
		return
	}
	t.progress = answering
	b.answering = append(b.answering, t)
	b.plan.Answers[answer].Due = at
}

// free makes due what nothing keeps back any more: the answers whose handlers waited for
// room, and the return of blocking shutdowns. They may return from an earlier act on.
func (b *builder) free(earliest, at int) {
	if !isFull(len(b.held), len(b.asking)) {
		for _, i := range b.queued {
			b.returns(i, at, false)
		}
		b.queued = nil
	}
	for i := range b.plan.Shutdowns {
		if s := &b.plan.Shutdowns[i]; s.Due == Never && b.inFlight() == 0 {
			s.Due, s.Earliest = at, min(s.Earliest, earliest)
		}
	}
}

// isFull reports whether a further request may have to wait until a handler returns. It is
// given how many handlers wait at gates, and how many for the peer.
func isFull(held, asking int) bool { return held >= minHandlers || held+asking >= minBegun }

// inFlight returns how many requests are in flight in both directions, but for those whose
// answers are due.
func (b *builder) inFlight() int { return len(b.held) + len(b.asking) + len(b.queued) + b.asked }

// beforeEnd prepares for the end of the peer's stream. If handlers are held, nothing but a
// pending request shows the end, by being cancelled, so the local user submits one.
func (b *builder) beforeEnd() {
	shows := func(r LocalRequest) bool { return r.Answered == Never && r.IsLocalUsers() && !r.Late }
	if b.phase == Open && len(b.held) > 0 && !slices.ContainsFunc(b.plan.LocalRequests, shows) {
		if b.unmatched {
			b.await(received)
		}
		b.submit(LocalRequest{})
	}
	b.await(sent)
}

// finish ends the peer's stream, releases everything held, and inspects what is left.
func (b *builder) finish() {
	if b.phase == Open {
		b.note(Note{Kind: "finish", Requirement: "EOS-2"})
	}
	b.beforeEnd()
	b.plan.Finish = len(b.plan.Acts)
	b.carryOut(step{close: closedBy("EOS-2")})
	b.await(ended)
	for len(b.held) > 0 {
		gate := string(b.plan.Answers[b.held[0]].Packet.Payload)
		b.carryOut(step{note: Note{Kind: "release"}, then: doubled, release: gate})
	}
	if b.mayHold != "" {
		b.act(Act{Verb: Release, Gate: b.mayHold})
	}
	b.plan.Acts = append(b.plan.Acts, Act{Verb: AwaitEnd}, Act{Verb: LastRequest}, Act{Verb: Seen})
}

// await adds the acts that a wait takes.
func (b *builder) await(w wait) {
	n := len(b.plan.Acts)
	switch {
	case w == read:
		if b.cutAt = 0; b.now() < n && !b.closed {
			b.act(Act{Verb: Drain})
		}
		return
	case w == shut:
		b.refuse(AwaitClosed, Refusal{Requirement: "SHD-1"})
		return
	case w == received && b.unconfirmed && b.phase == Open && !b.closed: // after a shutdown nothing shows it
		b.ping()
	case w == nothing, w == sent && !b.unsent, w == ended && !b.unseenEnd, w == doubled && !b.unseenDuplicate, n == 0 || b.plan.Acts[n-1].Verb == Await:
		return
	}
	at := b.act(Act{Verb: Await})
	if w == eof {
		b.plan.EOF = at
	}
	b.unmatched = b.unmatched && b.unconfirmed
	b.unsent, b.unseenDuplicate, b.unseenEnd = false, false, false
	for _, t := range b.answering {
		t.progress = none
	}
	b.answering = nil
}

// ping has the peer send a request that every implementation refuses. The refusal shows
// that everything before it has been received.
func (b *builder) ping() {
	b.pings++
	p := input.Packet{IsRequest: true, Channel: input.Private, Tag: b.pings, Type: 1}
	a := Answer{Packet: p, Allowed: Failure, Requirement: "CHN-1", Handler: NotCalled, Ping: true}
	b.peerActs(&step{octets: p.Octets(), answer: a, progress: refused})
}

// write has the peer write octets, in one write with those before unless something came
// between. It returns the act that writes the last of them.
func (b *builder) write(octets []byte) int {
	if n := b.cutAt; 0 < n && n < len(octets) {
		b.write(octets[:n])
		b.await(read)
		octets = octets[n:]
	}
	at := b.now()
	if at == len(b.plan.Acts) {
		return b.act(Act{Verb: Write, Octets: octets})
	}
	b.plan.Acts[at].Octets = slices.Concat(b.plan.Acts[at].Octets, octets)
	return at
}

// note adds a note of what comes next.
func (b *builder) note(n Note) {
	n.Act, n.State, n.InFlight = b.now(), b.phase.String(), b.inFlight()
	b.plan.Notes = append(b.plan.Notes, n)
}

// now returns the act that the next octets would be written by.
func (b *builder) now() int {
	if n := len(b.plan.Acts); n > 0 && b.plan.Acts[n-1].Verb == Write {
		return n - 1
	}
	return len(b.plan.Acts)
}

// act appends an act and returns its number.
func (b *builder) act(a Act) int {
	b.plan.Acts = append(b.plan.Acts, a)
	return len(b.plan.Acts) - 1
}

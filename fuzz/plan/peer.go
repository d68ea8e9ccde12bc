package plan

import (
	"regexp"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/fuzz/input"
)

// A progress says how far a request of the peer has come.
type progress int

// How far a request has come.
const (
	none        progress = iota // there is no request, or it has been answered
	dropped                     // it need not be answered
	refused                     // its failure is due at once, without a call of the handler
	unspecified                 // nothing is known of it
	answering                   // its answer is due
	queued                      // its handler may wait until another returns
	held                        // its handler waits at a gate
	asking                      // its handler waits for the peer
)

// waits reports whether the request's handler waits for the local user or the peer.
func (p progress) waits() bool { return p == held || p == asking }

// A tagState holds what is known of the peer's requests with one tag on channel 0.
type tagState struct {
	progress    progress // of the last one that is not a duplicate
	answer      int      // to that one
	duplicated  bool     // a duplicate of that one was written
	unspecified bool     // nothing is known of further ones
}

// frame decides what becomes of a frame that the peer writes.
func (b *builder) frame(f input.Frame) (s step) {
	if b.closed {
		return s
	}
	p := f.Packet
	s.note.Kind, s.note.Packet, s.octets = kindOf(f), p, f.Octets
	ends := func(requirement, cancels string, reasons ...string) {
		s.note.Requirement = requirement
		s.end = &End{Reasons: reasons, Requirement: requirement, Cancels: cancels}
	}
	switch {
	case b.phase.peerEnded():
		s.note.Kind, s.note.Requirement = "late "+s.note.Kind, "EOS-5"
	case f.Shape == input.Cut && !f.Beyond && f.Length <= maxLength:
		s.note.Requirement, s.close = "BAD-2", closedBy("BAD-2")
	case f.Shape == input.Cut && f.Length <= maxLength: // an integer that may be refused before the packet is whole
		ends("INT-5", "INT-5", adapter.EndedCut, adapter.EndedMalformed)
		s.close = closedBy("EOS-2")
	case f.Shape == input.Cut:
		ends("BAD-4", "BAD-4", adapter.EndedCut, adapter.EndedMalformed)
		s.note.Kind, s.close = "long", closedBy("EOS-2")
	case f.Beyond, f.Length > maxLength:
		b.beyond(&s, f.Shape == input.Whole && p.IsRequest && p.Channel == 0)
	case f.Shape == input.Short:
		ends("BAD-1", "BAD-1", adapter.EndedMalformed)
	case p.IsEOF():
		ends("EOS-3", "EOS-1", adapter.EndedEOF)
	case p.EndsStream() && b.phase == ShutDown:
		ends("MEO-4", "MEO-4", adapter.EndedMalformed)
	case p.EndsStream() && b.plan.NoHandler:
		ends("MEO-5", "MEO-5", adapter.EndedMalformed)
	case p.EndsStream():
		ends("MEO-1", "MEO-1", adapter.EndedMalformed)
	case p.IsRequest:
		b.peerRequest(&s)
	default:
		b.response(&s)
	}
	return s
}

// closedBy returns the end of a stream that the peer closes, and the requirement for it.
func closedBy(requirement string) *End {
	return &End{Reasons: []string{adapter.EndedCut}, Requirement: requirement, Cancels: requirement}
}

// kindOf returns the kind of note that a frame gets unless more is known.
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

// beyond decides what becomes of a packet that may be refused. The peer's stream may end
// there, and the peer closes it after the packet.
func (b *builder) beyond(s *step, isForHandler bool) {
	p := s.note.Packet
	s.note.Kind, s.note.Requirement, s.responds = "beyond", "INT-5", !p.IsRequest
	reasons := []string{adapter.EndedMalformed, adapter.EndedCut, adapter.EndedEOF}
	s.end = &End{Reasons: reasons, Requirement: "INT-5", Cancels: "INT-5", Unspecified: true}
	s.close = closedBy("EOS-2")
	if p.IsRequest {
		s.progress = dropped
		s.answer = Answer{Packet: p, Allowed: Unspecified, Requirement: "INT-5", Handler: MayBeCalled}
	}
	if !isForHandler {
		return
	}
	kind := handlerType(p)
	isHold := kind == adapter.TypeHold
	if kind == adapter.TypeCall || kind == adapter.TypeLarge || isHold && !isGate(p.Payload) {
		*s = step{} // it is unspecified what follows from it
		return
	}
	if isHold {
		s.mayHold = string(p.Payload)
	}
	if t := b.tags[p.Tag]; t != nil && t.progress == answering {
		s.first = received // it may be a duplicate
	} else if t != nil && t.progress.waits() {
		s.tag, s.duplicates = t, true
	}
}

// peerRequest decides what becomes of a request of the peer that does not end its stream.
func (b *builder) peerRequest(s *step) {
	p, a := s.note.Packet, &s.answer
	s.progress, s.note.Outcome = refused, "refused"
	a.Packet, a.Allowed, a.Handler = p, Failure, NotCalled
	switch {
	case b.phase == ShutDown:
		s.progress, s.note.Outcome = dropped, "dropped"
		a.Allowed, a.Requirement = FailureOrNothing, "SHD-10"
	case p.Channel != 0 && p.Type == 0:
		a.Requirement = "MEO-2"
	case p.Channel != 0:
		a.Requirement = "CHN-1"
	case b.plan.NoHandler:
		a.Requirement = "HND-8"
	default:
		b.forHandler(s)
	}
	s.note.Requirement = a.Requirement
}

// forHandler decides what becomes of a request on channel 0 of a connection that has a handler.
func (b *builder) forHandler(s *step) {
	p, a := s.note.Packet, &s.answer
	t, used := b.tags[p.Tag]
	if !used {
		t = &tagState{}
	}
	if s.tag = t; t.progress == answering {
		s.first = received
	}
	if *a = result(p, b.can); used {
		a.Requirement = "TAG-3"
	}
	kind := handlerType(p)
	isHold, isCall := kind == adapter.TypeHold, kind == adapter.TypeCall
	isUnknown := t.unspecified || t.progress == queued
	mayWait := isFull(len(b.held), len(b.asking))
	switch {
	case t.progress.waits():
		b.duplicate(s)
		return
	case kind == adapter.TypeLarge && a.Allowed == Unspecified, // an adapter may answer with 64 MiB
		isHold && !isGate(p.Payload),
		isUnknown && (isHold || isCall),          // it is unspecified what follows from it
		isCall && (mayWait || len(b.queued) > 0): // it is unspecified when the handler requests, and so with which tag
		*s = step{first: s.first}
		return
	case isUnknown:
		a.Allowed, a.Handler, a.Requirement = Unspecified, MayBeCalled, "TAG-4"
		s.progress, s.duplicates = unspecified, t.progress == queued
	case isCall:
		s.progress, s.request, s.last = asking, b.nested(a), due // only when that comes is its tag known
		if b.unmatched {
			s.first = received // it could answer the handler's request
		}
	case isHold && !b.released[string(p.Payload)]:
		s.progress = held
	case a.Allowed == Unspecified:
		s.progress = unspecified
	case mayWait:
		s.progress = queued
	default:
		s.progress = answering
	}
	// Of two requests that wait for room, an implementation may begin either first.
	if s.progress.waits() && isFull(len(b.held)+1, len(b.asking)) && len(b.answering) > 0 {
		s.first = max(s.first, due)
	}
	s.note.Outcome = a.Allowed.String()
}

// duplicate decides what becomes of a request whose tag is in flight.
func (b *builder) duplicate(s *step) {
	k, a := handlerType(s.note.Packet), &s.answer
	a.Allowed, a.Requirement, a.Handler = Failure, "TAG-4", NotCalled
	switch {
	case s.tag.duplicated && (k == adapter.TypeHold || k == adapter.TypeCall):
		*s = step{} // an implementation that breaks TAG-5 alone would break requirements of level must by it
		return
	case b.plan.Answers[s.tag.answer].Requirement == "TAG-3":
		a.Requirement = "TAG-3" // the first may have been dropped for its tag
	case s.tag.duplicated:
		a.Requirement = "TAG-5"
	}
	s.duplicates, s.note.Outcome = true, "duplicate"
}

// nested returns the request that a handler of [adapter.TypeCall] sends, whose own request is
// answered by a.
func (b *builder) nested(a *Answer) *LocalRequest {
	r := &LocalRequest{
		Fields:      input.Local{Type: uint64(adapter.TypeBytes), Payload: a.Packet.Payload},
		Requirement: "BID-2", ResultRequirement: "BID-2",
	}
	switch {
	case a.Requirement == "TAG-3": // or its handler is never called
		r.Requirement = "TAG-3"
	case len(b.asking) > 0:
		r.Requirement = "BID-3"
	}
	return r
}

// response decides what becomes of a response.
func (b *builder) response(s *step) {
	p, older := s.note.Packet, false
	s.note.Outcome, s.note.Requirement = "stray", "RSP-5"
	for i := range b.plan.LocalRequests {
		r := &b.plan.LocalRequests[i]
		switch isFor := r.Tag == p.Tag && r.Fields.Channel == p.Channel; {
		case isFor && r.Answered == Never:
			s.first, s.delivers = sent, r
			s.note.Outcome, s.note.Requirement = "delivered "+r.Decoder, b.resultRequirement(r, p, older)
			return
		case isFor:
			s.note.Requirement = "RSP-6"
		case r.Answered == Never:
			older = true
		}
	}
}

// resultRequirement returns the requirement that a response tests first of all. If older is
// true, a request before its own is still pending.
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

// isGate reports whether a command can name a gate so.
func isGate(name []byte) bool { return len(name) > 0 && utf8.Valid(name) }

// plainNumber matches the sizes that every adapter reads alike, up to [input.MaxLarge].
var plainNumber = regexp.MustCompile(`^(0|[1-9][0-9]{0,4})$`)

// result returns the answer that the standard handler's result to a request requires.
func result(p input.Packet, can Abilities) (a Answer) {
	a.Packet = p
	switch handlerType(p) {
	case adapter.TypeNone:
		a.Requirement = "HND-1"
	case adapter.TypeFlags:
		a.Flags, a.Requirement = p.Flags, "HND-2"
	case adapter.TypeBytes, adapter.TypeHold, adapter.TypeCall:
		a.Payload, a.Requirement = p.Payload, "HND-3"
	case adapter.TypeText:
		switch {
		case utf8.Valid(p.Payload):
			a.Payload, a.Requirement = p.Payload, "HND-4"
		case slices.Contains(p.Payload, 0xed): // perhaps a lone surrogate, which texts of some languages can have
			a.Allowed, a.Requirement = Unspecified, "HND-4"
		default:
			a.Allowed, a.Requirement = Failure, "HND-6"
		}
	case adapter.TypeBoth:
		a.Flags, a.Payload, a.Requirement = p.Flags, p.Payload, "HND-5"
	case adapter.TypeReverse:
		a.Flags, a.Payload, a.Requirement = 0x11, slices.Clone(p.Payload), "HND-5"
		slices.Reverse(a.Payload)
	case adapter.TypeLarge:
		if !plainNumber.Match(p.Payload) {
			a.Allowed, a.Requirement = Unspecified, "HND-6"
			break
		}
		n, _ := strconv.Atoi(string(p.Payload))
		a.Payload, a.Requirement = make([]byte, n), "HND-3"
		for i := range a.Payload {
			a.Payload[i] = byte(i % 251)
		}
	case adapter.TypeInvalid:
		a.Allowed, a.Requirement = Unspecified, "HND-7"
		if can.InvalidReply && slices.Contains([]string{"float", "list3", "int-str", "negative"}, string(p.Payload)) {
			a.Allowed = Failure
		}
	default:
		a.Allowed, a.Requirement = Failure, "HND-6"
	}
	if a.Flags > input.MaxInteger>>1 {
		a.Allowed = ResultOrFailure // a response may have no room for them (INT-5)
	}
	return a
}

// handlerType returns the type that the handler is given of a request.
func handlerType(p input.Packet) adapter.Type { return adapter.Type(p.Type - 1) }

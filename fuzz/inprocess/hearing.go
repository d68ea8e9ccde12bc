package inprocess

import (
	"errors"
	"slices"

	"github.com/packetspec/packetspec/reference"
)

// id is what a request and its response have in common.
type id struct{ channel, tag uint64 }

// A heard is what a connection must make of all that its peer sends.
type heard struct {
	requests   []heardRequest
	answers    map[id]reference.Packet // the first response with each id
	unanswered uint64                  // a channel on which there is none

	clean bool  // the stream ends by EOF; otherwise
	ends  []end // how, any of which is right,
	at    int   // and where
}

// A heardRequest is a request and what becomes of it.
type heardRequest struct {
	packet  reference.Packet
	outcome outcome
}

type outcome string

const (
	accepted outcome = "answered by the handler"
	refused  outcome = "refused"
	either   outcome = "either" // its tag may be free again, or not yet
)

// hearing reads data as the oracle does, up to the end of the peer's stream.
func hearing(data []byte) heard {
	s := oracleStream(data, reference.DefaultMaxPacket)
	h := heard{
		answers: make(map[id]reference.Packet), unanswered: 9,
		ends: s.ends, at: s.starts[len(s.packets)],
	}
	packets := s.packets
	if i := slices.IndexFunc(packets, endsStream); i >= 0 {
		h.clean = sameAs(packets[i], reference.Packet{IsRequest: true})
		h.ends, h.at = []end{broken}, s.starts[i]
		packets = packets[:i]
	}
	h.takeRequests(packets)
	answered := make(map[uint64]bool) // channels
	for _, p := range packets {
		if at := (id{p.Channel, p.Tag}); !p.IsRequest {
			if _, second := h.answers[at]; !second {
				h.answers[at] = p
			}
			answered[p.Channel] = true
		}
	}
	for answered[h.unanswered] {
		h.unanswered++
	}
	return h
}

// endsStream reports whether p is an EOF packet, malformed or not.
func endsStream(p reference.Packet) bool { return p.IsRequest && p.Channel == 0 && p.Type == 0 }

// takeRequests says what becomes of each request. A tag is certain to be in flight only
// if its request is held until the end of the stream.
func (h *heard) takeRequests(packets []reference.Packet) {
	held, used := make(map[uint64]bool), make(map[uint64]bool)
	for _, p := range packets {
		if !p.IsRequest {
			continue
		}
		r := heardRequest{packet: p, outcome: accepted}
		switch {
		case p.Channel != 0, held[p.Tag]:
			r.outcome = refused
		case used[p.Tag]:
			r.outcome = either
		case isHeld(p.Type - 1):
			held[p.Tag] = true
		}
		used[p.Tag] = used[p.Tag] || p.Channel == 0
		h.requests = append(h.requests, r)
	}
}

// checkEnd checks what Join tells of the end of the peer's stream.
func (h *heard) checkEnd(reason error) error {
	joined := breaks("JOI-2", "joining a connection whose peer's stream ended at octet %d", h.at)
	var malformed *reference.MalformedError
	switch {
	case h.clean && reason == nil:
		return nil
	case h.clean || reason == nil:
		return joined.expected("an end by EOF: %t (otherwise %v)", h.clean, h.ends).got("error %v", reason)
	case errors.Is(reason, reference.ErrCut) && slices.Contains(h.ends, between):
		return nil
	case errors.As(reason, &malformed) && malformed.Offset != int64(h.at),
		!slices.Contains(h.ends, endOf(reason)):
		joined.Requirement = "BAD-3"
		return joined.expected("an end %v there", h.ends).got("error %v", reason)
	}
	return nil
}

// checkAnswer checks how the local request with an id ended: by the first response that
// has it too, or cancelled.
func (h *heard) checkAnswer(at id, got reference.Response, err error) error {
	waited := breaks("RSP-2", "waiting for the request with tag %d on channel %d", at.tag, at.channel)
	p, answered := h.answers[at]
	switch {
	case !answered && errors.Is(err, reference.ErrCancelled):
		return nil
	case !answered:
		waited.Requirement = "EOS-1"
		return waited.expected("%v", reference.ErrCancelled).got("%+v, error %v", got, err)
	}
	if err != nil || got.OK != (p.Flags%2 == 1) || got.Flags != p.Flags/2 || string(got.Payload) != string(p.Payload) {
		return waited.expected("what %s says", show(p)).got("%+v, error %v", got, err)
	}
	return nil
}

// checkAnswers checks that every request has exactly one answer among the responses
// sent, the right one, and that the handler was called for those that it answered. The
// order of answers is free. (RSP-1, RSP-4, RQS-2)
func (h *heard) checkAnswers(sent []reference.Packet, seen []reference.Request) error {
	responses := make(map[id][]reference.Packet)
	for _, p := range sent {
		at := id{p.Channel, p.Tag}
		responses[at] = append(responses[at], p)
	}
	calls := &called{seen: slices.Clone(seen)}
	var open []heardRequest
	for _, r := range h.requests {
		if r.outcome == either {
			open = append(open, r)
			continue
		}
		if err := r.take(responses); err != nil {
			return err
		}
		if r.outcome == accepted && !calls.take(r) {
			return breaks("RQS-2", "calling the handler for %s", show(r.packet)).
				expected("a call with the type less one, the flags and the payload").got("no such call among %+v", seen)
		}
	}
	if err := takeOpen(open, responses, calls); err != nil {
		return err
	}
	for at, extra := range responses {
		if len(extra) > 0 {
			return breaks("RSP-1", "answering tag %d on channel %d", at.tag, at.channel).
				expected("one answer to each request").got("also %s", show(extra[0]))
		}
	}
	if len(calls.seen) > 0 {
		return breaks("RQS-2", "calling the handler").expected("no other calls").got("%+v", calls.seen)
	}
	return nil
}

// takeOpen takes the answers to requests of which each may be accepted or refused: the
// handler's if it is there, else a refusal. Which of several with the same answer, or of
// several that are alike but for their tags, were accepted cannot be told: the handler
// was called as often as its answers are there.
func takeOpen(open []heardRequest, responses map[id][]reference.Packet, calls *called) error {
	answered, called := 0, 0 // such as no refusal is mistaken for
	for _, r := range open {
		want := r.answer()
		r.outcome = refused
		if !want.anyWords && slices.ContainsFunc(responses[r.id()], want.matches) {
			r.outcome = accepted
			answered++
		}
		if err := r.take(responses); err != nil {
			return err
		}
		if calls.take(r) && !want.anyWords {
			called++
		}
	}
	if answered != called {
		return breaks("RQS-2", "calling the handler for requests whose tags may be free again").
			expected("%d calls, as it answered", answered).got("%d", called)
	}
	return nil
}

// take takes the one answer to r out of the responses.
func (r heardRequest) take(responses map[id][]reference.Packet) error {
	want, requirement := failed(r.packet), "TAG-4"
	switch {
	case r.outcome == accepted:
		want, requirement = r.answer(), "RSP-1"
	case r.packet.Channel != 0:
		requirement = "CHN-1"
	}
	at := r.id()
	i := slices.IndexFunc(responses[at], want.matches)
	if i < 0 {
		return breaks(requirement, "answering %s, which is %s", show(r.packet), r.outcome).
			expected("%v", want).got("these with its tag: %v", responses[at])
	}
	responses[at] = slices.Delete(responses[at], i, i+1)
	return nil
}

func (r heardRequest) id() id { return id{r.packet.Channel, r.packet.Tag} }

// answer is its handler's.
func (r heardRequest) answer() expectation {
	v := visit{packet: r.packet, plan: planFor(r.asked())}
	return v.answer()
}

// asked is the request as its handler is given it.
func (r heardRequest) asked() reference.Request {
	return reference.Request{Type: r.packet.Type - 1, Flags: r.packet.Flags, Payload: r.packet.Payload}
}

// A called is the calls of a handler that no request accounts for yet.
type called struct{ seen []reference.Request }

// take takes out the call for r, if there is one.
func (c *called) take(r heardRequest) bool {
	want := r.asked()
	i := slices.IndexFunc(c.seen, func(got reference.Request) bool {
		return got.Channel == 0 && got.Decode == nil && got.Type == want.Type && got.Flags == want.Flags &&
			string(got.Payload) == string(want.Payload)
	})
	if i < 0 {
		return false
	}
	c.seen = slices.Delete(c.seen, i, i+1)
	return true
}

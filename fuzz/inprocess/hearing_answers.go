package inprocess

import (
	"slices"

	"github.com/packetspec/packetspec/reference"
)

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

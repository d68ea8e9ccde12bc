package fuzz

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
	for _, r := range open {
		// The handler is called if and only if it is its answer that is sent.
		r.outcome = refused
		if calls.take(r) {
			r.outcome = accepted
		}
		if err := r.take(responses); err != nil {
			return err
		}
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

// take takes the one answer to r out of the responses.
func (r heardRequest) take(responses map[id][]reference.Packet) error {
	want, requirement := failed(r.packet), "TAG-4"
	switch {
	case r.outcome == accepted:
		v := visit{packet: r.packet, plan: planFor(r.asked())}
		want, requirement = v.answer(), "RSP-1"
	case r.packet.Channel != 0:
		requirement = "CHN-1"
	}
	at := id{r.packet.Channel, r.packet.Tag}
	i := slices.IndexFunc(responses[at], want.matches)
	if i < 0 {
		return breaks(requirement, "answering %s, which is %s", show(r.packet), r.outcome).
			expected("%v", want).got("these with its tag: %v", responses[at])
	}
	responses[at] = slices.Delete(responses[at], i, i+1)
	return nil
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

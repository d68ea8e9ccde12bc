package interop

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/relay"
	"github.com/packetspec/packetspec/conformance/steps"
)

// A Situation is something that two implementations do together.
type Situation struct {
	ID   string
	Text string

	noHandler bool // the responder has none
	cut       bool // the connection does not end as it should
	play      func(*play) error
}

// Situations lists all situations, in the order in which they are played.
func Situations() []Situation { return slices.Clone(situations) }

var situations = []Situation{
	{ID: "results", Text: "every result of a handler, and a handler that raises", play: results},
	{ID: "payloads", Text: "payloads of all octets, and of lengths that take one, two and three octets", play: payloads},
	{ID: "integers", Text: "flags and types of one octet to eight", play: integers},
	{ID: "large", Text: "a mebibyte there and back", play: large},
	{ID: "nested", Text: "a handler that requests from the requester", play: nested},
	{ID: "in-flight", Text: "64 requests before the first answer is awaited", play: inFlight},
	{ID: "out-of-order", Text: "an answer that overtakes an earlier one", play: outOfOrder},
	{ID: "both-ways", Text: "32 requests from each side at once", play: bothWays},
	{ID: "channel", Text: "a request on a channel that the responder does not serve", play: channel},
	{ID: "no-handler", Text: "a request to a responder without a handler", noHandler: true, play: noHandler},
	{ID: "end-requester", Text: "the requester shuts down, and the responder follows", play: func(p *play) error { return endOne(p, requester) }},
	{ID: "end-responder", Text: "the responder shuts down, and the requester follows", play: func(p *play) error { return endOne(p, responder) }},
	{ID: "end-together", Text: "both shut down at once", play: endTogether},
	{ID: "end-requester-waits", Text: "the requester shuts down while it awaits an answer", play: func(p *play) error { return endHeld(p, requester) }},
	{ID: "end-responder-works", Text: "the responder shuts down while its handler runs", play: func(p *play) error { return endHeld(p, responder) }},
	{ID: "end-cut", Text: "the requester closes its streams without EOF while the responder awaits an answer", cut: true, play: endCut},
}

// patiently returns a context that ends when a side has been silent for too long.
func patiently(p *play, side relay.Side) (context.Context, func()) {
	return steps.Patiently(p.ctx, p.sessions[side], p.timeout)
}

// ask has the requester make a request, and requires its answer.
func ask(p *play, t adapter.Type, flags uint64, payload []byte, want result) error {
	r, err := p.submit(requester, t, flags, payload, 0)
	if err != nil {
		return err
	}
	return p.answered(r, want)
}

// echoes returns the result of a request of type 2.
func echoes(payload []byte) result { return result{"HND-3", true, 0, payload} }

func results(p *play) error {
	for _, c := range []struct {
		t       adapter.Type
		flags   uint64
		payload string
		want    result
	}{
		{adapter.TypeNone, 5, "abc", result{"HND-1", true, 0, nil}},
		{adapter.TypeFlags, 5, "abc", result{"HND-2", true, 5, nil}},
		{adapter.TypeFlags, 0, "", result{"HND-2", true, 0, nil}},
		{adapter.TypeBytes, 5, "abc", echoes([]byte("abc"))},
		{adapter.TypeText, 0, "grüße, 世界", result{"HND-4", true, 0, []byte("grüße, 世界")}},
		{adapter.TypeText, 0, "", result{"HND-4", true, 0, nil}},
		{adapter.TypeBoth, 300, "abc", result{"HND-5", true, 300, []byte("abc")}},
		{adapter.TypeFail, 0, "expected", result{"HND-6", false, 0, nil}},
		{adapter.TypeReverse, 0, "abc", result{"HND-5", true, 0x11, []byte("cba")}},
		{99, 0, "abc", result{"HND-6", false, 0, nil}},
	} {
		if err := ask(p, c.t, c.flags, []byte(c.payload), c.want); err != nil {
			return err
		}
	}
	return nil
}

func payloads(p *play) error {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	for _, n := range []int{0, 1, 122, 123, 124, 16378, 16379, 16380, 65536} {
		payload := bytes.Repeat(all, n/256+1)[:n]
		if err := ask(p, adapter.TypeBytes, 0, payload, echoes(payload)); err != nil {
			return err
		}
	}
	return ask(p, adapter.TypeBytes, 0, all, echoes(all))
}

func integers(p *play) error {
	for _, n := range []uint64{1, 31, 32, 127, 128, 1 << 14, 1 << 31, 1<<32 + 1, 1<<53 + 1, 1<<60 - 1} {
		if err := ask(p, adapter.TypeFlags, n, nil, result{"INT-4", true, n, nil}); err != nil {
			return err
		}
	}
	for _, t := range []adapter.Type{126, 127, 1 << 32, 1<<61 - 2} { // the standard handler has no such types
		if err := ask(p, t, 0, nil, result{"HND-6", false, 0, nil}); err != nil {
			return err
		}
	}
	return nil
}

func large(p *play) error {
	payload := make([]byte, 1<<20)
	for i := range payload {
		payload[i] = byte(i % 251)
	}
	if err := ask(p, adapter.TypeBytes, 0, payload, echoes(payload)); err != nil {
		return err
	}
	return ask(p, adapter.TypeLarge, 0, fmt.Append(nil, len(payload)), result{"HND-3", true, 0, payload})
}

// nested has two handlers at once request from the requester: more than two need not run at once.
func nested(p *play) error {
	p.nested = 2
	return several(p, p.nested, adapter.TypeCall, func(payload []byte) result { return result{"BID-2", true, 0, payload} })
}

// several has the requester make requests, and then awaits all answers.
func several(p *play, n int, t adapter.Type, want func(payload []byte) result) error {
	all, err := submitAll(p, requester, n, t)
	if err != nil {
		return err
	}
	return answeredAll(p, all, want)
}

func submitAll(p *play, from relay.Side, n int, t adapter.Type) (all []*request, err error) {
	for i := range n {
		r, err := p.submit(from, t, 0, fmt.Appendf(nil, "request %d", i), 0)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}

func answeredAll(p *play, all []*request, want func(payload []byte) result) error {
	for _, r := range all {
		if err := p.answered(r, want(r.message.Payload)); err != nil {
			return err
		}
	}
	return nil
}

func inFlight(p *play) error { return several(p, 64, adapter.TypeBytes, echoes) }

func outOfOrder(p *play) error {
	held, err := p.submit(requester, adapter.TypeHold, 0, []byte("gate"), 0)
	if err != nil {
		return err
	}
	if err := ask(p, adapter.TypeBytes, 0, []byte("overtakes"), result{"HND-9", true, 0, []byte("overtakes")}); err != nil {
		return err
	}
	if _, err := p.must(responder, "-", p.command(responder, adapter.Message{Op: adapter.OpRelease, Gate: "gate"})); err != nil {
		return err
	}
	return p.answered(held, result{"RSP-4", true, 0, []byte("gate")})
}

func bothWays(p *play) error {
	var all []*request
	for range 4 { // in turns, so that requests cross answers
		for _, side := range []relay.Side{requester, responder} {
			some, err := submitAll(p, side, 8, adapter.TypeBytes)
			if err != nil {
				return err
			}
			all = append(all, some...)
		}
	}
	return answeredAll(p, all, func(payload []byte) result { return result{"BID-1", true, 0, payload} })
}

func channel(p *play) error {
	if !p.sessions[requester].Can(adapter.CanChannels) {
		return &unsupported{p.names[requester], string(adapter.CanChannels)}
	}
	r, err := p.submit(requester, adapter.TypeBytes, 0, []byte("abc"), 5)
	if err != nil {
		return err
	}
	if err := p.answered(r, result{"CHN-1", false, 0, nil}); err != nil {
		return err
	}
	return ask(p, adapter.TypeBytes, 0, []byte("abc"), echoes([]byte("abc")))
}

func noHandler(p *play) error {
	return several(p, 2, adapter.TypeBytes, func([]byte) result { return result{"HND-8", false, 0, nil} })
}

// endOne has one side shut down after an exchange; the other follows by itself.
func endOne(p *play, side relay.Side) error {
	if err := ask(p, adapter.TypeBytes, 0, []byte("abc"), echoes([]byte("abc"))); err != nil {
		return err
	}
	p.ending[side.Other()] = true // by the end of the stream that it receives
	_, err := p.must(side, "SHD-6", p.shutdown(side, true))
	return err
}

func endTogether(p *play) error {
	if err := ask(p, adapter.TypeBytes, 0, []byte("abc"), echoes([]byte("abc"))); err != nil {
		return err
	}
	first, second := p.shutdown(requester, true), p.shutdown(responder, true)
	if _, err := p.must(requester, "SHD-6", first); err != nil {
		return err
	}
	_, err := p.must(responder, "SHD-6", second)
	return err
}

// endHeld has one side shut down while a handler of the responder is held, which is released then.
func endHeld(p *play, side relay.Side) error {
	held, err := p.submit(requester, adapter.TypeHold, 0, []byte("gate"), 0)
	if err != nil {
		return err
	}
	if err := p.handling(1); err != nil {
		return err
	}
	shutdown := p.shutdown(side, false)
	p.ending[side.Other()] = true         // by the end of the stream that it receives
	if err := p.handling(1); err != nil { // the adapter has read the command to shut down, which may wait for the handler
		return err
	}
	if _, err := p.must(responder, "-", p.command(responder, adapter.Message{Op: adapter.OpRelease, Gate: "gate"})); err != nil {
		return err
	}
	requirement := "SHD-5"
	if side == responder {
		requirement = "SHD-2"
	}
	if err := p.answered(held, result{requirement, true, 0, []byte("gate")}); err != nil {
		return err
	}
	_, err = p.must(side, "SHD-8", shutdown)
	return err
}

// handling waits until the responder's handler has a number of calls.
func (p *play) handling(n int) error {
	for {
		r, err := p.must(responder, "RQS-2", p.command(responder, adapter.Message{Op: adapter.OpSeen}))
		if err != nil || len(*r.Calls) >= n {
			return err
		}
	}
}

func endCut(p *play) error {
	if err := ask(p, adapter.TypeBytes, 0, []byte("abc"), echoes([]byte("abc"))); err != nil {
		return err
	}
	pending, err := p.submit(responder, adapter.TypeHold, 0, []byte("gate"), 0)
	if err != nil {
		return err
	}
	joining := p.command(responder, adapter.Message{Op: adapter.OpJoin})
	p.relay.With(func(j *relay.Judge) {
		j.Excuse(requester) // it is made to
		j.Excuse(responder) // nobody receives what it sends from now on
	})
	p.closed[requester] = true
	if _, err := p.must(requester, "-", p.command(requester, adapter.Message{Op: adapter.OpClose})); err != nil {
		return err
	}
	ended, err := p.cutOrEOF(requester)
	if err != nil {
		return err
	}
	if err := p.joined(responder, joining, ended); err != nil {
		return err
	}
	_, timedOut, err := p.reply(responder, pending.wait)
	switch {
	case timedOut:
		return p.fail(responder, "EOS-2", "request not cancelled", "the other side has closed its streams, and wait does not return")
	case adapter.KindOf(err) != adapter.Cancelled && isReply(err):
		return p.fail(responder, "EOS-2", "request not cancelled", fmt.Sprintf("the other side has closed its streams, and wait fails with %v", err))
	case err == nil:
		if _, response := p.pair(responder, pending.number); response == nil { // its handler may have returned before the end
			return p.fail(responder, "EOS-2", "request not cancelled", "the other side has closed its streams, and wait returns an answer")
		}
	case !isReply(err):
		return err
	}
	return nil
}

package fuzz_test

import (
	"errors"
	"fmt"
	"runtime"

	"pgregory.net/rapid"

	"github.com/packetspec/packetspec/reference"
)

// A visit is a request of the peer: how its handler is to behave, and what that saw.
type visit struct {
	packet reference.Packet
	plan   plan
	state  visitState

	gate   chan struct{} // the handler waits here until it is opened
	opened bool
	seen   []reference.Request
}

type visitState int

const (
	turnedAway visitState = iota // refused or dropped: the handler never learns of it
	waiting                      // for a handler to be free
	running
	answered
	givenUp // before its handler began, or just when it did
)

// A plan is how a handler ends.
type plan struct {
	named
	reply   reference.Reply
	err     error
	instead func() // of returning
}

// maxReplyFlags is one bit less than a packet's: the wire adds the ok bit.
const maxReplyFlags = reference.MaxInteger >> 1

// rapidPlan is each of the five results that the documentation names, and the ways to fail.
func rapidPlan() *rapid.Generator[plan] {
	octets := []byte("\x00\xffoctets")
	return rapid.SampledFrom([]plan{
		{named: "none"},
		{named: "int", reply: reference.Reply{Flags: 0x55}},
		{named: "greatest int", reply: reference.Reply{Flags: maxReplyFlags}},
		{named: "bytes", reply: reference.Reply{Payload: octets}},
		{named: "str", reply: reference.Text("grüße")},
		{named: "both", reply: reference.Reply{Flags: 1, Payload: octets}},
		{named: "too great an int", reply: reference.Reply{Flags: maxReplyFlags + 1}},
		{named: "error", err: errors.New("as planned")},
		{named: "panic", instead: func() { panic("as planned") }},
		{named: "end of its goroutine", instead: runtime.Goexit},
	})
}

// answer is what the peer gets.
func (v *visit) answer() expectation {
	if v.plan.err != nil || v.plan.instead != nil || v.plan.reply.Flags > maxReplyFlags {
		return failed(v.packet)
	}
	const okBit = 1
	return expectation{Packet: reference.Packet{
		Tag: v.packet.Tag, Flags: v.plan.reply.Flags*2 + okBit, Payload: v.plan.reply.Payload,
	}}
}

func (v *visit) open() {
	if !v.opened {
		v.opened = true
		close(v.gate)
	}
}

// giveUp: the connection is finding out that no answer can be sent. Whether the handler
// has begun by then nobody can say, so that it must not be held either.
func (v *visit) giveUp() {
	v.state = givenUp
	v.open()
}

// check: the handler was called once if it was the request's turn, else not at all, and
// was given what the peer sent.
func (v *visit) check(t *rapid.T) {
	least, most := 0, 0
	switch v.state {
	case running, answered:
		least, most = 1, 1
	case givenUp:
		most = 1
	}
	if n := len(v.seen); n < least || n > most {
		t.Fatalf("%v: expected its handler to be called %d to %d times\ngot %d", v, least, most, n)
	}
	for _, r := range v.seen {
		if r.Channel != 0 || r.Type != v.packet.Type-1 || r.Flags != v.packet.Flags || r.Decode != nil {
			t.Fatalf("%v: expected its handler to be given the type less one, and the flags\ngot %+v", v, r)
		}
	}
}

func (v *visit) String() string {
	return fmt.Sprintf("request %s, planned %s", show(v.packet), v.plan.named)
}

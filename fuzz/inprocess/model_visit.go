package inprocess

import (
	"errors"
	"fmt"
	"runtime"

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

// end ends a handler so.
func (p plan) end() (reference.Reply, error) {
	if p.instead != nil {
		p.instead()
	}
	return p.reply, p.err
}

// plans are each of the five results that the documentation names, and the ways to fail.
func plans() []plan {
	octets := []byte("\x00\xffoctets")
	return []plan{
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
	}
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

// handle is the request handler when it is called for v: it does what is planned.
func (v *visit) handle() (reference.Reply, error) {
	<-v.gate
	return v.plan.end()
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
func (v *visit) check() error {
	least, most := 0, 0
	switch v.state {
	case running, answered:
		least, most = 1, 1
	case givenUp:
		most = 1
	}
	if n := len(v.seen); n < least || n > most {
		return breaks("HND-9", "handling %v", v).expected("its handler to be called %d to %d times", least, most).got("%d", n)
	}
	for _, r := range v.seen {
		if r.Channel != 0 || r.Type != v.packet.Type-1 || r.Flags != v.packet.Flags || r.Decode != nil {
			return breaks("RQS-2", "handling %v", v).expected("its handler to be given the type less one, and the flags").got("%+v", r)
		}
	}
	return nil
}

func (v *visit) String() string {
	return fmt.Sprintf("request %s, planned %s", show(v.packet), v.plan.named)
}

// A named case of a table shows in failures by its name alone.
type named string

func (n named) String() string   { return string(n) }
func (n named) GoString() string { return string(n) }

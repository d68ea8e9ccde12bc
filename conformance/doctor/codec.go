package doctor

import (
	"bytes"
	"cmp"
	"fmt"
	"math/big"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/peer"
)

// unknownOp is a command that no version of the protocol has.
const unknownOp = "no-such-command"

// unknownCommands sends a command that the guide does not list, and a field that it does not list.
func (c *conversation) unknownCommands() {
	c.blame = "unknown-command"
	defer func() { c.blame = "" }()
	a := c.do(adapter.Message{Op: unknownOp})
	switch {
	case c.over:
		return
	case a.ok:
		c.report("unknown-command", a, "the reply is no error")
	case a.refused() && a.err.Kind != adapter.Unsupported:
		c.report("unknown-command", a, "the kind of the error is %q", a.err.Kind)
	}
	c.blame = ""
	if before := c.do(encodeOf(sample)); !before.ok {
		return
	}
	c.blame = "unlisted-field"
	c.lines.set(func(l *lines) { l.addField = true })
	if a := c.do(encodeOf(sample)); a.refused() {
		c.report("unlisted-field", a, "without the field x-unlisted the command succeeds")
	}
}

// sample is the packet of the guide.
var sample = adapter.Packet{IsRequest: true, Channel: "5", Tag: "300", Flags: "7", RqType: "2", Payload: adapter.Hex("hello")}

func encodeOf(p adapter.Packet) adapter.Message {
	return adapter.Message{Op: adapter.OpEncode, Packet: &p}
}

// packetOf returns a packet of the adapter protocol as the peer has it.
func packetOf(p adapter.Packet) peer.Packet {
	number := func(i adapter.Integer) *big.Int {
		v, _ := new(big.Int).SetString(string(i), 10)
		return v // nil for an absent one
	}
	return peer.Packet{IsRequest: p.IsRequest, Channel: number(p.Channel), Tag: number(p.Tag), Flags: number(p.Flags), Type: number(p.RqType), Payload: p.Payload}
}

// codec checks the commands without a connection.
func (c *conversation) codec() {
	right := c.encoding()
	c.decoding()
	c.comparing()
	if c.session.Can(adapter.CanString) {
		c.lacks(c.do(adapter.Message{Op: adapter.OpString, Packet: &sample}), adapter.CanString)
	}
	if !right {
		return
	}
	c.precise("9007199254740993", "2^53 + 1, which a floating-point number cannot hold")
	if c.session.Can(adapter.CanBigIntegers) {
		c.precise("18446744073709551617", "2^64 + 1")
	}
}

// encoding has the sample encoded, and reports whether that is right.
func (c *conversation) encoding() bool {
	a := c.do(encodeOf(sample))
	switch {
	case c.lacks(a, ""), !a.ok && !a.refused():
		return false
	case a.refused():
		c.report("encode", a, "the packet of the guide was refused")
		return false
	}
	want := packetOf(sample).Encode()
	if bytes.Equal(*a.Bytes, want) {
		return true
	}
	c.report("encode", a, "%x was expected: %s%s", want, packetOf(sample), difference(*a.Bytes))
	return false
}

// difference returns what the octets of a wrong packet mean.
func difference(octets []byte) string {
	p, _, err := peer.Decode(octets)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("; it means %s", p)
}

// decoding has packets decoded.
func (c *conversation) decoding() {
	octets := adapter.Hex(packetOf(sample).Encode())
	whole := append(bytes.Clone(octets), peer.EOF.Encode()...)
	a := c.do(adapter.Message{Op: adapter.OpDecode, Bytes: (*adapter.Hex)(&whole)})
	if c.lacks(a, "") || c.over {
		return
	}
	switch {
	case a.refused():
		c.report("decode", a, "the octets of a packet, and of EOF behind it, were refused")
	case a.ok && *a.Consumed == len(whole):
		c.report("consumed", a, "%d octets belong to the first packet, and %d were sent", len(octets), len(whole))
	case a.ok && *a.Consumed != len(octets):
		c.report("consumed", a, "the first packet has %d octets, with its length", len(octets))
	case a.ok && !packetOf(*a.Packet).Same(packetOf(sample)):
		c.report("decode", a, "the packet is %s", packetOf(sample))
	}
	response := adapter.Hex{3, 1, 4, 'a'} // tag 1, ok, no flags: no type follows
	a = c.do(adapter.Message{Op: adapter.OpDecode, Bytes: &response})
	if want, _, _ := peer.Decode(response); a.ok && !packetOf(*a.Packet).Same(want) {
		c.report("decode", a, "the packet is %s", want)
	}
	cut := octets[:len(octets)-1]
	c.do(adapter.Message{Op: adapter.OpDecode, Bytes: &cut}) // has an error to look at
}

// comparing has packets compared.
func (c *conversation) comparing() {
	if !c.session.Can(adapter.CanEqual) {
		return
	}
	other := sample
	other.Tag = "301"
	response := adapter.Packet{Channel: "0", Tag: "1", Flags: "1", Payload: adapter.Hex("a")}
	typed := response
	typed.RqType = "7"
	for _, pair := range []struct {
		a, b adapter.Packet
		want bool
		why  string
	}{
		{sample, sample, true, "the packets are the same"},
		{sample, other, false, "the tags differ"},
		{response, typed, true, "they are responses, whose types do not count (EQ-2)"},
	} {
		a := c.do(adapter.Message{Op: adapter.OpEqual, A: &pair.a, B: &pair.b})
		if c.lacks(a, adapter.CanEqual) || c.over {
			return
		}
		if a.ok && *a.Equal != pair.want {
			c.report("equal", a, "%v was expected: %s", pair.want, pair.why)
			return
		}
	}
}

// precise has a packet with a tag encoded that a type of too few digits changes.
func (c *conversation) precise(tag adapter.Integer, what string) {
	p := sample
	p.Tag = tag
	a := c.do(encodeOf(p))
	if want := packetOf(p).Encode(); a.ok && !bytes.Equal(*a.Bytes, want) {
		c.report("precision", a, "the tag is %s; %x was expected%s", what, want, difference(*a.Bytes))
	}
}

// longPayload is how many octets the packet of a long command has: its line has four MiB.
const longPayload = 2 << 20

// longLine sends a long command.
func (c *conversation) longLine() { c.longLineOf(cmp.Or(c.run.longPayload, longPayload)) }

func (c *conversation) longLineOf(octets int) {
	if a := c.do(encodeOf(sample)); !a.ok {
		return
	}
	c.blame = "long-line"
	defer func() { c.blame = "" }()
	p := sample
	p.Payload = make([]byte, octets)
	timeout := c.run.Timeout
	c.run.Timeout *= 3 // a slow language takes its time
	defer func() { c.run.Timeout = timeout }()
	if a := c.do(encodeOf(p)); a.refused() && a.err.Kind != adapter.Unsupported {
		c.report("long-line", a, "a packet with a payload of %d octets was refused", octets)
	}
}

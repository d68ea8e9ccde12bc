package mutant

import (
	"fmt"
	"slices"

	"github.com/packetspec/packetspec/conformance/adapter"
)

// refuse answers a packet by a failure whose payload tells why. c.mu is held.
func (c *connection) refuse(p packet, why string, about ...any) {
	c.keep("refused-requests-remembered", p.payload)
	c.enqueue(c.response(p, failure(fmt.Sprintf(why, about...))))
}

// refuseChannel refuses a request on a channel that is not served. c.mu is held.
func (c *connection) refuseChannel(p packet) {
	switch {
	case c.has("channel-refusal-loses-tag"):
		at := address{zero.String(), p.tag.String()}
		c.working = slices.DeleteFunc(c.working, func(other address) bool { return other == at })
		c.refuse(p, "unknown channel %d", p.channel)
	case c.has("channel-silence"):
	case c.has("channel-ends-stream"):
		c.end(byMalformedPacket)
	case c.has("channel-refused-with-ok"):
		c.enqueue(c.response(p, answer{ok: true, flags: zero}))
	case c.has("channel-refused-with-tag-0"):
		p.tag = zero
		c.refuse(p, "unknown channel %d", p.channel)
	case c.has("channel-refused-without-name"):
		c.refuse(p, "unknown channel")
	case c.has("channel-of-wire-type-0-dropped") && p.rqType.Sign() == 0:
	default:
		c.refuse(p, "unknown channel %d", p.channel)
	}
}

// refuseAll refuses a request for want of a handler. c.mu is held.
func (c *connection) refuseAll(p packet) {
	switch {
	case c.has("no-handler-silence"):
	case c.has("no-handler-ok"):
		c.enqueue(c.response(p, answer{ok: true, flags: zero}))
	case c.has("no-handler-ends-stream"):
		c.end(byMalformedPacket)
	default:
		c.refuse(p, "no requests are handled")
	}
}

// isDuplicate reports whether the tag of a request is in flight. c.mu is held.
func (c *connection) isDuplicate(p packet) bool {
	at := p.address()
	switch {
	case p.tag.Sign() == 0 && (c.has("tag-0-refused") || c.has("later-tag-0-refused")),
		c.pendingAt(at) != nil && c.has("tags-of-both-directions-clash"),
		p.tag.Cmp(c.highestTag) <= 0 && c.has("tag-not-rising-refused"):
		return true
	case c.marked[at] && c.has("duplicate-frees-tag"):
		return false
	case c.isAnswered(at) && c.has("tag-never-free"), c.failed[at] && c.has("tag-kept-after-failure"):
		return true
	}
	if p.tagOctets > len(c.appendInteger(nil, p.tag)) && c.has("tag-compared-by-octets") {
		return false
	}
	i := slices.Index(c.working, at)
	return i >= 0 && (i < 4 || !c.has("duplicate-of-fifth-handled"))
}

// isAnswered reports whether a request with that address was answered. c.mu is held.
func (c *connection) isAnswered(at address) bool {
	_, answered := c.failed[at]
	return answered
}

// refuseDuplicate refuses a request whose tag is in flight. c.mu is held.
func (c *connection) refuseDuplicate(p packet) {
	at := p.address()
	switch {
	case c.has("duplicate-silence"):
		return
	case c.has("duplicate-ends-stream"):
		c.end(byMalformedPacket)
		return
	case c.has("duplicate-refused-with-ok"):
		c.enqueue(c.response(p, success(zero, p.payload)))
		return
	case c.has("duplicate-reaches-handler"):
		go func() { _, _ = c.handle(p) }()
	case c.has("duplicate-loses-first"):
		c.working = slices.DeleteFunc(c.working, func(other address) bool { return other == at })
	case c.has("duplicate-fails-first"):
		c.refuse(p, "tag %d is in flight", p.tag)
		c.working = slices.DeleteFunc(c.working, func(other address) bool { return other == at })
	case c.has("duplicate-frees-tag"):
		c.marked[at] = true
	}
	c.refuse(p, "tag %d is in flight", p.tag)
}

// dropsAnswers reports whether a fault loses the answers of handlers that ran when
// the local stream began to end. c.mu is held.
func (c *connection) dropsAnswers() bool {
	return c.ended == "" && c.has("shutdown-drops-answers") ||
		c.ended == adapter.EndedCut && c.has("end-of-octets-drops-answers")
}

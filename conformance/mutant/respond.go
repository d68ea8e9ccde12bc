package mutant

import (
	"bytes"
	"context"
	"fmt"
	"math/big"
	"slices"
	"unicode/utf8"

	"github.com/packetspec/packetspec/conformance/adapter"
)

// inHandler marks the context of a handler.
type inHandler struct{}

// receiveRequest accepts a request from the peer, refuses it or drops it. The caller holds c.mu.
func (c *connection) receiveRequest(p packet) {
	key := p.key()
	switch {
	case c.isTooLate() && !c.has("packets-after-shutdown-handled"):
		c.leak("dropped-requests-remembered", p.payload)
	case p.channel.Sign() != 0 && !c.has("channel-handled"):
		c.refuseChannel(p)
	case p.rqType.Sign() == 0 && !c.has("meo-is-a-request") && !c.has("eof-by-octets") && !c.has("meo-refused-without-handler"):
	case c.refuseAfterERQ(p):
	case c.handler == nil:
		c.refuseAll(p)
	case c.isDuplicate(p) && !c.has("duplicate-handled"):
		c.refuseDuplicate(p)
	case c.isAnswered(key) && c.has("tag-never-answered-again"), c.handlerStopped:
	default:
		c.accept(p)
	}
}

// accept starts the handler for a request. The caller holds c.mu.
func (c *connection) accept(p packet) {
	c.accepted = append(c.accepted, p.key())
	if c.highestTag.Cmp(p.tag) < 0 {
		c.highestTag = p.tag
	}
	if c.has("handler-on-receiver") {
		c.mu.Unlock()
		defer c.mu.Lock()
		c.respond(p)
		return
	}
	go c.respond(p)
}

// respond runs the handler for an accepted request and answers the request.
func (c *connection) respond(p packet) {
	c.await(func() bool { return c.mayRun(slices.Index(c.accepted, p.key())) })
	c.await(func() bool { return len(c.pending) == 0 || !c.has("requests-wait-for-answers") })
	c.overwrite(&p)
	result, err := c.handle(p)
	if payload, ok := result.([]byte); ok && bytes.Equal(payload, p.payload) {
		c.overwrite(&p)
		result = p.payload
	}
	a := c.answerOf(p, result, err)
	c.await(func() bool {
		return slices.Index(c.accepted, p.key()) <= 0 || !c.has("answers-in-order-of-requests")
	})
	c.change(func() { c.answer(p, a) })
}

// mayRun reports whether the handler may run for a request with that many accepted
// requests before it.
func (m mutant) mayRun(before int) bool {
	return (before < 1 || !m.has("one-handler")) &&
		(before < 4 || !m.has("four-handlers")) &&
		(before < 8 || !m.has("eight-handlers")) &&
		(before < 16 || !m.has("sixteen-handlers"))
}

// overwrite overwrites the payload of a request with the latest one, for a fault that
// reads all requests into one buffer.
func (c *connection) overwrite(p *packet) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if changed, differs := overwritten(p.payload, c.lastRequestPayload); differs && c.has("request-payload-overwritten") {
		p.payload = changed
	}
}

func (c *connection) handle(p packet) (result any, err error) {
	rqType, flags, payload := new(big.Int).Sub(p.rqType, one), p.flags, p.payload
	switch {
	case c.has("handler-gets-wire-type"):
		rqType = p.rqType
	case flags.Sign() != 0 && c.has("handler-gets-no-flags"):
		flags = zero
	case flags.Sign() != 0 && c.has("handler-gets-shifted-flags"):
		flags = new(big.Int).Rsh(flags, 1)
	case len(payload) > 0 && c.has("handler-gets-no-payload"):
		payload = nil
	case !utf8.Valid(payload) && c.has("handler-gets-text"):
		payload = asText(payload)
	}
	ctx := context.WithValue(context.Background(), inHandler{}, true)
	r, err := c.handler(ctx, formatInteger(rqType), formatInteger(flags), slices.Clone(payload))
	if err != nil {
		return nil, err
	}
	return fromAdapterResult(r)
}

// answer queues the response to an accepted request and frees its tag. The caller holds c.mu.
func (c *connection) answer(p packet, a answer) {
	if !c.removeAccepted(p.key()) {
		return // a fault has dropped the request
	}
	c.wasFailure[p.key()] = !a.ok
	c.answersSent++
	c.leak("answers-remembered", a.payload)
	c.lastAnswerPayload = a.payload
	switch {
	case a.silent,
		c.draining && c.ended == "" && c.has("shutdown-drops-answers"),
		c.draining && c.ended == adapter.EndedCut && c.has("end-of-octets-drops-answers"):
	default:
		c.enqueue(c.response(p, a))
	}
}

// removeAccepted removes a request from the accepted ones, and reports whether it was one.
// The caller holds c.mu.
func (c *connection) removeAccepted(key requestKey) bool {
	i := slices.Index(c.accepted, key)
	if i >= 0 {
		c.accepted = slices.Delete(c.accepted, i, i+1)
	}
	return i >= 0
}

// response returns the packet that answers a request.
func (c *connection) response(p packet, a answer) packet {
	r := packet{channel: p.channel, flags: c.responseFlags(a), rqType: zero, payload: a.payload}
	r.tag = c.keepBits(p.tag, 32, "response-tag-in-32-bits")
	switch {
	case c.has("response-tag-of-its-own"):
		r.tag = big.NewInt(c.answersSent)
	case p.channel.Sign() != 0 && c.has("response-on-channel-0"):
		r.channel = zero
	}
	return r
}

func (m mutant) responseFlags(a answer) *big.Int {
	switch {
	case m.has("ok-inverted"):
		return withOK(a.flags, !a.ok)
	case a.ok && m.has("ok-missing"):
		return withOK(a.flags, false)
	case !a.ok && m.has("ok-always"):
		return withOK(a.flags, true)
	case a.ok && a.flags.Sign() != 0 && m.has("ok-not-beside-flags"):
		return withOK(a.flags, false)
	case (a.flags.Sign() != 0 || !a.ok) && m.has("ok-over-flags"):
		return new(big.Int).SetBit(a.flags, 0, 1)
	case a.ok && a.flags.Sign() != 0 && m.has("ok-above-flags"):
		return new(big.Int).SetBit(a.flags, a.flags.BitLen(), 1)
	}
	return withOK(a.flags, a.ok)
}

// withOK returns flags << 1 | ok.
func withOK(flags *big.Int, ok bool) *big.Int {
	v := new(big.Int).Lsh(flags, 1)
	if ok {
		v.SetBit(v, 0, 1)
	}
	return v
}

// fromAdapterResult returns a result as a handler in Go would return it: nil, a *big.Int,
// a []byte, a string, a tuple, or something invalid.
func fromAdapterResult(r adapter.Result) (any, error) {
	flags, err := parseInteger(r.Flags)
	switch r.Form {
	case adapter.FormNone:
		return nil, err
	case adapter.FormFlags:
		return flags, err
	case adapter.FormBytes:
		return r.Payload, err
	case adapter.FormText:
		return r.Text, err
	case adapter.FormBoth:
		return tuple{flags, r.Payload}, err
	}
	return invalidResult(r.Text), nil
}

// invalidResult returns the invalid result of that name in the adapter guide.
func invalidResult(which string) any {
	switch which {
	case "list3":
		return tuple{one, []byte("two"), []byte("three")}
	case "int-str":
		return tuple{one, "text"}
	case "negative":
		return big.NewInt(-1)
	}
	return 1.5
}

// refuse answers a packet with a failure whose payload states the reason. The caller holds c.mu.
func (c *connection) refuse(p packet, format string, args ...any) {
	c.leak("refused-requests-remembered", p.payload)
	c.enqueue(c.response(p, failure(fmt.Sprintf(format, args...))))
}

// refuseChannel refuses a request on an unknown channel. The caller holds c.mu.
func (c *connection) refuseChannel(p packet) {
	switch {
	case c.has("channel-silence"), p.rqType.Sign() == 0 && c.has("channel-of-wire-type-0-dropped"):
		return
	case c.has("channel-ends-stream"):
		c.end(byMalformedPacket)
		return
	case c.has("channel-refused-with-ok"):
		c.enqueue(c.response(p, success(zero, nil)))
		return
	case c.has("channel-refused-without-name"):
		c.refuse(p, "unknown channel")
		return
	case c.has("channel-refusal-loses-tag"):
		c.removeAccepted(requestKey{zero.String(), p.tag.String()})
	case c.has("channel-refused-with-tag-0"):
		p.tag = zero
	}
	c.refuse(p, "unknown channel %d", p.channel)
}

// refuseAll refuses a request because there is no handler. The caller holds c.mu.
func (c *connection) refuseAll(p packet) {
	switch {
	case c.has("no-handler-silence"):
	case c.has("no-handler-ok"):
		c.enqueue(c.response(p, success(zero, nil)))
	case c.has("no-handler-ends-stream"):
		c.end(byMalformedPacket)
	default:
		c.refuse(p, "there is no handler for requests")
	}
}

// isDuplicate reports whether the tag of a request is in flight. The caller holds c.mu.
func (c *connection) isDuplicate(p packet) bool {
	key := p.key()
	switch {
	case p.tag.Sign() == 0 && (c.has("tag-0-refused") || c.has("later-tag-0-refused")),
		c.pendingWith(key) != nil && c.has("tags-of-both-directions-clash"),
		p.tag.Cmp(c.highestTag) <= 0 && c.has("tag-not-rising-refused"):
		return true
	case c.freed[key] && c.has("duplicate-frees-tag"):
		return false
	case c.isAnswered(key) && c.has("tag-never-free"), c.wasFailure[key] && c.has("tag-kept-after-failure"):
		return true
	}
	if p.tagOctets > len(c.appendInteger(nil, p.tag)) && c.has("tag-compared-by-octets") {
		return false
	}
	i := slices.Index(c.accepted, key)
	return i >= 0 && (i < 4 || !c.has("duplicate-of-fifth-handled"))
}

// isAnswered reports whether a request with that key was answered. The caller holds c.mu.
func (c *connection) isAnswered(key requestKey) bool {
	_, answered := c.wasFailure[key]
	return answered
}

// refuseDuplicate refuses a request whose tag is in flight. The caller holds c.mu.
func (c *connection) refuseDuplicate(p packet) {
	key := p.key()
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
		c.removeAccepted(key)
	case c.has("duplicate-fails-first"):
		c.refuse(p, "tag %d is in flight", p.tag)
		c.removeAccepted(key)
	case c.has("duplicate-frees-tag"):
		c.freed[key] = true
	}
	c.refuse(p, "tag %d is in flight", p.tag)
}

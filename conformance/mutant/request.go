package mutant

import (
	"bytes"
	"context"
	"math/big"
	"slices"

	"github.com/packetspec/packetspec/conformance/adapter"
)

var errClosed = adapter.Errorf(adapter.Closed, "the connection is shut down")

// Request implements [adapter.Connection]. It never blocks.
func (c *connection) Request(ctx context.Context, r adapter.Request) (adapter.Call, error) {
	p, err := c.newRequest(r)
	if err != nil && c.has("tag-lost-to-refused-request") {
		c.change(func() { c.nextTag(zero) })
	}
	if err != nil {
		return nil, err
	}
	nested := ctx.Value(inHandler{}) != nil
	if nested && c.has("nested-refused") {
		return nil, errClosed
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	refusal := c.refusal()
	if refusal != nil && c.ended == "" && c.has("request-after-shutdown-sent") {
		p.tag = c.nextTag(p.channel)
		c.queue = append(c.queue, p)
		c.changed.Broadcast()
	}
	if refusal != nil {
		return nil, refusal
	}
	p.tag = c.nextTag(p.channel)
	request := &localRequest{
		connection: c, key: p.key(), nested: nested, decode: c.decoderFor(r.Decode),
		done: make(chan struct{}),
	}
	c.pending = append(c.pending, request)
	c.queue = append(c.queue, p)
	c.latestRequests.Store(request.key, request)
	c.completeEarly(request)
	c.changed.Broadcast()
	return request, nil
}

// refusal returns the error that refuses a local request, or nil to accept it. The caller
// holds c.mu.
func (c *connection) refusal() error {
	switch {
	case c.refusesLocal:
		return errClosed
	case c.ended != "" && c.has("request-after-end-taken"):
		return nil
	case c.ended != "" && c.has("request-after-end-cancelled"):
		return errCancelled
	case c.draining && c.ended == "" && c.has("request-after-shutdown-taken"):
		return nil
	case c.draining && c.ended == "" && c.has("request-after-shutdown-waits"):
		c.awaitLocked(func() bool { return c.ended != "" })
	case c.draining && c.ended == "" && c.has("request-after-shutdown-invalid"):
		return adapter.Errorf(adapter.Invalid, "no connection")
	}
	if c.draining || c.ended != "" || c.isClosed() {
		return errClosed
	}
	return nil
}

// newRequest returns the packet of a local request, still without a tag.
func (m mutant) newRequest(r adapter.Request) (p packet, err error) {
	p = packet{isRequest: true, payload: slices.Clone(r.Payload)}
	if p.rqType, err = m.wireType(r.RqType); err != nil {
		return p, err
	}
	if p.flags, err = m.requestFlags(r.Flags); err != nil {
		return p, err
	}
	p.channel, err = parseInteger(r.Channel)
	switch {
	case p.flags.Sign() != 0 && m.has("request-flags-lost"):
		p.flags = zero
	case m.has("request-flags-of-response"):
		p.flags = withOK(p.flags, true)
	case p.channel.Sign() != 0 && (m.has("request-on-channel-0") || m.has("channel-not-offered-is-0")):
		p.channel = zero
	case len(p.payload) > 0 && p.payload[0] == 0 && m.has("request-payload-stripped"):
		p.payload = bytes.TrimLeft(p.payload, "\x00")
	}
	return p, err
}

// requestFlags returns the flags to send for those that the caller gave.
func (m mutant) requestFlags(flags adapter.Integer) (*big.Int, error) {
	v, err := parseInteger(flags)
	switch {
	case err != nil && m.has("request-flags-negative-wrap"):
		return big.NewInt(31), nil
	case err != nil && m.has("request-flags-negative-0"):
		return zero, nil
	}
	return v, err
}

// wireType returns the type to send: one more than the caller's type.
func (m mutant) wireType(rqType adapter.Integer) (*big.Int, error) {
	v, err := parseInteger(rqType)
	switch {
	case err != nil && m.has("request-type-negative-wraps"):
		return zero, nil
	case err != nil && m.has("request-type-negative-0"):
		return one, nil
	case err != nil && m.has("request-type-negative-absolute"):
		return parseInteger(rqType[1:])
	case err != nil:
		return nil, err
	case m.has("request-type-plain"):
		return v, nil
	case m.has("request-type-plus-2"):
		return new(big.Int).Add(v, big.NewInt(2)), nil
	}
	return new(big.Int).Add(v, one), nil
}

// nextTag returns the tag of the next local request. The caller holds c.mu.
func (c *connection) nextTag(channel *big.Int) *big.Int {
	before := c.lastTag
	c.lastTag = new(big.Int).Add(before, one)
	c.channelTags[channel.String()]++
	ofChannel := big.NewInt(c.channelTags[channel.String()])
	ofAll := big.NewInt(c.sharedTag.Add(1))
	switch {
	case ofChannel.Cmp(c.lastTag) != 0 && c.has("tag-for-each-channel"):
		return ofChannel
	case c.has("tag-from-0"):
		return before
	case before.Sign() > 0 && c.has("tag-odd"):
		return new(big.Int).Sub(new(big.Int).Lsh(c.lastTag, 1), one)
	case ofAll.Cmp(c.lastTag) != 0 && c.has("tag-for-all-connections"):
		return ofAll
	case big.NewInt(c.inFlight()).Cmp(before) != 0 && c.has("tag-lowest-free"):
		return c.lowestFreeTag()
	case before.Sign() > 0 && c.has("tag-constant"):
		return one
	}
	return c.keepBits(c.keepBits(c.lastTag, 7, "tag-in-one-octet"), 5, "tag-from-32-values")
}

// inFlight returns the number of pending local requests on channel 0. The caller holds c.mu.
func (c *connection) inFlight() (n int64) {
	for _, req := range c.pending {
		if req.key.channel == "0" {
			n++
		}
	}
	return n
}

func (c *connection) lowestFreeTag() *big.Int {
	tag := one
	for c.pendingWith(requestKey{"0", tag.String()}) != nil {
		tag = new(big.Int).Add(tag, one)
	}
	return tag
}

package mutant

import (
	"context"
	"math/big"
	"slices"
	"sync"
	"unicode/utf8"

	"github.com/packetspec/packetspec/conformance/adapter"
)

// A localRequest is a request submitted by the local user.
type localRequest struct {
	*connection
	key    requestKey
	nested bool    // submitted by a handler
	decode decoder // nil: none

	done     chan struct{} // closed once the request is answered or cancelled
	response *packet       // nil after done: the request was cancelled; guarded by mu

	decodeOnce sync.Once // sets result and err
	result     adapter.Response
	err        error
}

var errCancelled = adapter.Errorf(adapter.Cancelled, "the peer's stream ended before the response arrived")

// complete gives a pending request its response. The caller holds req.mu.
func (req *localRequest) complete(p packet) {
	req.response = &p
	req.finish()
}

// finish removes a request from the pending ones and ends its wait. The caller holds req.mu.
func (req *localRequest) finish() {
	req.pending = slices.DeleteFunc(req.pending, func(other *localRequest) bool { return other == req })
	req.latestRequests.CompareAndDelete(req.key, req)
	close(req.done)
}

// Wait implements [adapter.Call].
func (req *localRequest) Wait(ctx context.Context) (adapter.Response, error) {
	select {
	case <-req.done:
	case <-ctx.Done():
		return adapter.Response{}, context.Cause(ctx)
	}
	req.mu.Lock()
	response := req.response
	if response != nil {
		changed, differs := overwritten(response.payload, req.lastResponsePayload)
		if differs && req.has("response-payload-overwritten") {
			response.payload = changed
		}
	}
	req.mu.Unlock()
	switch {
	case response != nil:
	case req.has("cancelled-is-a-failure"):
		return adapter.Response{}, nil
	case req.has("cancelled-is-closed"):
		return adapter.Response{}, errClosed
	default:
		return adapter.Response{}, errCancelled
	}
	req.decodeOnce.Do(func() { req.result, req.err = req.applyDecoder(req.toResponse(*response)) })
	return req.result, req.err
}

// toResponse returns what the local user gets for a response.
func (req *localRequest) toResponse(p packet) adapter.Response {
	r := adapter.Response{
		OK:      p.flags.Bit(0) == 1,
		Flags:   formatInteger(req.keepBits(new(big.Int).Rsh(p.flags, 1), 32, "result-flags-in-32-bits")),
		Payload: req.keepOctets(p.payload, 4096, "result-payload-cut-at-4096"),
	}
	switch {
	case req.has("result-ok-inverted"):
		r.OK = !r.OK
	case !r.OK && req.has("result-always-ok"):
		r.OK = true
	case r.OK && p.flags.Cmp(one) != 0 && req.has("result-ok-only-without-flags"):
		r.OK = false
	case p.flags.Sign() != 0 && req.has("result-flags-with-ok-bit"):
		r.Flags = formatInteger(p.flags)
	case !utf8.Valid(p.payload) && (req.has("result-payload-as-text") || !r.OK && req.has("failure-payload-as-text")):
		r.Payload = asText(p.payload)
	case !r.OK && req.has("failure-payload-replaced"):
		r.Payload = []byte("the peer has refused the request")
	case !r.OK && req.has("failure-flags-lost"):
		r.Flags = "0"
	case !r.OK && req.has("failure-flags-with-ok-bit"):
		r.Flags = formatInteger(p.flags)
	case !r.OK && req.has("failure-payload-lost"):
		r.Payload = nil
	}
	return r
}

// A decoder converts the payload of a response for the local user.
type decoder = func(flags adapter.Integer, payload []byte) ([]byte, error)

// decoderFor returns the decoder of a request, which is the given one without a fault. The
// caller holds c.mu.
func (c *connection) decoderFor(given decoder) decoder {
	if n := len(c.pending); given == nil && n > 0 && c.pending[n-1].decode != nil && c.has("decoder-for-all") {
		return c.pending[n-1].decode
	}
	return given
}

// applyDecoder replaces the payload with its decoded form if the request has a decoder.
func (req *localRequest) applyDecoder(r adapter.Response) (adapter.Response, error) {
	if !req.usesDecoder(r) {
		return r, nil
	}
	decoded, err := req.decode(req.flagsForDecoder(r), r.Payload)
	if err == nil && req.has("decoder-called-twice") {
		decoded, err = req.decode(r.Flags, decoded)
	}
	if err != nil {
		return req.decoderFailed(r, err)
	}
	if req.has("decoder-loses-flags") {
		r.Flags = "0"
	}
	r.Payload = decoded
	return r, nil
}

func (req *localRequest) usesDecoder(r adapter.Response) bool {
	switch {
	case req.decode == nil, req.has("decoder-ignored"), req.has("decoder-not-for-empty-payload") && len(r.Payload) == 0:
		return false
	case req.has("decoder-for-failures"):
		return true
	}
	return r.OK
}

func (req *localRequest) flagsForDecoder(r adapter.Response) adapter.Integer {
	switch {
	case req.has("decoder-without-flags"):
		return "0"
	case req.has("decoder-flags-with-ok-bit"):
		return formatInteger(req.response.flags)
	}
	return r.Flags
}

// decoderFailed returns the result of a request whose decoder raised err.
func (req *localRequest) decoderFailed(r adapter.Response, err error) (adapter.Response, error) {
	switch {
	case req.has("decoder-error-swallowed"):
		return r, nil
	case req.has("decoder-error-is-failure"):
		return adapter.Response{Flags: "0", Payload: []byte(err.Error())}, nil
	case req.has("decoder-error-cancels"):
		return adapter.Response{}, errCancelled
	case req.has("decoder-error-hangs"):
		<-req.closed
	case req.has("decoder-error-ends-stream"):
		req.change(func() { req.end(byMalformedPacket) })
	}
	return adapter.Response{}, adapter.Errorf(adapter.BadDecode, "%v", err)
}

// receiveResponse delivers a response to the request that it answers. The caller holds c.mu.
func (c *connection) receiveResponse(p packet) {
	latest, _ := c.latestRequests.Load(p.key())
	switch other, ok := latest.(*localRequest); {
	case ok && other.connection != c && c.has("pending-for-all-connections"):
		go other.change(func() {
			if slices.Contains(other.pending, other) {
				other.complete(p)
			}
		})
		return
	case c.draining && c.has("shutdown-stops-receiving"):
		return
	case len(c.accepted) > 0 && c.has("answers-wait-for-handlers"):
		go c.receiveWhenIdle(p)
		return
	case (len(c.pending) == 0 || c.pending[0].key != p.key()) && c.has("responses-in-order"):
		c.earlyResponses = append(c.earlyResponses, p)
		return
	}
	req := c.match(p)
	if req == nil {
		c.receiveStray(p)
		return
	}
	if p.writesChannel0 && c.has("response-with-channel-0-stray") {
		return
	}
	c.completed = append(c.completed[max(0, len(c.completed)-maxCompleted+1):], req)
	req.complete(p)
	if len(c.earlyResponses) > 0 && c.has("responses-in-order") {
		c.completeInOrder()
	}
}

// match returns the pending request that a response answers, or nil. The caller holds c.mu.
func (c *connection) match(p packet) *localRequest {
	key := p.key()
	for _, req := range c.pending {
		if req.key == key || c.has("responses-first-in-first-out") ||
			req.key.tag == key.tag && c.has("response-by-tag") ||
			req.key.channel == key.channel && c.has("response-by-channel") {
			return req
		}
	}
	return nil
}

// pendingWith returns the pending request with that key, or nil. The caller holds c.mu.
func (c *connection) pendingWith(key requestKey) *localRequest {
	for _, req := range c.pending {
		if req.key == key {
			return req
		}
	}
	return nil
}

// maxCompleted bounds the completed requests of a connection that faults remember.
const maxCompleted = 8

// receiveStray ignores a response that matches no pending request. The caller holds c.mu.
func (c *connection) receiveStray(p packet) {
	i := slices.IndexFunc(c.completed, func(req *localRequest) bool { return req.key == p.key() })
	second := i >= 0
	switch {
	case second && c.has("second-response-ends-stream"):
		c.end(byMalformedPacket)
	case second && c.has("second-response-crashes"):
		c.completed[i].complete(p) // panics: done is closed already
	case second && c.has("second-response-kept"):
		p.tag = new(big.Int).Add(c.lastTag, one)
		c.earlyResponses = append(c.earlyResponses, p)
	case second && c.has("second-response-wins"):
		c.completed[i].response = &p
	case c.has("stray-ends-stream"), p.flags.Bit(0) == 0 && c.has("stray-failure-ends-stream"),
		p.tag.Sign() == 0 && c.has("stray-tag-0-ends-stream"):
		c.end(byMalformedPacket)
	case c.has("stray-crashes"):
		c.pendingWith(p.key()).complete(p) // panics: the request is nil
	case c.has("stray-refused"):
		c.refuse(p, "no such request")
	case len(c.pending) > 0 && c.has("stray-answers-oldest"):
		c.pending[0].complete(p)
	case c.has("stray-remembered"):
		c.earlyResponses = append(c.earlyResponses, p)
	}
}

// completeEarly completes a request with a response that a fault has kept for it. The
// caller holds c.mu.
func (c *connection) completeEarly(req *localRequest) {
	if i := slices.IndexFunc(c.earlyResponses, func(p packet) bool { return p.key() == req.key }); i >= 0 {
		req.complete(c.earlyResponses[i])
	}
}

// completeInOrder completes requests in order of submission, as far as their responses have
// arrived. The caller holds c.mu.
func (c *connection) completeInOrder() {
	for len(c.pending) > 0 {
		req := c.pending[0]
		i := slices.IndexFunc(c.earlyResponses, func(p packet) bool { return p.key() == req.key })
		if i < 0 {
			return
		}
		req.complete(c.earlyResponses[i])
	}
}

// receiveWhenIdle delivers a response once no handler is running.
func (c *connection) receiveWhenIdle(p packet) {
	c.await(func() bool { return len(c.accepted) == 0 })
	c.change(func() {
		if req := c.match(p); req != nil {
			req.complete(p)
		}
	})
}

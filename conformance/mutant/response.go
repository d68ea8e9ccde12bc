package mutant

import (
	"context"
	"math/big"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/packetspec/packetspec/conformance/adapter"
)

// A call is a local request.
type localRequest struct {
	*connection
	key    requestKey
	tag    *big.Int
	nested bool // submitted by a handler
	decode decoder

	done     chan struct{}
	response *packet // once done is closed: nil if the call was cancelled; under mu

	deliver sync.Once // what follows
	result  adapter.Response
	err     error
}

var errCancelled = adapter.Errorf(adapter.Cancelled, "the peer's stream ended before the answer")

// answer gives the call its response: it is no longer pending. k.mu is held.
func (req *localRequest) complete(p packet) {
	req.response = &p
	req.finish()
}

// settle takes the call off those that are pending and ends its wait. k.mu is held.
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
	if response != nil && isOverwritten(response.payload, req.lastResponsePayload) && req.has("response-payload-overwritten") {
		response.payload = overwritten(response.payload, req.lastResponsePayload)
	}
	req.mu.Unlock()
	if response == nil && req.has("cancelled-is-a-failure") {
		return adapter.Response{}, nil
	}
	if response == nil && req.has("cancelled-is-closed") {
		return adapter.Response{}, errClosed
	}
	if response == nil {
		return adapter.Response{}, errCancelled
	}
	req.deliver.Do(func() { req.result, req.err = req.applyDecoder(req.toResponse(*response)) })
	return req.result, req.err
}

// resultOf is what a response says to its requester.
func (req *localRequest) toResponse(p packet) adapter.Response {
	r := adapter.Response{
		OK:      p.flags.Bit(0) == 1,
		Flags:   formatInteger(new(big.Int).Rsh(p.flags, 1)),
		Payload: p.payload,
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
	case p.flags.BitLen() > 33 && req.has("result-flags-in-32-bits"):
		r.Flags = formatInteger(lowBits(new(big.Int).Rsh(p.flags, 1), 32))
	case !utf8.Valid(p.payload) && req.has("result-payload-as-text"):
		r.Payload = []byte(strings.ToValidUTF8(string(p.payload), "\uFFFD"))
	case len(r.Payload) > 4096 && req.has("result-payload-cut-at-4096"):
		r.Payload = r.Payload[:4096]
	case !r.OK && req.has("failure-payload-replaced"):
		r.Payload = []byte("the peer has refused the request")
	case !r.OK && req.has("failure-flags-lost"):
		r.Flags = "0"
	case !r.OK && req.has("failure-flags-with-ok-bit"):
		r.Flags = formatInteger(p.flags)
	case !r.OK && req.has("failure-payload-lost"):
		r.Payload = nil
	case !r.OK && !utf8.Valid(p.payload) && req.has("failure-payload-as-text"):
		r.Payload = []byte(strings.ToValidUTF8(string(p.payload), "\uFFFD"))
	}
	return r
}

type decoder = func(flags adapter.Integer, payload []byte) ([]byte, error)

// decoderFor is the decoder of a request. c.mu is held.
func (c *connection) decoderFor(asked decoder) decoder {
	if n := len(c.pending); asked == nil && n > 0 && c.pending[n-1].decode != nil && c.has("decoder-for-all") {
		return c.pending[n-1].decode
	}
	return asked
}

// decoded puts what the decoder makes of the payload in its place.
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

// notDecoded is how a call ends whose decoder failed.
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

// takeResponse hands a response to the request that it answers. c.mu is held.
func (c *connection) receiveResponse(p packet) {
	switch other := c.latestMatching(p); {
	case other != nil && other.connection != c && c.has("pending-for-all-connections"):
		go other.change(func() { other.completeIfPending(p) })
		return
	case c.draining && c.has("shutdown-stops-receiving"):
		return
	case len(c.accepted) > 0 && c.has("answers-wait-for-handlers"):
		go c.receiveWhenIdle(p)
		return
	case !c.isOldest(p) && c.has("responses-in-order"):
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

// match finds the pending request that a response answers. c.mu is held.
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

func (c *connection) pendingWith(key requestKey) *localRequest {
	for _, req := range c.pending {
		if req.key == key {
			return req
		}
	}
	return nil
}

// latestAnswered is how many of the local requests that were answered are kept, for
// faults that do not forget them.
const maxCompleted = 8

// latestAt is the latest request of any connection that a response may answer.
func (c *connection) latestMatching(p packet) *localRequest {
	req, _ := c.latestRequests.Load(p.key())
	latest, _ := req.(*localRequest)
	return latest
}

// answerPending gives the call a response if it is pending. k.mu is held.
func (req *localRequest) completeIfPending(p packet) {
	if slices.Contains(req.pending, req) {
		req.complete(p)
	}
}

// isNext reports whether a response is to the request that waits longest. c.mu is held.
func (c *connection) isOldest(p packet) bool {
	return len(c.pending) > 0 && c.pending[0].key == p.key()
}

// takeStray ignores a response to no pending request. c.mu is held.
func (c *connection) receiveStray(p packet) {
	i := slices.IndexFunc(c.completed, func(req *localRequest) bool { return req.key == p.key() })
	second := i >= 0
	switch {
	case second && c.has("second-response-ends-stream"):
		c.end(byMalformedPacket)
	case second && c.has("second-response-crashes"):
		c.completed[i].complete(p) // whose done is closed
	case second && c.has("second-response-kept"):
		p.tag = new(big.Int).Add(c.lastTag, one)
		c.earlyResponses = append(c.earlyResponses, p)
	case second && c.has("second-response-wins"):
		c.completed[i].response = &p
	case c.has("stray-ends-stream"), p.flags.Bit(0) == 0 && c.has("stray-failure-ends-stream"),
		p.tag.Sign() == 0 && c.has("stray-tag-0-ends-stream"):
		c.end(byMalformedPacket)
	case c.has("stray-crashes"):
		c.pendingWith(p.key()).complete(p) // of none
	case c.has("stray-refused"):
		c.refuse(p, "no such request")
	case len(c.pending) > 0 && c.has("stray-answers-oldest"):
		c.pending[0].complete(p)
	case c.has("stray-remembered"):
		c.earlyResponses = append(c.earlyResponses, p)
	}
}

// answerEarly gives a request the answer that came before it, for a fault that
// remembers such. c.mu is held.
func (c *connection) completeEarly(req *localRequest) {
	for _, p := range c.earlyResponses {
		if p.key() == req.key {
			req.complete(p)
			return
		}
	}
}

// answerInOrder answers no request before those that were submitted earlier. c.mu is
// held.
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

// takeWhenIdle takes a response when no handler runs any more.
func (c *connection) receiveWhenIdle(p packet) {
	c.await(func() bool { return len(c.accepted) == 0 })
	c.change(func() {
		if req := c.match(p); req != nil {
			req.complete(p)
		}
	})
}

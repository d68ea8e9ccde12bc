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
type call struct {
	*connection
	address address
	tag     *big.Int
	nested  bool // submitted by a handler
	decode  decoder

	done     chan struct{}
	response *packet // once done is closed: nil if the call was cancelled; under mu

	deliver sync.Once // what follows
	result  adapter.Response
	err     error
}

var errCancelled = adapter.Errorf(adapter.Cancelled, "the peer's stream ended before the answer")

// answer gives the call its response: it is no longer pending. k.mu is held.
func (k *call) answer(p packet) {
	k.response = &p
	k.settle()
}

// settle takes the call off those that are pending and ends its wait. k.mu is held.
func (k *call) settle() {
	k.pending = slices.DeleteFunc(k.pending, func(other *call) bool { return other == k })
	k.latest.CompareAndDelete(k.address, k)
	close(k.done)
}

// Wait implements [adapter.Call].
func (k *call) Wait(ctx context.Context) (adapter.Response, error) {
	select {
	case <-k.done:
	case <-ctx.Done():
		return adapter.Response{}, context.Cause(ctx)
	}
	k.mu.Lock()
	response := k.response
	if response != nil && isOverwritten(response.payload, k.latestResponse) && k.has("response-payload-overwritten") {
		response.payload = overwritten(response.payload, k.latestResponse)
	}
	k.mu.Unlock()
	if response == nil && k.has("cancelled-is-a-failure") {
		return adapter.Response{}, nil
	}
	if response == nil && k.has("cancelled-is-closed") {
		return adapter.Response{}, errClosed
	}
	if response == nil {
		return adapter.Response{}, errCancelled
	}
	k.deliver.Do(func() { k.result, k.err = k.decoded(k.resultOf(*response)) })
	return k.result, k.err
}

// resultOf is what a response says to its requester.
func (k *call) resultOf(p packet) adapter.Response {
	r := adapter.Response{
		OK:      p.flags.Bit(0) == 1,
		Flags:   integer(new(big.Int).Rsh(p.flags, 1)),
		Payload: p.payload,
	}
	switch {
	case k.has("result-ok-inverted"):
		r.OK = !r.OK
	case !r.OK && k.has("result-always-ok"):
		r.OK = true
	case r.OK && p.flags.Cmp(one) != 0 && k.has("result-ok-only-without-flags"):
		r.OK = false
	case p.flags.Sign() != 0 && k.has("result-flags-with-ok-bit"):
		r.Flags = integer(p.flags)
	case p.flags.BitLen() > 33 && k.has("result-flags-in-32-bits"):
		r.Flags = integer(low(new(big.Int).Rsh(p.flags, 1), 32))
	case !utf8.Valid(p.payload) && k.has("result-payload-as-text"):
		r.Payload = []byte(strings.ToValidUTF8(string(p.payload), "\uFFFD"))
	case len(r.Payload) > 4096 && k.has("result-payload-cut-at-4096"):
		r.Payload = r.Payload[:4096]
	case !r.OK && k.has("failure-payload-replaced"):
		r.Payload = []byte("the peer has refused the request")
	case !r.OK && k.has("failure-flags-lost"):
		r.Flags = "0"
	case !r.OK && k.has("failure-flags-with-ok-bit"):
		r.Flags = integer(p.flags)
	case !r.OK && k.has("failure-payload-lost"):
		r.Payload = nil
	case !r.OK && !utf8.Valid(p.payload) && k.has("failure-payload-as-text"):
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
func (k *call) decoded(r adapter.Response) (adapter.Response, error) {
	if !k.decodes(r) {
		return r, nil
	}
	decoded, err := k.decode(k.flagsForDecoder(r), r.Payload)
	if err == nil && k.has("decoder-called-twice") {
		decoded, err = k.decode(r.Flags, decoded)
	}
	if err != nil {
		return k.notDecoded(r, err)
	}
	if k.has("decoder-loses-flags") {
		r.Flags = "0"
	}
	r.Payload = decoded
	return r, nil
}

func (k *call) decodes(r adapter.Response) bool {
	switch {
	case k.decode == nil, k.has("decoder-ignored"), k.has("decoder-not-for-empty-payload") && len(r.Payload) == 0:
		return false
	case k.has("decoder-for-failures"):
		return true
	}
	return r.OK
}

func (k *call) flagsForDecoder(r adapter.Response) adapter.Integer {
	switch {
	case k.has("decoder-without-flags"):
		return "0"
	case k.has("decoder-flags-with-ok-bit"):
		return integer(k.response.flags)
	}
	return r.Flags
}

// notDecoded is how a call ends whose decoder failed.
func (k *call) notDecoded(r adapter.Response, err error) (adapter.Response, error) {
	switch {
	case k.has("decoder-error-swallowed"):
		return r, nil
	case k.has("decoder-error-is-failure"):
		return adapter.Response{Flags: "0", Payload: []byte(err.Error())}, nil
	case k.has("decoder-error-cancels"):
		return adapter.Response{}, errCancelled
	case k.has("decoder-error-hangs"):
		<-k.gone
	case k.has("decoder-error-ends-stream"):
		k.change(func() { k.end(byMalformedPacket) })
	}
	return adapter.Response{}, adapter.Errorf(adapter.BadDecode, "%v", err)
}

// takeResponse hands a response to the request that it answers. c.mu is held.
func (c *connection) takeResponse(p packet) {
	switch other := c.latestAt(p); {
	case other != nil && other.connection != c && c.has("pending-for-all-connections"):
		go other.change(func() { other.answerPending(p) })
		return
	case c.draining && c.has("shutdown-stops-receiving"):
		return
	case len(c.working) > 0 && c.has("answers-wait-for-handlers"):
		go c.takeWhenIdle(p)
		return
	case !c.isNext(p) && c.has("responses-in-order"):
		c.early = append(c.early, p)
		return
	}
	k := c.match(p)
	if k == nil {
		c.takeStray(p)
		return
	}
	if p.writesChannel0 && c.has("response-with-channel-0-stray") {
		return
	}
	c.answered = append(c.answered[max(0, len(c.answered)-latestAnswered+1):], k)
	k.answer(p)
	if len(c.early) > 0 && c.has("responses-in-order") {
		c.answerInOrder()
	}
}

// match finds the pending request that a response answers. c.mu is held.
func (c *connection) match(p packet) *call {
	at := p.address()
	for _, k := range c.pending {
		if k.address == at || c.has("responses-first-in-first-out") ||
			k.address.tag == at.tag && c.has("response-by-tag") ||
			k.address.channel == at.channel && c.has("response-by-channel") {
			return k
		}
	}
	return nil
}

func (c *connection) pendingAt(at address) *call {
	for _, k := range c.pending {
		if k.address == at {
			return k
		}
	}
	return nil
}

// latestAnswered is how many of the local requests that were answered are kept, for
// faults that do not forget them.
const latestAnswered = 8

// latestAt is the latest request of any connection that a response may answer.
func (c *connection) latestAt(p packet) *call {
	k, _ := c.latest.Load(p.address())
	latest, _ := k.(*call)
	return latest
}

// answerPending gives the call a response if it is pending. k.mu is held.
func (k *call) answerPending(p packet) {
	if slices.Contains(k.pending, k) {
		k.answer(p)
	}
}

// isNext reports whether a response is to the request that waits longest. c.mu is held.
func (c *connection) isNext(p packet) bool {
	return len(c.pending) > 0 && c.pending[0].address == p.address()
}

// takeStray ignores a response to no pending request. c.mu is held.
func (c *connection) takeStray(p packet) {
	i := slices.IndexFunc(c.answered, func(k *call) bool { return k.address == p.address() })
	second := i >= 0
	switch {
	case second && c.has("second-response-ends-stream"):
		c.end(byMalformedPacket)
	case second && c.has("second-response-crashes"):
		c.answered[i].answer(p) // whose done is closed
	case second && c.has("second-response-kept"):
		p.tag = new(big.Int).Add(c.lastTag, one)
		c.early = append(c.early, p)
	case second && c.has("second-response-wins"):
		c.answered[i].response = &p
	case c.has("stray-ends-stream"), p.flags.Bit(0) == 0 && c.has("stray-failure-ends-stream"),
		p.tag.Sign() == 0 && c.has("stray-tag-0-ends-stream"):
		c.end(byMalformedPacket)
	case c.has("stray-crashes"):
		c.pendingAt(p.address()).answer(p) // of none
	case c.has("stray-refused"):
		c.refuse(p, "no such request")
	case len(c.pending) > 0 && c.has("stray-answers-oldest"):
		c.pending[0].answer(p)
	case c.has("stray-remembered"):
		c.early = append(c.early, p)
	}
}

// answerEarly gives a request the answer that came before it, for a fault that
// remembers such. c.mu is held.
func (c *connection) answerEarly(k *call) {
	for _, p := range c.early {
		if p.address() == k.address {
			k.answer(p)
			return
		}
	}
}

// answerInOrder answers no request before those that were submitted earlier. c.mu is
// held.
func (c *connection) answerInOrder() {
	for len(c.pending) > 0 {
		k := c.pending[0]
		i := slices.IndexFunc(c.early, func(p packet) bool { return p.address() == k.address })
		if i < 0 {
			return
		}
		k.answer(c.early[i])
	}
}

// takeWhenIdle takes a response when no handler runs any more.
func (c *connection) takeWhenIdle(p packet) {
	c.await(func() bool { return len(c.working) == 0 })
	c.change(func() {
		if k := c.match(p); k != nil {
			k.answer(p)
		}
	})
}

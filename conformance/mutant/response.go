package mutant

import (
	"math/big"
	"slices"
)

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

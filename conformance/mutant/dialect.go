package mutant

import (
	"math/big"
)

// The later dialect: a peer says by ERQ that it requests no more, before it says EOF.

// erq is the packet: 03 01 02 00.
var erq = packet{isRequest: true, channel: zero, tag: one, flags: zero, rqType: zero}

// inDialect tells the dialect, if it is the later one.
func (i *implementation) inDialect() string {
	if i.later {
		return ", in the later dialect"
	}
	return ""
}

// isERQ reports whether p is the peer's ERQ, of an encoding of so many octets.
func (c *connection) isERQ(p packet, octets int) bool {
	if !c.later || !p.isRequest || p.rqType.Sign() != 0 {
		return c.later && c.has("erq-any-request-with-tag-1") && p.isRequest && p.tag.Cmp(one) == 0
	}
	switch {
	case p.tag.Cmp(one) != 0 && !c.has("erq-with-any-tag"),
		p.tag.Sign() == 0,
		p.channel.Sign() != 0 && !c.has("erq-on-any-channel"),
		p.flags.Sign() != 0 && !c.has("erq-with-flags-taken"),
		len(p.payload) > 0 && !c.has("erq-with-payload-taken"):
		return false
	}
	return octets == shortestEOF || !c.has("erq-by-octets")
}

// takeERQ notes that the peer requests no more. The reported ending is a fault's.
func (c *connection) takeERQ() (how ending, ends bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.changed.Broadcast()
	again := c.requestsOver
	c.requestsOver = true
	switch {
	case c.has("peer-erq-ends-stream"), c.has("second-peer-erq-ends-stream") && again,
		c.has("peer-erq-after-eof-ends-badly") && c.finished:
		return byMalformedEOF, true
	case c.has("peer-erq-shuts-down"):
		c.drain()
	case c.has("peer-erq-cancels-pending"):
		c.cancel(c.pending)
	case c.has("peer-erq-drops-accepted"):
		c.working = nil
	case c.has("peer-erq-refuses-local-requests"):
		c.peerERQCloses = true
	}
	return 0, false
}

// refusesAfterERQ refuses a request that follows its sender's ERQ, and reports whether
// it is one. c.mu is held.
func (c *connection) refusesAfterERQ(p packet) bool {
	switch {
	case !c.later || !c.requestsOver, c.has("request-after-peer-erq-handled"):
		return false
	case c.has("request-after-peer-erq-dropped"):
	case c.has("request-after-peer-erq-ends-stream"):
		c.end(byMalformedEOF)
	default:
		c.refuse(p, "no request is taken after ERQ")
	}
	return true
}

// isDropped reports whether a request comes too late: after a shutdown or, in the later
// dialect, after EOF. c.mu is held.
func (c *connection) isDropped() bool {
	switch {
	case !c.later, c.has("request-after-erq-dropped") && c.saidERQ:
		return c.draining
	}
	return c.finished
}

// duesERQ reports whether ERQ is the next packet: nothing of the own requests is
// pending, and no more will come. c.mu is held.
func (c *connection) duesERQ() bool {
	return c.later && c.draining && !c.saidERQ && c.ownAreOver() && !c.has("erq-missing")
}

// ownAreOver reports whether ERQ and EOF need wait for no local request. c.mu is held.
func (c *connection) ownAreOver() bool {
	return !c.later || len(c.pending) == 0 || c.has("erq-before-answers-of-peer")
}

// sayERQ is the ERQ packet that goes out. c.mu is held.
func (c *connection) sayERQ() packet {
	c.saidERQ = true
	switch {
	case c.has("erq-twice"):
		c.queue = append(c.queue, erq)
	case c.has("erq-drops-answers"):
		c.working = nil
	}
	return erq
}

// tagBeforeFirst is the tag before that of the first request.
func (i *implementation) tagBeforeFirst() *big.Int {
	if i.later && !i.has("later-tags-from-1") {
		return one
	}
	return zero
}

// Faults of the later dialect, which the mutant speaks with each of them.
var dialectFaults = []Fault{
	{"erq-missing", "ERQ-1", tells, "ERQ is never sent"},
	{"erq-twice", "ERQ-1", tells, "ERQ is sent twice"},
	{"erq-drops-answers", "ERQ-2", tells, "ERQ gives up what has been accepted"},
	{"request-after-erq-dropped", "ERQ-3", hangs, "requests that cross ERQ are dropped"},
	{"peer-erq-ends-stream", "ERQ-4", tells, "the peer's ERQ ends its stream, as a malformed EOF packet"},
	{"peer-erq-shuts-down", "ERQ-4", tells, "the peer's ERQ is answered by ERQ and EOF"},
	{"peer-erq-cancels-pending", "ERQ-4", tells, "the peer's ERQ cancels pending requests"},
	{"peer-erq-refuses-local-requests", "ERQ-4", tells, "after the peer's ERQ local requests are refused"},
	{"erq-by-octets", "ERQ-4", tells, "ERQ is told by its length, so another form of it is a malformed EOF packet"},
	{"peer-erq-drops-accepted", "ERQ-5", hangs, "the peer's ERQ drops what was accepted"},
	{"request-after-peer-erq-handled", "ERQ-6", tells, "a request after its sender's ERQ is handled"},
	{"request-after-peer-erq-dropped", "ERQ-6", hangs, "a request after its sender's ERQ is dropped"},
	{"request-after-peer-erq-ends-stream", "ERQ-6", tells, "a request after its sender's ERQ ends the stream"},
	{"second-peer-erq-ends-stream", "ERQ-7", tells, "a second ERQ ends the stream"},
	{"erq-with-flags-taken", "ERQ-8", hangs, "ERQ with flags is taken for ERQ"},
	{"erq-with-payload-taken", "ERQ-8", hangs, "ERQ with a payload is taken for ERQ"},
	{"erq-with-any-tag", "ERQ-8", hangs, "ERQ with another tag is taken for ERQ"},
	{"erq-on-any-channel", "ERQ-9", hangs, "ERQ on another channel is taken for ERQ"},
	{"later-tags-from-1", "ERQ-10", tells, "tags count from 1"},
	{"erq-any-request-with-tag-1", "ERQ-11", hangs, "any request with tag 1 is taken for ERQ"},
	{"later-tag-0-refused", "ERQ-11", tells, "a request with the tag 0 is refused, since tags count from 2"},
	{"peer-erq-after-eof-ends-badly", "ERQ-12", hangs, "the peer's ERQ after EOF ends its stream"},
	{"erq-before-answers-of-peer", "ERQ-13", tells, "ERQ and EOF do not wait for pending requests"},
}

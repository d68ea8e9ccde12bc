package mutant

import (
	"errors"
	"slices"

	"github.com/packetspec/packetspec/conformance/adapter"
)

// Shutdown implements [adapter.Connection].
func (c *connection) Shutdown(block bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	first := c.shutdowns.Add(1) == 1
	again := c.draining
	c.drain()
	c.changed.Broadcast()
	switch {
	case again && c.has("second-shutdown-is-an-error"):
		return errClosed
	case again && c.has("second-shutdown-hangs"):
		c.awaitLocked(never)
	case len(c.pending) > 0 && c.has("shutdown-cancels-pending"):
		c.cancel(c.pending)
	}
	if len(c.accepted) > 4 && c.has("shutdown-drops-fifth") {
		c.accepted = c.accepted[:4]
	}
	if block || c.has("shutdown-always-blocks") {
		c.awaitLocked(c.blockCondition(first))
	} else {
		c.awaitLocked(c.nonblockCondition())
	}
	if c.has("broken-pipe-is-an-error") || c.has("shutdown-writes-eof") {
		return c.sendErr
	}
	return nil
}

func never() bool  { return false }
func always() bool { return true }

// blockCondition returns the condition for the return of a blocking shutdown: no request
// is pending, in either direction, and EOF has been sent.
func (c *connection) blockCondition(first bool) func() bool {
	answered := func() bool { return len(c.accepted) == 0 }
	accepted, pending := len(c.accepted), len(c.pending)
	switch {
	case accepted > 1 && c.has("block-until-one-answer"):
		return func() bool { return len(c.accepted) < accepted }
	case pending > 1 && c.has("block-until-one-response"):
		return func() bool { return c.finished && len(c.pending) < pending }
	case c.has("block-returns-at-once"):
		return always
	case c.has("block-for-ever"), c.has("block-wakes-one") && !first && !c.finished:
		return never
	case c.has("block-before-answers"):
		return func() bool { return len(c.pending) == 0 }
	case c.has("block-before-eof"):
		return func() bool { return answered() && len(c.pending) == 0 }
	case c.has("block-until-end-of-peer"):
		return func() bool { return c.finished && c.ended != "" }
	case c.has("block-ignores-pending"):
		return func() bool { return c.finished }
	case c.has("block-overlooks-cancellation"):
		return func() bool { return c.finished && len(c.pending)+c.cancellations == 0 }
	}
	return func() bool { return c.finished && len(c.pending) == 0 }
}

// nonblockCondition returns the condition for the return of a shutdown that does not block:
// it always holds.
func (c *connection) nonblockCondition() func() bool {
	switch {
	case c.has("shutdown-waits-for-pending"):
		return func() bool { return len(c.pending) == 0 }
	case c.has("shutdown-waits-for-handlers"):
		return func() bool { return len(c.accepted) == 0 }
	case c.has("shutdown-waits-for-eof"), len(c.accepted) == 0 && c.has("shutdown-writes-eof"):
		return func() bool { return c.finished }
	}
	return always
}

// Join implements [adapter.Connection].
func (c *connection) Join() (ended string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.joins++
	c.awaitLocked(c.joinCondition(c.joins))
	if c.has("join-tells-once") && c.reported {
		return "", nil
	}
	c.reported = true
	return c.reportedEnd(), nil
}

// joinCondition returns the condition for the return of the call of Join with that number.
func (c *connection) joinCondition(call int) func() bool {
	before := c.answersSent
	late := c.ended != ""
	switch {
	case c.has("join-at-once"):
		return always
	case c.has("join-for-ever"), c.has("join-wakes-one") && call > 1, c.has("join-misses-past-end") && late:
		return never
	case c.has("join-at-shutdown"):
		return func() bool { return c.draining }
	case c.has("join-at-local-end"):
		return func() bool { return c.finished }
	case c.has("join-needs-shutdown"):
		return func() bool { return c.ended != "" && c.shutdowns.Load() > 0 }
	case c.has("join-at-next-answer"):
		return func() bool { return c.ended != "" || c.answersSent > before }
	}
	return func() bool { return c.ended != "" }
}

// An ending is a way in which the peer's stream ends.
type ending int

const (
	byEOF ending = iota
	byMalformedEOF
	byMalformedPacket
	byCut         // the octets stopped inside a packet
	byCutInLength // the same, inside its length
	byEndOfOctets
	byHugeLength // only with a fault: the stream is not ended
)

// shortestEOF is the length of EOF, and of ERQ, in the shortest encoding.
const shortestEOF = 4

func (e ending) isCut() bool { return e == byCut || e == byCutInLength }

func endingFor(err error) ending {
	switch {
	case errors.Is(err, errMalformed):
		return byMalformedPacket
	case errors.Is(err, errCutInLength):
		return byCutInLength
	case errors.Is(err, errHuge):
		return byHugeLength
	case errors.Is(err, errCut):
		return byCut
	}
	return byEndOfOctets
}

// endsStream reports whether a packet ends the peer's stream, and how. The argument octets
// is the length of its encoding.
func (c *connection) endsStream(p packet, octets int) (how ending, ends bool) {
	switch {
	case !p.isRequest:
		return byEOF, p.tag.Sign()+p.flags.Sign()+p.channel.Sign()+len(p.payload) == 0 && c.has("eof-ignores-kind")
	case p.rqType.Sign() != 0:
		return 0, false
	case p.channel.Sign() != 0 && c.has("eof-on-any-channel"):
		return byEOF, p.tag.Sign() == 0 && p.flags.Sign() == 0 && len(p.payload) == 0
	case p.channel.Sign() != 0:
		return byMalformedEOF, c.has("meo-on-any-channel")
	case p.tag.Sign() == 0 && p.flags.Sign() == 0 && len(p.payload) == 0:
		shortest := octets == shortestEOF
		if !shortest && c.has("eof-overlong-malformed") {
			return byMalformedEOF, true
		}
		return byEOF, shortest || !c.has("eof-by-octets")
	}
	return byMalformedEOF, !c.ignoresMalformedEOF(p)
}

// ignoresMalformedEOF reports whether a fault ignores a malformed EOF packet.
func (c *connection) ignoresMalformedEOF(p packet) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.has("meo-is-a-request") || c.has("meo-ignored") ||
		p.tag.Sign() != 0 && c.has("meo-with-tag-ignored") ||
		p.flags.Sign() != 0 && c.has("meo-with-flags-ignored") ||
		len(p.payload) > 0 && c.has("meo-with-payload-ignored") ||
		p.tag.Cmp(one) == 0 && p.flags.Sign() == 0 && len(p.payload) == 0 && c.has("meo-is-erq") ||
		p.writesChannel0 && c.has("meo-overlong-ignored") ||
		c.handler == nil && c.has("meo-refused-without-handler") ||
		c.draining && c.has("meo-dropped-after-shutdown")
}

// ignoresEnd reports whether a fault ignores the end of the peer's stream.
func (c *connection) ignoresEnd(how ending) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return how == byHugeLength ||
		how == byEOF && c.draining && c.has("eof-overlooked-after-shutdown") ||
		how == byEndOfOctets && c.has("end-of-octets-overlooked") ||
		how == byMalformedPacket && c.has("malformed-overlooked") ||
		how.isCut() && c.has("cut-overlooked") ||
		how == byCutInLength && c.has("cut-in-length-overlooked")
}

// end processes the end of the peer's stream: it cancels pending requests and shuts the
// connection down. The caller holds c.mu.
func (c *connection) end(how ending) {
	if c.ended != "" {
		return
	}
	c.ended, c.endedBy, c.endedAfterShutdown = how.name(), how, c.shutdowns.Load() > 0
	if !c.draining && !c.skipsDrain(how) {
		c.drain()
	}
	switch {
	case len(c.queue) > 0 && c.has("end-drops-queue"):
		c.queue = nil
	case len(c.accepted) == 0:
	case c.has("end-drops-answers"), how == byMalformedPacket && c.has("malformed-drops-answers"):
		c.accepted = nil
	case len(c.accepted) > 4 && c.has("end-drops-fifth"):
		c.accepted = c.accepted[:4]
	}
	c.cancel(c.toCancel(how))
	if c.has("end-ends-all-connections") {
		c.connections.Range(func(other, _ any) bool {
			another := other.(*connection)
			go another.change(func() { another.end(how) })
			return true
		})
	}
}

// drain begins the end of the local stream. The caller holds c.mu.
func (c *connection) drain() {
	if !c.draining && len(c.accepted) > 0 && c.has("eof-before-answers") {
		c.queuedEOF = true
		c.queue = append(c.queue, eof)
	}
	c.draining = true
}

// skipsDrain reports whether a fault leaves the local stream open at that ending.
func (c *connection) skipsDrain(how ending) bool {
	return c.has("end-not-answered") ||
		how == byEndOfOctets && c.has("end-of-octets-not-answered") ||
		how == byMalformedPacket && c.has("malformed-not-answered") ||
		how.isCut() && c.has("cut-not-answered")
}

// toCancel returns the requests to cancel at the end of the peer's stream: without a fault,
// all that are pending. The caller holds c.mu.
func (c *connection) toCancel(how ending) []*localRequest {
	nested := func(req *localRequest) bool { return req.nested }
	switch {
	case len(c.pending) == 0:
		return nil
	case how == byEOF && c.has("eof-cancels-none"),
		how == byEndOfOctets && c.has("end-of-octets-cancels-none"),
		how == byMalformedEOF && c.has("meo-cancels-none"),
		how == byMalformedPacket && c.has("malformed-cancels-none"),
		how.isCut() && c.has("cut-cancels-none"),
		c.shutdowns.Load() > 0 && c.has("end-after-shutdown-cancels-none"):
		return nil
	case len(c.pending) > 1 && c.has("end-cancels-first"):
		return c.pending[:1]
	case len(c.pending) > 1 && c.has("end-cancels-last"):
		return c.pending[len(c.pending)-1:]
	case slices.ContainsFunc(c.pending, nested) && c.has("end-cancels-none-of-handlers"):
		return slices.DeleteFunc(slices.Clone(c.pending), nested)
	}
	return c.pending
}

// cancel cancels pending requests. The caller holds c.mu.
func (c *connection) cancel(requests []*localRequest) {
	for _, req := range slices.Clone(requests) { // finish changes c.pending
		req.finish()
		c.cancellations++
	}
}

// reportedEnd returns what Join reports as the end. The caller holds c.mu.
func (c *connection) reportedEnd() string {
	how := c.endedBy
	switch {
	case c.ended == "":
		return ""
	case how != byEOF && c.endedAfterShutdown && c.has("end-after-shutdown-told-as-eof"),
		how != byEOF && c.has("end-always-told-as-eof"),
		how == byEndOfOctets && c.has("end-of-octets-told-as-eof"),
		how == byMalformedEOF && c.has("meo-told-as-eof"),
		how == byMalformedPacket && c.has("malformed-told-as-eof"),
		how.isCut() && c.has("cut-told-as-eof"):
		return adapter.EndedEOF
	case how == byEOF && c.has("eof-told-as-cut"),
		how == byMalformedPacket && c.has("malformed-told-as-cut"):
		return adapter.EndedCut
	case how == byCut && c.has("cut-told-as-malformed"):
		return adapter.EndedMalformed
	}
	return c.ended
}

// name returns the ending in the words of the adapter protocol.
func (e ending) name() string {
	switch e {
	case byEOF:
		return adapter.EndedEOF
	case byMalformedEOF, byMalformedPacket:
		return adapter.EndedMalformed
	}
	return adapter.EndedCut
}

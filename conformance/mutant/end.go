package mutant

import (
	"errors"
	"slices"

	"github.com/packetspec/packetspec/conformance/adapter"
)

// An ending is how the peer's stream ended.
type ending int

const (
	byEOF ending = iota
	byMalformedEOF
	byMalformedPacket
	byCut         // the octets stopped inside a packet
	byCutInLength // the same, inside its length
	byEndOfOctets
)

// shortestEOF is the length of the EOF packet in its shortest form.
const shortestEOF = 4

// endingBy is how a stream ended from which no packet could be read.
func endingBy(err error) ending {
	switch {
	case errors.Is(err, errMalformed):
		return byMalformedPacket
	case errors.Is(err, errCutInLength):
		return byCutInLength
	case errors.Is(err, errCut):
		return byCut
	}
	return byEndOfOctets
}

// ends tells whether a packet of so many octets ends the peer's stream, and how.
func (c *connection) ends(p packet, octets int) (how ending, ends bool) {
	switch {
	case !p.isRequest:
		return byEOF, c.has("eof-ignores-kind") && p.tag.Sign()+p.flags.Sign()+p.channel.Sign()+len(p.payload) == 0
	case p.rqType.Sign() != 0:
		return 0, false
	case p.channel.Sign() != 0 && c.has("eof-on-any-channel"):
		return byEOF, p.tag.Sign() == 0 && p.flags.Sign() == 0 && len(p.payload) == 0
	case p.channel.Sign() != 0:
		return byMalformedEOF, c.has("meo-on-any-channel")
	case p.tag.Sign() == 0 && p.flags.Sign() == 0 && len(p.payload) == 0:
		shortest := octets == shortestEOF
		if c.has("eof-overlong-malformed") && !shortest {
			return byMalformedEOF, true
		}
		return byEOF, shortest || !c.has("eof-by-octets")
	}
	return byMalformedEOF, !c.passesOver(p)
}

// passesOver reports whether a fault lets a malformed EOF packet be.
func (c *connection) passesOver(p packet) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.has("meo-is-a-request") || c.has("meo-ignored") ||
		c.has("meo-with-tag-ignored") && p.tag.Sign() != 0 ||
		c.has("meo-with-flags-ignored") && p.flags.Sign() != 0 ||
		c.has("meo-with-payload-ignored") && len(p.payload) > 0 ||
		c.has("meo-is-erq") && p.tag.Cmp(one) == 0 && p.flags.Sign() == 0 && len(p.payload) == 0 ||
		c.has("meo-dropped-after-shutdown") && c.draining
}

// overlooks reports whether a fault makes nothing of how the stream ended.
func (c *connection) overlooks(how ending) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch how {
	case byEOF:
		return c.has("eof-overlooked-after-shutdown") && c.draining
	case byEndOfOctets:
		return c.has("end-of-octets-overlooked")
	case byMalformedPacket:
		return c.has("malformed-overlooked")
	case byCutInLength:
		return c.has("cut-overlooked") || c.has("cut-in-length-overlooked")
	case byCut:
		return c.has("cut-overlooked")
	}
	return false
}

// end is the end of the peer's stream: pending requests are cancelled, and the
// connection shuts itself down. c.mu is held.
func (c *connection) end(how ending) {
	if c.ended != "" {
		return
	}
	c.ended = c.nameOf(how)
	if c.has("end-after-shutdown-told-as-eof") && c.shutdowns > 0 {
		c.ended = adapter.EndedEOF
	}
	if !c.staysOpen(how) {
		c.drain()
	}
	switch {
	case c.has("end-drops-queue"):
		c.queue = nil
	case c.has("end-drops-answers"), c.has("malformed-drops-answers") && how == byMalformedPacket:
		c.working = nil
	}
	c.cancel(c.cancelledBy(how))
}

// drain begins the end of the local stream. c.mu is held.
func (c *connection) drain() {
	if c.has("eof-before-answers") && !c.draining {
		c.queue = append(c.queue, eof)
	}
	c.draining = true
}

// staysOpen reports whether a fault leaves the local stream open then.
func (c *connection) staysOpen(how ending) bool {
	return c.has("end-not-answered") ||
		c.has("end-of-octets-not-answered") && how == byEndOfOctets ||
		c.has("malformed-not-answered") && how == byMalformedPacket ||
		c.has("cut-not-answered") && (how == byCut || how == byCutInLength)
}

// cancelledBy is the requests that the end of the peer's stream cancels: all that are
// pending. c.mu is held.
func (c *connection) cancelledBy(how ending) []*call {
	cut := how == byCut || how == byCutInLength
	switch {
	case c.has("eof-cancels-none") && how == byEOF,
		c.has("end-of-octets-cancels-none") && how == byEndOfOctets,
		c.has("meo-cancels-none") && how == byMalformedEOF,
		c.has("malformed-cancels-none") && how == byMalformedPacket,
		c.has("cut-cancels-none") && cut,
		c.has("end-after-shutdown-cancels-none") && c.shutdowns > 0:
		return nil
	case c.has("end-cancels-first"):
		return c.pending[:min(1, len(c.pending))]
	case c.has("end-cancels-last"):
		return c.pending[max(0, len(c.pending)-1):]
	case c.has("end-cancels-none-of-handlers"):
		return slices.DeleteFunc(slices.Clone(c.pending), func(k *call) bool { return k.nested })
	}
	return c.pending
}

// cancel cancels pending requests. c.mu is held.
func (c *connection) cancel(requests []*call) {
	for _, k := range slices.Clone(requests) {
		k.settle()
		c.cancelled++
	}
}

// nameOf is how join tells of the end.
func (m mutation) nameOf(how ending) string {
	switch {
	case m.has("end-always-told-as-eof"):
		return adapter.EndedEOF
	case m.has("eof-told-as-cut") && how == byEOF:
		return adapter.EndedCut
	case m.has("end-of-octets-told-as-eof") && how == byEndOfOctets:
		return adapter.EndedEOF
	case m.has("meo-told-as-eof") && how == byMalformedEOF:
		return adapter.EndedEOF
	case m.has("malformed-told-as-eof") && how == byMalformedPacket:
		return adapter.EndedEOF
	case m.has("malformed-told-as-cut") && how == byMalformedPacket:
		return adapter.EndedCut
	case m.has("cut-told-as-eof") && (how == byCut || how == byCutInLength):
		return adapter.EndedEOF
	case m.has("cut-told-as-malformed") && how == byCut:
		return adapter.EndedMalformed
	}
	switch how {
	case byEOF:
		return adapter.EndedEOF
	case byMalformedEOF, byMalformedPacket:
		return adapter.EndedMalformed
	}
	return adapter.EndedCut
}

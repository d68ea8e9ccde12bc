package steps

import (
	"errors"
	"fmt"
	"slices"

	"github.com/packetspec/packetspec/conformance/peer"
)

// connection is one connection under test, seen from the peer's end.
type connection struct {
	name     string
	peer     *peer.Peer
	requests peerRequests               // of the peer
	sent     map[string]*subjectRequest // of the subject, by their names in the feature
	backlog  []peer.Received            // packets of the subject that no step has required yet
	sawERQ   bool                       // ERQ has been read; stays false in the 2021 dialect
	sawEOF   bool                       // EOF has been read
	closed   bool                       // by a step

	refuses bool              // the peer refuses what the subject requests, and no step reads that
	asks    int               // how many requests [World.ask] has returned
	asked   map[requestID]Ask // the last one of each
	own     []peer.Packet     // requests of the subject that the peer has refused
	clash   string            // two of them in flight with one tag; empty: none
	owed    []byte            // refusals that the peer has not sent yet
}

// nextPacket returns the subject's next packet, from the backlog or from the wire.
func (w *World) nextPacket(expected string) (peer.Received, error) {
	c := w.current
	if len(c.backlog) > 0 {
		r := c.backlog[0]
		c.backlog = c.backlog[1:]
		return r, nil
	}
	r, err := w.readPacket(expected)
	if err == nil {
		w.watch.served()
	}
	return r, err
}

// readPacket waits for the subject's next packet on the wire. It fails if the packet comes
// after EOF, or is a response to no request of the peer. If the peer refuses what the subject requests,
// readPacket does that, and returns what comes after it.
func (w *World) readPacket(expected string) (peer.Received, error) {
	c := w.current
	r, err := c.peer.Next(w.Ctx)
	for err == nil && c.refuses && !c.sawEOF && w.isRequest(r.Packet) && !endsStream(r.Packet) {
		if err = w.refuse(r); err != nil {
			return r, err
		}
		r, err = c.peer.Next(w.Ctx)
	}
	switch {
	case err != nil:
		return r, w.waitFailure(expected, c.describeUnread(), err)
	case c.sawEOF:
		return r, failf("no octets after EOF", "%s", describe(r.Octets))
	case !r.IsRequest && !c.requests.answer(r.Packet):
		return r, failf(expected, "%s, which answers no request that the peer has sent", describe(r.Octets))
	}
	c.sawEOF = r.Same(peer.EOF)
	c.sawERQ = c.sawERQ || w.HasERQ && r.Same(peer.ERQ)
	if c.sawEOF {
		err = w.endedItself()
	}
	return r, err
}

// findPacket returns the subject's first packet for which wanted is true, from the backlog or
// from the wire. Packets that come before it join the backlog, for later steps.
func (w *World) findPacket(expected string, wanted func(peer.Packet) bool) (peer.Received, error) {
	c := w.current
	if i := slices.IndexFunc(c.backlog, func(r peer.Received) bool { return wanted(r.Packet) }); i >= 0 {
		r := c.backlog[i]
		c.backlog = slices.Delete(c.backlog, i, i+1)
		return r, nil
	}
	for {
		r, err := w.readPacket(expected)
		if err != nil {
			var f *Failure
			if errors.As(err, &f) && len(c.backlog) > 0 {
				f.Actual = c.describeBacklog() + ", then " + f.Actual
			}
			return r, err
		}
		if wanted(r.Packet) {
			w.watch.served()
			return r, nil
		}
		if err := c.addToBacklog(r, expected); err != nil {
			return r, err
		}
		if c.sawEOF {
			return r, failf(expected, "%s, and no packet after it", c.describeBacklog())
		}
	}
}

// maxBacklog bounds the packets that a connection keeps for later steps, so that a subject
// that sends without end does not use up the memory. No scenario needs nearly as many.
const maxBacklog = 1 << 16

// addToBacklog keeps a packet that a later step may require.
func (c *connection) addToBacklog(r peer.Received, expected string) error {
	c.backlog = append(c.backlog, r)
	if len(c.backlog) <= maxBacklog {
		return nil
	}
	return failf(expected, "%d packets that no step requires: %s", len(c.backlog), c.describeBacklog())
}

// describeUnread describes the beginning of a packet whose rest has not come.
func (c *connection) describeUnread() string {
	octets, _ := c.peer.Unread()
	if len(octets) == 0 {
		return ""
	}
	if whole := peer.Declared(octets); whole != nil && whole.IsInt64() {
		return fmt.Sprintf("%d of the %d octets of a packet (%s)", len(octets), whole, peer.ShowHex(octets))
	}
	return fmt.Sprintf("the beginning of a packet (%s)", peer.ShowHex(octets))
}

// describeBacklog describes the packets that no step has required.
func (c *connection) describeBacklog() string {
	var octets []byte
	for _, r := range c.backlog {
		octets = append(octets, r.Octets...)
	}
	return describe(octets)
}

// peerRequests counts the requests of the peer that the subject has yet to answer, by reading
// the octets that the peer writes. With it, a wrong response fails when it comes. Without
// it, the scenario would wait for the right one until its time is over.
type peerRequests struct {
	hasERQ     bool   // the dialect has ERQ, which does not end the stream
	unread     []byte // the beginning of a packet
	ended      bool   // for the subject, the peer's stream has ended: it ignores what follows
	unanswered map[requestID]int
}

// requestID holds the fields of a request that its response repeats.
type requestID struct{ channel, tag string }

func requestIDOf(p peer.Packet) requestID { return requestID{p.Channel.String(), p.Tag.String()} }

// add reads octets that the peer writes.
func (q *peerRequests) add(octets []byte) {
	if q.ended {
		return
	}
	q.unread = append(q.unread, octets...)
	for len(q.unread) > 0 {
		p, n, err := peer.Decode(q.unread)
		if n == 0 {
			return
		}
		q.unread = q.unread[n:]
		switch {
		case q.hasERQ && p.Same(peer.ERQ):
		case err != nil, endsStream(p):
			q.ended = true
			return
		case p.IsRequest:
			if q.unanswered == nil {
				q.unanswered = map[requestID]int{}
			}
			q.unanswered[requestIDOf(p)]++
		}
	}
}

// endsStream reports whether p is EOF or a malformed EOF.
func endsStream(p peer.Packet) bool {
	return p.IsRequest && p.Channel.Sign() == 0 && p.Type.Sign() == 0
}

// answer reports whether the response p answers a request, and counts that request as answered.
func (q *peerRequests) answer(p peer.Packet) bool {
	id := requestIDOf(p)
	if q.unanswered[id] == 0 {
		return false
	}
	q.unanswered[id]--
	return true
}

// areOpen reports whether a request has no answer yet.
func (q *peerRequests) areOpen() bool {
	for _, n := range q.unanswered {
		if n > 0 {
			return true
		}
	}
	return false
}

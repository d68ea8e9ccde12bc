package steps

import (
	"errors"
	"slices"

	"github.com/packetspec/packetspec/conformance/peer"
)

// connection is one connection under test, seen from the peer's end.
type connection struct {
	name     string
	peer     *peer.Peer
	backlog  []peer.Received // taken off the wire, but not yet asked for by a step
	sent     map[string]*subjectRequest
	requests peerRequests
	sawERQ   bool // the subject's ERQ packet was taken off the wire, in the later dialect
	sawEOF   bool // its EOF packet was
	closed   bool // by a step
}

// nextPacket takes the subject's next packet.
func (w *World) nextPacket(expected string) (peer.Received, error) {
	c := w.current
	if len(c.backlog) > 0 {
		r := c.backlog[0]
		c.backlog = c.backlog[1:]
		return r, nil
	}
	return w.readPacket(expected)
}

// readPacket takes the subject's next packet off the wire. After EOF there is to be none, and
// each response is to answer a request.
func (w *World) readPacket(expected string) (peer.Received, error) {
	c := w.current
	r, err := c.peer.Next(w.Ctx)
	switch {
	case err != nil:
		return r, w.waitFailure(expected, err)
	case c.sawEOF:
		return r, failf("no octets after EOF", "%s", describe(r.Octets))
	case !r.IsRequest && !c.requests.answer(r.Packet):
		return r, failf(expected, "%s, which answers no request that the peer has open", describe(r.Octets))
	}
	c.sawEOF = r.Same(peer.EOF)
	c.sawERQ = c.sawERQ || w.HasERQ && r.Same(peer.ERQ)
	return r, nil
}

// findPacket takes the subject's first packet, of those that have come or are to come,
// for which wanted is true; the others stay for later steps.
func (w *World) findPacket(expected string, wanted func(peer.Packet) bool) (peer.Received, error) {
	c := w.current
	for i, r := range c.backlog {
		if wanted(r.Packet) {
			c.backlog = slices.Delete(c.backlog, i, i+1)
			return r, nil
		}
	}
	for {
		r, err := w.readPacket(expected)
		if err != nil {
			var f *Failure
			if errors.As(err, &f) && len(c.backlog) > 0 {
				f.Actual = "in its place " + c.describeBacklog() + ", then " + f.Actual
			}
			return r, err
		}
		if wanted(r.Packet) {
			return r, nil
		}
		if err := c.addToBacklog(r, expected); err != nil {
			return r, err
		}
		if c.sawEOF {
			return r, failf(expected, "in its place %s, the last packet", c.describeBacklog())
		}
	}
}

// maxBacklog is how many packets nobody has asked for a connection keeps: no scenario lets
// nearly as many come, and a subject that sends for ever must not use up the memory.
const maxBacklog = 1 << 16

// addToBacklog puts a packet aside that a later step may ask for.
func (c *connection) addToBacklog(r peer.Received, expected string) error {
	c.backlog = append(c.backlog, r)
	if len(c.backlog) <= maxBacklog {
		return nil
	}
	return failf(expected, "in its place %d packets that no step has asked for: %s", len(c.backlog), c.describeBacklog())
}

// describeBacklog tells of the packets that no step has asked for.
func (c *connection) describeBacklog() string {
	var octets []byte
	for _, r := range c.backlog {
		octets = append(octets, r.Octets...)
	}
	return describe(octets)
}

// peerRequests is what the peer has asked of the subject on one connection, read off the
// octets that it wrote. With it a response that answers nothing shows when it comes,
// not by the time that passes without the right one.
type peerRequests struct {
	later  bool   // the subject's dialect is the later one
	unread []byte // of what the peer wrote: the beginning of a packet
	over   bool   // the peer's stream has ended for the subject: what follows is ignored
	open   map[requestID]int
}

// requestID is what a response names of its request.
type requestID struct{ channel, tag string }

func requestIDOf(p peer.Packet) requestID { return requestID{p.Channel.String(), p.Tag.String()} }

// add takes in octets of the peer's.
func (a *peerRequests) add(octets []byte) {
	if a.over {
		return
	}
	a.unread = append(a.unread, octets...)
	for len(a.unread) > 0 {
		p, n, err := peer.Decode(a.unread)
		if n == 0 {
			return
		}
		a.unread = a.unread[n:]
		switch {
		case a.later && p.Same(peer.ERQ):
		case err != nil, endsPeerStream(p):
			a.over = true
			return
		case p.IsRequest:
			if a.open == nil {
				a.open = map[requestID]int{}
			}
			a.open[requestIDOf(p)]++
		}
	}
}

// endsPeerStream reports whether p is EOF or a malformed one.
func endsPeerStream(p peer.Packet) bool {
	return p.IsRequest && p.Channel.Sign() == 0 && p.Type.Sign() == 0
}

// answer reports whether the response p answers a request, which it does once.
func (a *peerRequests) answer(p peer.Packet) bool {
	of := requestIDOf(p)
	if a.open[of] == 0 {
		return false
	}
	a.open[of]--
	return true
}

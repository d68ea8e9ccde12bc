package steps

import "github.com/packetspec/packetspec/conformance/peer"

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

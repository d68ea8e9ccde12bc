package mutant

import "math/big"

// A packet is a packet of the protocol. Its integers are never nil, and never changed
// in place.
type packet struct {
	isRequest                   bool
	channel, tag, flags, rqType *big.Int // rqType: the wire's; 0 for a response
	payload                     []byte
	tagOctets                   int  // of its tag as it was read
	writesChannel0              bool // it was read with has_channel, but channel 0
}

var (
	zero = new(big.Int)
	one  = big.NewInt(1)
)

// eof is the packet that ends a stream.
var eof = packet{isRequest: true, channel: zero, tag: zero, flags: zero, rqType: zero}

// An address is what a request and its response have in common.
type address struct{ channel, tag string }

func (p packet) address() address { return address{p.channel.String(), p.tag.String()} }

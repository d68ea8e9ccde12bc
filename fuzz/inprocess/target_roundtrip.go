package inprocess

import (
	"context"
	"encoding/binary"
	"time"

	"github.com/packetspec/packetspec/reference"
)

// RoundTrip takes data as the fields of a packet: any, those included that cannot be
// on the wire, which Decode never meets. What is written is what the oracle writes, and
// reads as the same packet; what is out of range is refused.
func RoundTrip(data []byte) error { return referenceCodec().roundTripTarget(data, patience) }

func (c codec) roundTripTarget(data []byte, limit time.Duration) error {
	return guarded(limit, func(context.Context) error {
		p := unpackFields(cut(data))
		if err := c.roundTrip(p); err != nil {
			return err
		}
		return c.equalMeansSameOctets(p, p)
	})
}

// unpackFields makes a packet of any input, and any packet of some input: an octet
// whose lowest bit is IsRequest; channel, tag, flags and type, each an octet that says
// how many follow (modulo 9) and then those, big-endian; the payload. What is missing
// is zero.
func unpackFields(b []byte) (p reference.Packet) {
	take := func(n int) (octets []byte) {
		n = min(n, len(b))
		octets, b = b[:n], b[n:]
		return octets
	}
	integer := func() (v uint64) {
		for _, width := range take(1) {
			for _, octet := range take(int(width % 9)) {
				v = v<<8 | uint64(octet)
			}
		}
		return v
	}
	for _, kind := range take(1) {
		p.IsRequest = kind&1 == 1
	}
	p.Channel, p.Tag, p.Flags, p.Type = integer(), integer(), integer(), integer()
	p.Payload = b
	return p
}

// packFields is an input of which unpackFields makes p.
func packFields(p reference.Packet) (b []byte) {
	if b = []byte{0}; p.IsRequest {
		b[0] = 1
	}
	for _, v := range []uint64{p.Channel, p.Tag, p.Flags, p.Type} {
		b = append(b, 8)
		b = binary.BigEndian.AppendUint64(b, v)
	}
	return append(b, p.Payload...)
}

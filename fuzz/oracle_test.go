package fuzz_test

import (
	"math/big"
	"slices"

	"github.com/packetspec/packetspec/reference"
)

// The oracle is the wire format, written down a second time from the text of the
// protocol: integers have no bound, octets are copied, no care is taken for speed,
// and nothing is shared with the reference, so that both being wrong alike would
// take the same mistake made twice. oracle_vectors_test.go holds it to what the
// original was observed to do.

// An oraclePacket has every field that can be on the wire; a response has rqType 0.
type oraclePacket struct {
	isRequest                   bool
	channel, tag, flags, rqType *big.Int
	payload                     []byte
}

// A wireForm is one of the many encodings of a packet: how many octets 80 each of its
// integers begins with, and whether has_channel is set for channel 0 as well. The zero
// form is the shortest, which is the only one that writers emit.
type wireForm struct {
	Length, Tag, Flags, Channel, Type int
	ChannelZero                       bool
}

// A reading is what the oracle makes of octets.
type reading struct {
	verdict  verdict
	packet   oraclePacket // if whole
	consumed int          // if whole
	beyond   bool         // an integer, or what is there of it, is more than the reference represents
}

type verdict string

const (
	whole      verdict = "a whole packet"
	incomplete verdict = "incomplete"
	malformed  verdict = "malformed"
)

var (
	two61 = new(big.Int).Lsh(big.NewInt(1), 61)
	two64 = new(big.Int).Lsh(big.NewInt(1), 64)
)

func oracleOf(p reference.Packet) oraclePacket {
	o := oraclePacket{
		isRequest: p.IsRequest,
		channel:   new(big.Int).SetUint64(p.Channel),
		tag:       new(big.Int).SetUint64(p.Tag),
		flags:     new(big.Int).SetUint64(p.Flags),
		rqType:    new(big.Int),
		payload:   p.Payload,
	}
	if p.IsRequest {
		o.rqType.SetUint64(p.Type)
	}
	return o
}

// reference is the packet in the reference's type; it must not be beyond that.
func (p oraclePacket) reference() reference.Packet {
	return reference.Packet{
		IsRequest: p.isRequest, Channel: p.channel.Uint64(), Tag: p.tag.Uint64(),
		Flags: p.flags.Uint64(), Type: p.rqType.Uint64(), Payload: p.payload,
	}
}

// beyond reports whether a field is more than the 61 bits that the reference allows.
func (p oraclePacket) beyond() bool {
	return slices.ContainsFunc([]*big.Int{p.channel, p.tag, p.flags, p.rqType}, func(v *big.Int) bool {
		return v.Cmp(two61) >= 0
	})
}

func (p oraclePacket) encode(form wireForm) []byte {
	flags := new(big.Int).Mul(p.flags, big.NewInt(4))
	if p.isRequest {
		flags.Add(flags, big.NewInt(2))
	}
	hasChannel := p.channel.Sign() != 0 || form.ChannelZero
	if hasChannel {
		flags.Add(flags, big.NewInt(1))
	}
	body := encodeInteger(p.tag, form.Tag)
	body = append(body, encodeInteger(flags, form.Flags)...)
	if hasChannel {
		body = append(body, encodeInteger(p.channel, form.Channel)...)
	}
	if p.isRequest {
		body = append(body, encodeInteger(p.rqType, form.Type)...)
	}
	body = append(body, p.payload...)
	return append(encodeInteger(big.NewInt(int64(len(body))), form.Length), body...)
}

// encodeInteger is v in base 128, the least digit found first and written last.
func encodeInteger(v *big.Int, padding int) []byte {
	base, digit := big.NewInt(128), new(big.Int)
	v, digit = new(big.Int).DivMod(v, base, digit)
	octets := []byte{byte(digit.Uint64())}
	for v.Sign() > 0 {
		v.DivMod(v, base, digit)
		octets = slices.Insert(octets, 0, 0x80+byte(digit.Uint64()))
	}
	return append(slices.Repeat([]byte{0x80}, padding), octets...)
}

func oracleRead(b []byte) reading {
	length, rest, ended := decodeInteger(b)
	if !ended || length.Cmp(big.NewInt(int64(len(rest)))) > 0 {
		return reading{verdict: incomplete, beyond: length.Cmp(two64) >= 0}
	}
	n := int(length.Int64())
	body, short := rest[:n], false
	field := func() (v *big.Int) {
		v, body, ended = decodeInteger(body)
		short = short || !ended
		return v
	}
	p := oraclePacket{channel: new(big.Int), rqType: new(big.Int)}
	p.tag = field()
	flags := field()
	p.flags = new(big.Int).Div(flags, big.NewInt(4))
	p.isRequest = flags.Bit(1) == 1
	if flags.Bit(0) == 1 {
		p.channel = field()
	}
	if p.isRequest {
		p.rqType = field()
	}
	p.payload = slices.Clone(body)
	if short {
		return reading{verdict: malformed, beyond: p.beyond()}
	}
	return reading{verdict: whole, packet: p, consumed: len(b) - len(rest) + n, beyond: p.beyond()}
}

// decodeInteger reads one integer from the start of b. If b ends before it does, v is
// what was there of it.
func decodeInteger(b []byte) (v *big.Int, rest []byte, ended bool) {
	v = new(big.Int)
	for i, octet := range b {
		v.Mul(v, big.NewInt(128))
		v.Add(v, big.NewInt(int64(octet%128)))
		if octet < 128 {
			return v, b[i+1:], true
		}
	}
	return v, nil, false
}

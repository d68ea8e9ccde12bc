package inprocess

import (
	"math/big"
	"math/bits"
	"slices"

	"github.com/packetspec/packetspec/reference"
)

// The oracle is the wire format, written down a second time from the text of the
// protocol: integers have no bound, one is made of digits by multiplying and
// adding, and nothing is shared with the reference, so that both being wrong alike
// would take the same mistake made twice. oracle_vectors_test.go holds it to what the
// original was observed to do.

// An oraclePacket has every field that can be on the wire; a response has rqType 0.
type oraclePacket struct {
	isRequest                   bool
	channel, tag, flags, rqType natural
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
	packet   oraclePacket // if whole; its payload shares memory with what was read
	consumed int          // if whole
	length   natural      // the declared one, or what is there of it
	beyond   bool         // an integer, or what is there of it, is more than the reference represents
}

type verdict string

const (
	whole      verdict = "a whole packet"
	incomplete verdict = "incomplete"
	malformed  verdict = "malformed"
)

const maxUint64 = 1<<64 - 1

func oracleOf(p reference.Packet) oraclePacket {
	o := oraclePacket{
		isRequest: p.IsRequest, channel: nat(p.Channel), tag: nat(p.Tag), flags: nat(p.Flags),
		payload: p.Payload,
	}
	if p.IsRequest {
		o.rqType = nat(p.Type)
	}
	return o
}

// reference is the packet in the reference's type; it must not be beyond that.
func (p oraclePacket) reference() reference.Packet {
	return reference.Packet{
		IsRequest: p.isRequest, Channel: p.channel.small, Tag: p.tag.small,
		Flags: p.flags.small, Type: p.rqType.small, Payload: p.payload,
	}
}

// beyond reports whether a field is more than the 61 bits that the reference allows.
func (p oraclePacket) beyond() bool {
	return p.channel.over(reference.MaxInteger) || p.tag.over(reference.MaxInteger) ||
		p.flags.over(reference.MaxInteger) || p.rqType.over(reference.MaxInteger)
}

// beyondOracle reports whether a field may be more than [decodeInteger] says.
func (p oraclePacket) beyondOracle() bool {
	most := max(p.channel.bits(), p.tag.bits(), p.flags.bits()+2, p.rqType.bits())
	return most > exactBits
}

// exactBits is how many bits of an integer the oracle computes, and some more: beyond that
// nobody tells one integer from another, and to compute each would take for ever.
const exactBits = 1000

func (p oraclePacket) encode(form wireForm) []byte {
	word := uint64(0)
	if p.isRequest {
		word += 2
	}
	hasChannel := !p.channel.isZero() || form.ChannelZero
	if hasChannel {
		word++
	}
	body := make([]byte, 0, 64+len(p.payload))
	body = appendInteger(body, p.tag, form.Tag)
	body = appendInteger(body, p.flags.timesPlus(4, word), form.Flags)
	if hasChannel {
		body = appendInteger(body, p.channel, form.Channel)
	}
	if p.isRequest {
		body = appendInteger(body, p.rqType, form.Type)
	}
	body = append(body, p.payload...)
	octets := make([]byte, 0, 20+len(body))
	return append(appendInteger(octets, nat(uint64(len(body))), form.Length), body...)
}

// appendInteger is v in base 128, the least digit found first and written last.
func appendInteger(b []byte, v natural, padding int) []byte {
	for range padding {
		b = append(b, 0x80)
	}
	first := len(b)
	v, digit := v.divide(128)
	b = append(b, byte(digit))
	for !v.isZero() {
		v, digit = v.divide(128)
		b = append(b, 0x80+byte(digit))
	}
	slices.Reverse(b[first:])
	return b
}

func oracleRead(b []byte) reading {
	length, rest, ended := decodeInteger(b)
	if !ended || length.over(uint64(len(rest))) {
		return reading{verdict: incomplete, length: length, beyond: length.over(maxUint64)}
	}
	body := rest[:length.small]
	short := false
	field := func() (v natural) {
		v, body, ended = decodeInteger(body)
		short = short || !ended
		return v
	}
	var p oraclePacket
	p.tag = field()
	var word uint64
	p.flags, word = field().divide(4)
	p.isRequest = word >= 2
	if word%2 == 1 {
		p.channel = field()
	}
	if p.isRequest {
		p.rqType = field()
	}
	p.payload = body
	r := reading{verdict: malformed, length: length, beyond: p.beyond()}
	if !short {
		r.verdict, r.packet, r.consumed = whole, p, len(b)-len(rest)+int(length.small)
	}
	return r
}

// decodeInteger reads one integer from the start of b. If b ends before it does, v is
// what was there of it. Of more than [exactBits] only the first digits count.
func decodeInteger(b []byte) (v natural, rest []byte, ended bool) {
	for i, octet := range b {
		if v.bits() <= exactBits {
			v = v.timesPlus(128, uint64(octet%128))
		}
		if octet < 128 {
			return v, b[i+1:], true
		}
	}
	return v, nil, false
}

// A natural is an integer from 0 up, without bound. The protocol's are nearly always
// small, and the oracle reads many; only one of 2^64 or more is a big.Int.
type natural struct {
	small uint64
	large *big.Int // nil: small is the value
}

func nat(v uint64) natural { return natural{small: v} }

// natOf is v, which is not negative, in the one form it has.
func natOf(v *big.Int) natural {
	if v.IsUint64() {
		return nat(v.Uint64())
	}
	return natural{large: v}
}

func (n natural) big() *big.Int {
	if n.large != nil {
		return n.large
	}
	return new(big.Int).SetUint64(n.small)
}

// timesPlus is n * factor + term.
func (n natural) timesPlus(factor, term uint64) natural {
	if n.large == nil {
		high, low := bits.Mul64(n.small, factor)
		sum, carry := bits.Add64(low, term, 0)
		if high+carry == 0 {
			return nat(sum)
		}
	}
	v := new(big.Int).Mul(n.big(), new(big.Int).SetUint64(factor))
	return natOf(v.Add(v, new(big.Int).SetUint64(term)))
}

// divide is n / divisor and what remains.
func (n natural) divide(divisor uint64) (quotient natural, rest uint64) {
	if n.large == nil {
		return nat(n.small / divisor), n.small % divisor
	}
	q, r := new(big.Int).DivMod(n.large, new(big.Int).SetUint64(divisor), new(big.Int))
	return natOf(q), r.Uint64()
}

// bits is how many bits n has.
func (n natural) bits() int {
	if n.large != nil {
		return n.large.BitLen()
	}
	return bits.Len64(n.small)
}

func (n natural) isZero() bool { return n.large == nil && n.small == 0 }

// is reports whether n is v.
func (n natural) is(v uint64) bool { return n.large == nil && n.small == v }

// over reports whether n is more than v.
func (n natural) over(v uint64) bool { return n.large != nil || n.small > v }

func (n natural) String() string { return n.big().String() }

package peer

import (
	"bytes"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"unicode"
)

// A Packet is a packet with its fields as on the wire. Its integers have no bound, since
// those of the protocol have none; a nil integer is 0.
type Packet struct {
	IsRequest bool
	Channel   *big.Int
	Tag       *big.Int
	Flags     *big.Int // of a response with the ok bit
	Type      *big.Int // the wire type; requests only
	Payload   []byte
}

// errShort reports octets that end inside a packet.
var errShort = errors.New("the octets stop inside a packet")

// Decode reads the first packet of b, in any encoding, and returns it with the number of
// octets it took. If the body is too short for its fields, the error says so and n is
// still that number.
func Decode(b []byte) (p Packet, n int, err error) {
	header, n := frame(b)
	if n == 0 {
		return p, 0, errShort
	}
	p, err = DecodeBody(b[header:n])
	return p, n, err
}

// DecodeBody reads the body of a packet, which is what follows its length.
func DecodeBody(body []byte) (p Packet, err error) {
	octets := len(body)
	field := func() *big.Int {
		v, after, whole := cutInteger(body)
		if !whole {
			err = fmt.Errorf("malformed: a body of %d octets is too short for its fields", octets)
		}
		body = after
		return v
	}
	p.Tag = field()
	word := field()
	p.IsRequest = word.Bit(1) == 1
	p.Flags = new(big.Int).Rsh(word, 2)
	p.Channel = new(big.Int)
	if word.Bit(0) == 1 {
		p.Channel = field()
	}
	if p.IsRequest {
		p.Type = field()
	}
	p.Payload = body
	return p, err
}

// frame returns the number of octets of the first packet's length, in any encoding, and of
// the whole packet. Both are 0 if b ends inside the packet.
func frame(b []byte) (header, whole int) {
	length := 0
	for i, octet := range b {
		if length > len(b) { // also keeps length from overflowing
			break
		}
		length = length<<7 | int(octet&0x7f)
		if octet < 0x80 {
			header, whole = i+1, i+1+length
			break
		}
	}
	if whole > len(b) {
		return 0, 0
	}
	return header, whole
}

// Declared returns how many octets the first packet has by its length. It returns nil if b ends inside
// the length.
func Declared(b []byte) *big.Int {
	length, rest, ok := cutInteger(b)
	if !ok {
		return nil
	}
	return length.Add(length, big.NewInt(int64(len(b)-len(rest))))
}

// cutInteger reads a BSUInt from the front of b and returns the octets after it. Its time
// is linear in the length of the integer: a subject may send one of a million octets, and
// shifting a big.Int for each would be quadratic.
func cutInteger(b []byte) (v *big.Int, rest []byte, ok bool) {
	last := slices.IndexFunc(b, func(octet byte) bool { return octet < 0x80 })
	if last < 0 {
		return new(big.Int), nil, false
	}
	octets := make([]byte, last+1) // 7 bits of each octet need no more than 8 of the result
	at, waiting, bits := len(octets), 0, 0
	for i := last; i >= 0; i-- {
		waiting |= int(b[i]&0x7f) << bits
		for bits += 7; bits >= 8; bits -= 8 {
			at--
			octets[at] = byte(waiting)
			waiting >>= 8
		}
	}
	octets[at-1] = byte(waiting)
	return new(big.Int).SetBytes(octets), b[last+1:], true
}

// Encode returns the octets of p in their shortest form.
func (p Packet) Encode() []byte { return p.encode(orZero(p.Channel).Sign() != 0, "") }

// EncodeOverlong returns the octets of p with a leading 80 on one integer: "length", "tag", "word",
// "channel" or "type".
func (p Packet) EncodeOverlong(integer string) []byte {
	return p.encode(orZero(p.Channel).Sign() != 0, integer)
}

// EncodeWithChannel returns the octets of p with its channel, even if that is 0.
func (p Packet) EncodeWithChannel() []byte { return p.encode(true, "") }

// encode returns the octets of p, with a leading 80 on the integer that overlong names.
func (p Packet) encode(hasChannel bool, overlong string) []byte {
	word := new(big.Int).Lsh(orZero(p.Flags), 2)
	if p.IsRequest {
		word.SetBit(word, 1, 1)
	}
	if hasChannel {
		word.SetBit(word, 0, 1)
	}
	integer := func(name string, v *big.Int) []byte {
		var octets []byte
		if name == overlong {
			octets = []byte{0x80}
		}
		return appendInteger(octets, orZero(v))
	}
	body := append(integer("tag", p.Tag), integer("word", word)...)
	if hasChannel {
		body = append(body, integer("channel", p.Channel)...)
	}
	if p.IsRequest {
		body = append(body, integer("type", p.Type)...)
	}
	body = append(body, p.Payload...)
	return append(integer("length", big.NewInt(int64(len(body)))), body...)
}

func appendInteger(b []byte, v *big.Int) []byte {
	groups := max(1, (v.BitLen()+6)/7)
	for i := groups - 1; i >= 0; i-- {
		octet := byte(new(big.Int).Rsh(v, uint(7*i)).Uint64() & 0x7f)
		if i > 0 {
			octet |= 0x80
		}
		b = append(b, octet)
	}
	return b
}

func orZero(v *big.Int) *big.Int {
	if v == nil {
		return new(big.Int)
	}
	return v
}

// Same reports whether p and q are equal as SPEC.md defines it. (EQ-1, EQ-2)
func (p Packet) Same(q Packet) bool {
	return p.IsRequest == q.IsRequest && equal(p.Channel, q.Channel) && equal(p.Tag, q.Tag) &&
		equal(p.Flags, q.Flags) && (!p.IsRequest || equal(p.Type, q.Type)) && bytes.Equal(p.Payload, q.Payload)
}

func equal(v, w *big.Int) bool { return orZero(v).Cmp(orZero(w)) == 0 }

// EOF is the packet that ends a stream: 03 00 02 00.
var EOF = Packet{IsRequest: true}

// ERQ is the packet with which a peer of the later dialect ends its requests: 03 01 02 00.
var ERQ = Packet{IsRequest: true, Tag: big.NewInt(1)}

// OK returns the ok bit of a response.
func (p Packet) OK() bool { return orZero(p.Flags).Bit(0) == 1 }

// ReplyFlags returns the flags of a response without its ok bit: the handler's flags.
func (p Packet) ReplyFlags() *big.Int { return new(big.Int).Rsh(orZero(p.Flags), 1) }

// String returns the fields of p in the words of the features. It omits a channel, flags
// or a payload that is zero or empty:
//
//	EOF
//	request: tag 1, flags 0x5, wire type 3, payload "hi"
//	response: channel 5, tag 1, ok, flags 0x55, payload 00ff
func (p Packet) String() string {
	if p.Same(EOF) {
		return "EOF"
	}
	kind, verdict, flags, wireType := "response", ", failed", p.ReplyFlags(), ""
	switch {
	case p.IsRequest:
		kind, verdict, flags, wireType = "request", "", orZero(p.Flags), fmt.Sprintf(", wire type %d", orZero(p.Type))
	case p.OK():
		verdict = ", ok"
	}
	s := kind + ": "
	if orZero(p.Channel).Sign() != 0 {
		s += fmt.Sprintf("channel %d, ", p.Channel)
	}
	s += fmt.Sprintf("tag %d%s", orZero(p.Tag), verdict)
	if flags.Sign() != 0 {
		s += fmt.Sprintf(", flags %#x", flags)
	}
	s += wireType
	if len(p.Payload) > 0 {
		s += ", payload " + ShowPayload(p.Payload)
	}
	return s
}

// shownPayload is the number of payload octets that String shows, the last quarter of them from
// the end.
const shownPayload = 64

// ShowPayload returns a payload as String writes it: quoted if it is printable UTF-8, or else in hex.
// It shows both ends of a long payload.
func ShowPayload(b []byte) string {
	if len(b) > shownPayload {
		const last = shownPayload / 4
		return fmt.Sprintf("%s … %s (%d octets)", ShowPayload(b[:shownPayload-last]), ShowPayload(b[len(b)-last:]), len(b))
	}
	for _, r := range string(b) {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return fmt.Sprintf("%x", b)
		}
	}
	return strconv.Quote(string(b))
}

// A stream collects octets that arrive in pieces, and splits them into packets. Its zero
// value is empty and ready to use.
type stream struct {
	octets []byte
	marked int // octets at the front that are known to have the high bit set
}

func (s *stream) add(octets []byte) { s.octets = append(s.octets, octets...) }

// frame returns the number of octets of the first packet, or 0 if it is not whole yet. It
// inspects each octet of an overlong length once, not again with every piece: a subject
// that sends a million octets 80 one by one would otherwise cost quadratic time.
func (s *stream) frame() int {
	for s.marked < len(s.octets) && s.octets[s.marked] >= 0x80 {
		s.marked++
	}
	if s.marked == len(s.octets) {
		return 0
	}
	_, whole := frame(s.octets)
	return whole
}

func (s *stream) drop(n int) {
	s.octets = s.octets[n:]
	s.marked = 0
}

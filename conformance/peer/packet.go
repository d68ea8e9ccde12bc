package peer

import (
	"bytes"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// A Packet is a packet as the wire has it. Integers have no bound, as in the
// protocol; nil is 0.
type Packet struct {
	IsRequest bool
	Channel   *big.Int
	Tag       *big.Int
	Flags     *big.Int
	Type      *big.Int // the wire's; requests only
	Payload   []byte
}

// errShort reports octets that stop inside a packet.
var errShort = errors.New("the octets stop inside a packet")

// Decode reads the first packet of b, in any of its forms, and the octets it took.
func Decode(b []byte) (p Packet, n int, err error) {
	header, n := frame(b)
	if n == 0 {
		return p, 0, errShort
	}
	body := b[header:n]
	field := func() *big.Int {
		v, after, whole := cutInteger(body)
		if !whole {
			err = fmt.Errorf("malformed: a body of %d octets is too short for its fields", n-header)
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
	return p, n, err
}

// frame is how many octets the length of the first packet of b has, in any form, and the
// whole packet; 0: b ends before it does.
func frame(b []byte) (header, whole int) {
	length := 0
	for i, octet := range b {
		if length > len(b) {
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

// cutInteger reads a BSUInt from the front of b, in a time that its length bounds: a subject
// may send one of a million octets.
func cutInteger(b []byte) (v *big.Int, rest []byte, ok bool) {
	last := slices.IndexFunc(b, func(octet byte) bool { return octet < 0x80 })
	if last < 0 {
		return new(big.Int), nil, false
	}
	octets := make([]byte, last+1) // room enough: seven bits become at most as many eights
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

// Encode is the octets of p in their shortest form.
func (p Packet) Encode() []byte { return p.encode(orZero(p.Channel).Sign() != 0) }

// EncodeWithChannel is the octets of p with its channel written, be it 0.
func (p Packet) EncodeWithChannel() []byte { return p.encode(true) }

func (p Packet) encode(hasChannel bool) []byte {
	word := new(big.Int).Lsh(orZero(p.Flags), 2)
	if p.IsRequest {
		word.SetBit(word, 1, 1)
	}
	if hasChannel {
		word.SetBit(word, 0, 1)
	}
	body := appendInteger(nil, orZero(p.Tag))
	body = appendInteger(body, word)
	if hasChannel {
		body = appendInteger(body, orZero(p.Channel))
	}
	if p.IsRequest {
		body = appendInteger(body, orZero(p.Type))
	}
	body = append(body, p.Payload...)
	return append(appendInteger(nil, big.NewInt(int64(len(body)))), body...)
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

// Same reports whether p and q are the same packet.
func (p Packet) Same(q Packet) bool {
	return p.IsRequest == q.IsRequest && equal(p.Channel, q.Channel) && equal(p.Tag, q.Tag) &&
		equal(p.Flags, q.Flags) && (!p.IsRequest || equal(p.Type, q.Type)) && bytes.Equal(p.Payload, q.Payload)
}

func equal(v, w *big.Int) bool { return orZero(v).Cmp(orZero(w)) == 0 }

// EOF is the packet that ends a stream: 03 00 02 00.
var EOF = Packet{IsRequest: true}

// ERQ is the packet by which a peer of the later dialect says that it requests no
// more: 03 01 02 00.
var ERQ = Packet{IsRequest: true, Tag: big.NewInt(1)}

// OK is the ok bit of a response.
func (p Packet) OK() bool { return orZero(p.Flags).Bit(0) == 1 }

// ReplyFlags are the flags of a response without its ok bit: the handler's.
func (p Packet) ReplyFlags() *big.Int { return new(big.Int).Rsh(orZero(p.Flags), 1) }

// String names the fields of p that are not zero, in the words of the features:
//
//	EOF
//	request: tag 1, flags 0x5, wire type 3, payload "hi"
//	response: channel 5, tag 1, ok, flags 0x55, payload 00ff
func (p Packet) String() string {
	if p.Same(EOF) {
		return "EOF"
	}
	var s strings.Builder
	kind := "response"
	if p.IsRequest {
		kind = "request"
	}
	s.WriteString(kind + ": ")
	if orZero(p.Channel).Sign() != 0 {
		fmt.Fprintf(&s, "channel %d, ", p.Channel)
	}
	fmt.Fprintf(&s, "tag %d", orZero(p.Tag))
	flags := orZero(p.Flags)
	if !p.IsRequest {
		verdict := ", failed"
		if p.OK() {
			verdict = ", ok"
		}
		s.WriteString(verdict)
		flags = p.ReplyFlags()
	}
	if flags.Sign() != 0 {
		fmt.Fprintf(&s, ", flags %#x", flags)
	}
	if p.IsRequest {
		fmt.Fprintf(&s, ", wire type %d", orZero(p.Type))
	}
	if len(p.Payload) > 0 {
		s.WriteString(", payload " + payloadString(p.Payload))
	}
	return s.String()
}

// shownPayload is how many octets of a payload String shows.
const shownPayload = 64

func payloadString(b []byte) string {
	more := ""
	if len(b) > shownPayload {
		more = fmt.Sprintf("… (%d octets)", len(b))
		b = b[:shownPayload]
	}
	for _, r := range string(b) {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return fmt.Sprintf("%x", b) + more
		}
	}
	return strconv.Quote(string(b)) + more
}

// A stream is octets that come piece by piece, to be taken packet by packet.
type stream struct {
	octets []byte
	marked int // how many octets from the front on say that an integer goes on
}

func (s *stream) add(octets []byte) { s.octets = append(s.octets, octets...) }

// frame is how many octets the first packet has; 0: it is not whole yet. However its length
// is written, no octet of that is looked at again with each piece that comes.
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

// drop takes n octets off the front.
func (s *stream) drop(n int) {
	s.octets = s.octets[n:]
	s.marked = 0
}

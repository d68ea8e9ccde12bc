package relay

import (
	"fmt"
	"math"
	"slices"

	"github.com/packetspec/packetspec/conformance/peer"
)

// What a Splitter keeps of a packet, in octets. No integer that fits into 64 bits, written in its shortest form,
// makes a head longer than 40 octets.
const (
	keptHead    = 256
	keptPayload = 64 // what the text of a packet shows
)

// A Packet is a packet of a stream: its integers, and the beginning of its payload. It is valid until
// the call of the function that gets it returns.
type Packet struct {
	Offset     int64  // of its first octet in its stream
	Length     Number // of the body
	Tag        Number
	Word       Number // the flags, is_request and has_channel
	Channel    Number // without has_channel: 0, of no octets
	Type       Number // of a request, on the wire
	Head       []byte // the octets before the payload, or the first ones of many
	HeadOctets int64
	Payload    []byte // the octets of the payload, or the first ones of many
	Size       uint64 // how many octets the payload has
	// Malformed says that the body is too short for its fields. The fields that it lacks are 0.
	Malformed bool
}

// IsRequest reports whether the packet is a request.
func (p *Packet) IsRequest() bool { return p.Word.low&2 != 0 }

// HasChannel reports whether the packet has a channel on the wire, even if it is 0.
func (p *Packet) HasChannel() bool { return p.Word.low&1 != 0 }

// OK returns the ok bit of a response.
func (p *Packet) OK() bool { return p.Word.low&4 != 0 }

// Octets returns how many octets the packet takes.
func (p *Packet) Octets() uint64 { return uint64(p.HeadOctets) + p.Size }

// beyond reports whether an integer is 2^61 or more, which a reader may refuse. (INT-5)
func (p *Packet) beyond() bool {
	const most = 61
	return p.Tag.bits > most || p.Word.bits > most+2 || p.Channel.bits > most || p.Type.bits > most
}

// endsStream reports whether the packet is EOF or a malformed EOF packet.
func (p *Packet) endsStream() bool {
	return p.IsRequest() && !p.Malformed && p.Type.is(0) && p.Channel.is(0)
}

// isBare reports whether the packet is the one of those that end a stream or its requests that has a tag,
// no flags and no payload.
func (p *Packet) isBare(tag uint64) bool {
	return p.endsStream() && p.Tag.is(tag) && p.Word.bits <= 2 && p.Size == 0
}

// IsEOF reports whether the packet is EOF.
func (p *Packet) IsEOF() bool { return p.isBare(0) }

// IsERQ reports whether the packet is ERQ, which only the later dialect has.
func (p *Packet) IsERQ() bool { return p.isBare(1) }

// Decoded returns the packet with its integers, and the part of its payload that was kept. If more integers
// came than are kept, or the body was too short for them, ok is false.
func (p *Packet) Decoded() (d peer.Packet, ok bool) {
	if int64(len(p.Head)) < p.HeadOctets || p.Malformed {
		return d, false
	}
	body := slices.Concat(p.Head[p.Length.octets:], p.Payload)
	d, err := peer.DecodeBody(body)
	return d, err == nil
}

// String returns the packet in the words of the features.
func (p *Packet) String() string { return p.Text(true) }

// Clone returns a copy that stays valid.
func (p *Packet) Clone() *Packet {
	c := *p
	c.Head, c.Payload = slices.Clone(p.Head), slices.Clone(p.Payload)
	return &c
}

// Text returns the packet in the words of the features, with its payload or only the size of it.
func (p *Packet) Text(withPayload bool) string {
	switch {
	case p.Malformed:
		return fmt.Sprintf("malformed: a body of %d octets is too short for its fields", p.Length.low)
	case p.IsERQ():
		return "ERQ"
	}
	d, ok := p.Decoded()
	switch {
	case !ok:
		return fmt.Sprintf("a packet whose integers take %d octets", p.HeadOctets)
	case p.Size == 0, withPayload && uint64(len(d.Payload)) == p.Size:
		return d.String()
	}
	d.Payload = nil
	if !withPayload {
		return fmt.Sprintf("%v, %d octets of payload", d, p.Size)
	}
	return fmt.Sprintf("%v, payload %s … (%d octets)", d, peer.ShowPayload(p.Payload[:min(len(p.Payload), keptPayload*3/4)]), p.Size)
}

// A state is which part of a packet comes next.
type state int

const (
	inLength state = iota
	inTag
	inWord
	inChannel
	inType
	inPayload
)

// A Splitter decodes a stream that comes in pieces. Its memory is bounded: it keeps the beginning of one packet.
// Its zero value is ready to use.
type Splitter struct {
	KeepPayload int // how many octets of each payload to keep; 0: enough for its text

	offset  int64 // octets so far
	state   state
	left    uint64 // octets of the body that have not come
	packet  Packet
	head    []byte
	payload []byte
}

// Offset returns how many octets have come.
func (s *Splitter) Offset() int64 { return s.offset }

// Inside returns the packet that has not come as a whole, and whether there is one.
func (s *Splitter) Inside() (p *Packet, ok bool) {
	s.packet.Head, s.packet.Payload = s.head, s.payload
	return &s.packet, s.packet.HeadOctets > 0
}

// Missing returns how many octets of the packet that has begun are still to come, as far as its length says.
func (s *Splitter) Missing() (n uint64, known bool) { return s.left, s.state != inLength }

// Part says to what some octets of a stream belong.
type Part int

// The parts: a length and integers, or a payload.
const (
	PartHead Part = iota
	PartPayload
)

// Add takes the next octets. It calls packet for each packet that they complete, and if part is not nil, that
// for each run of octets of one part, before the packet that they complete.
func (s *Splitter) Add(octets []byte, packet func(*Packet), part func(Part, []byte)) {
	for len(octets) > 0 {
		n := s.run(octets)
		if part != nil {
			kind := PartHead
			if s.state == inPayload {
				kind = PartPayload
			}
			part(kind, octets[:n])
		}
		s.take(octets[:n])
		octets = octets[n:]
		if s.state != inLength && s.left == 0 {
			s.complete(packet)
		}
	}
}

// run returns how many of the octets are the next run: the rest of an integer, or the rest of the payload.
func (s *Splitter) run(octets []byte) int {
	if s.state == inPayload {
		return int(min(s.left, uint64(len(octets))))
	}
	most := len(octets)
	if s.state != inLength {
		most = int(min(s.left, uint64(most)))
	}
	for i, octet := range octets[:most] {
		if octet < 0x80 {
			return i + 1
		}
	}
	return most
}

// Skip takes as many octets of the payload as a recording has left out. It reports whether the packet has as many.
func (s *Splitter) Skip(n uint64, packet func(*Packet)) bool {
	if n == 0 || s.state != inPayload || n > s.left {
		return n == 0
	}
	s.offset += int64(n)
	s.left -= n
	if s.left == 0 {
		s.complete(packet)
	}
	return true
}

// take takes a run.
func (s *Splitter) take(octets []byte) {
	if s.packet.HeadOctets == 0 {
		s.packet.Offset = s.offset
	}
	s.offset += int64(len(octets))
	if s.state == inPayload {
		s.left -= uint64(len(octets))
		keep := s.KeepPayload
		if keep == 0 {
			keep = keptPayload
		}
		s.payload = append(s.payload, octets[:min(len(octets), max(0, keep-len(s.payload)))]...)
		return
	}
	s.packet.HeadOctets += int64(len(octets))
	s.head = append(s.head, octets[:min(len(octets), max(0, keptHead-len(s.head)))]...)
	number := s.number()
	for _, octet := range octets {
		number.add(octet)
	}
	if s.state != inLength {
		s.left -= uint64(len(octets))
	}
	if octets[len(octets)-1] < 0x80 {
		s.next()
	}
}

// number returns the integer that comes next.
func (s *Splitter) number() *Number {
	return [...]*Number{inLength: &s.packet.Length, inTag: &s.packet.Tag, inWord: &s.packet.Word, inChannel: &s.packet.Channel, inType: &s.packet.Type}[s.state]
}

// next goes on after a whole integer.
func (s *Splitter) next() {
	p := &s.packet
	switch {
	case s.state == inLength:
		if s.left = p.Length.low; p.Length.bits > 64 {
			s.left = math.MaxUint64 // more than can come
		}
		s.state = inTag
		return
	case s.state == inTag:
		s.state = inWord
		return
	case s.state == inWord && p.HasChannel():
		s.state = inChannel
	case s.state < inType && p.IsRequest():
		s.state = inType
	default:
		s.state = inPayload
		p.Size = s.left
	}
}

// complete passes on the packet whose last octet has come, and begins the next.
func (s *Splitter) complete(packet func(*Packet)) {
	p, _ := s.Inside()
	p.Malformed = s.state != inPayload
	if packet != nil {
		packet(p)
	}
	s.packet, s.state = Packet{}, inLength
	s.head, s.payload = s.head[:0], s.payload[:0]
	if cap(s.payload) > 1<<20 {
		s.payload = nil
	}
}

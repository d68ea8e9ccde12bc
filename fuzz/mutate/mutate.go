package mutate

import (
	"math/rand/v2"
	"slices"

	"github.com/packetspec/packetspec/fuzz/input"
)

// Mutate returns a variation of data, of at most limit octets. Parts of other may go into it.
func Mutate(chance *rand.Rand, data, other []byte, limit int) []byte {
	m := &mutation{chance: chance, frames: input.Frames(data), other: input.Frames(other)}
	for rounds := 1 + geometric(chance, 8); rounds > 0; rounds-- {
		m.once()
	}
	raw := input.Join(m.frames)
	return raw[:min(len(raw), limit)]
}

// geometric returns 0 half of the time, 1 half of the rest, and so on, up to limit.
func geometric(chance *rand.Rand, limit int) int {
	n := 0
	for n < limit && chance.IntN(2) == 0 {
		n++
	}
	return n
}

// A mutation changes one input.
type mutation struct {
	chance *rand.Rand
	frames []input.Frame
	other  []input.Frame
}

// once makes one change. If there is no packet to change, it inserts one.
func (m *mutation) once() {
	if len(m.frames) == 0 {
		m.insert()
		return
	}
	at := m.chance.IntN(len(m.frames))
	switch m.chance.IntN(32) {
	case 0, 1, 2, 3, 4, 5, 6, 7, 8:
		m.insert()
	case 9, 10:
		m.frames = slices.Delete(m.frames, at, at+1)
	case 11, 12:
		m.put(m.chance.IntN(len(m.frames)+1), m.frames[at])
	case 13:
		with := m.chance.IntN(len(m.frames))
		m.frames[at], m.frames[with] = m.frames[with], m.frames[at]
	case 14: // the end of the other input replaces everything from here on
		if len(m.other) > 0 {
			m.frames = slices.Concat(m.frames[:at], m.other[m.chance.IntN(len(m.other)):])
			m.reread()
		}
	case 15:
		if len(m.other) > 0 {
			m.put(at, m.other[m.chance.IntN(len(m.other))])
		}
	case 16, 17, 18, 19, 20, 21, 22:
		m.field(at)
	case 23, 24:
		m.twin(at)
	case 25, 26:
		m.reencode(at)
	case 27:
		m.breakLength(at)
	case 28:
		m.put(at, frameOf(input.Step(input.Segment, uint64(m.chance.IntN(len(m.frames[at].Octets)+1)), nil)))
	case 29:
		octets := m.frames[at].Octets
		m.replace(at, octets[:m.chance.IntN(len(octets))])
		if m.chance.IntN(2) == 0 {
			m.frames = m.frames[:min(len(m.frames), at+1)]
		}
	default:
		m.replace(at, octets(m.chance, m.frames[at].Octets))
	}
}

// frameOf returns octets as a frame to join with others: the rest of it is unset.
func frameOf(octets []byte) input.Frame { return input.Frame{Octets: octets} }

func (m *mutation) put(at int, f input.Frame) {
	m.frames = slices.Insert(m.frames, at, f)
	m.reread()
}

func (m *mutation) replace(at int, octets []byte) {
	m.frames[at] = frameOf(octets)
	m.reread()
}

// reread cuts the octets of all frames into frames again.
func (m *mutation) reread() { m.frames = input.Frames(input.Join(m.frames)) }

// insert inserts a new packet, or a few that belong together, half of the time at the end.
func (m *mutation) insert() {
	at := m.chance.IntN(len(m.frames) + 1)
	if m.chance.IntN(2) == 0 {
		at = len(m.frames)
	}
	m.put(at, frameOf(m.fresh()))
}

// field changes one field of a packet.
func (m *mutation) field(at int) {
	f := m.frames[at]
	switch {
	case f.Shape != input.Whole:
		m.replace(at, octets(m.chance, f.Octets))
	case f.Op() == input.Request:
		m.local(at)
	default:
		m.change(&f.Packet)
		m.replace(at, f.Packet.Octets())
	}
}

func (m *mutation) local(at int) {
	f := m.frames[at]
	l, ok := f.Local()
	if !ok {
		l = m.ask()
	}
	flags := f.Packet.Flags
	switch m.chance.IntN(5) {
	case 0:
		l.Type = m.rqType()
	case 1:
		l.Flags = m.integer()
	case 2:
		l.Channel = m.channel()
	case 3:
		l.Payload = m.payload()
	default:
		flags = m.chance.Uint64N(8)
	}
	m.replace(at, input.Asks(l, flags))
}

func (m *mutation) change(p *input.Packet) {
	switch m.chance.IntN(8) {
	case 0, 1:
		p.Tag = m.tag()
	case 2:
		p.Flags = m.integer()
	case 3:
		p.Flags ^= 1 << m.chance.IntN(3)
	case 4:
		p.Channel = m.channel()
	case 5:
		if p.IsRequest {
			p.Type = m.rqType()
			break
		}
		p.Flags ^= 1
	case 6:
		p.Payload = m.payload()
	default:
		if m.chance.IntN(4) == 0 {
			p.IsRequest = !p.IsRequest
		} else {
			p.Payload = octets(m.chance, p.Payload)
		}
	}
}

// twin inserts a copy of a packet that differs in one field.
func (m *mutation) twin(at int) {
	f := m.frames[at]
	if f.Shape != input.Whole || f.Op() != input.Write {
		m.put(at, f)
		return
	}
	m.change(&f.Packet)
	m.put(at+1, frameOf(f.Packet.Octets()))
}

// reencode replaces a packet by another encoding of it.
func (m *mutation) reencode(at int) {
	f := m.frames[at]
	if f.Shape != input.Whole || f.Op() != input.Write {
		return
	}
	var e input.Encoding
	padding := []int{1, 1, 1, 2, 9, 10}[m.chance.IntN(6)]
	switch m.chance.IntN(6) {
	case 0:
		e.Length = padding
	case 1:
		e.Tag = padding
	case 2:
		e.Word = padding
	case 3:
		e.Type = padding
	case 4:
		e.ChannelZero, e.Channel = true, padding-1
	default:
		e.ChannelZero = true
	}
	m.replace(at, f.Packet.Append(nil, e))
}

// breakLength has a packet declare another length.
func (m *mutation) breakLength(at int) {
	f := m.frames[at]
	if f.Shape != input.Whole {
		return
	}
	length := []uint64{0, 1, 2, 3, f.Length - 1, f.Length + 1, f.Length + 3, 127, 1 << 14, 1 << 32, 1<<32 + f.Length, 1 << 42, 1 << 62}[m.chance.IntN(13)]
	m.replace(at, append(input.AppendInteger(nil, length, 0), f.Octets[f.Tag:]...))
}

package mutate

import (
	"math/rand/v2"
	"slices"

	"github.com/packetspec/packetspec/fuzz/input"
)

// Nudge returns data with one octet of one payload changed, inserted or deleted, or with one
// integer changed a little. It suits an input that has come close to something, such as the
// second of three comparisons. The result has at most limit octets.
func Nudge(chance *rand.Rand, data []byte, limit int) []byte {
	frames := input.Frames(data)
	var whole []int // frames that a change leaves whole
	for i, f := range frames {
		if f.Shape == input.Whole {
			whole = append(whole, i)
		}
	}
	if len(whole) == 0 {
		raw := octets(chance, data)
		return raw[:min(len(raw), limit)]
	}
	at := whole[chance.IntN(len(whole))]
	p := frames[at].Packet
	if len(p.Payload) > 0 && chance.IntN(8) > 0 {
		p.Payload = nudge(chance, p.Payload)
	} else {
		nudgeInteger(chance, &p)
	}
	frames[at] = frameOf(p.Octets())
	raw := input.Join(frames)
	return raw[:min(len(raw), limit)]
}

// nudge mostly sets one octet to any value.
func nudge(chance *rand.Rand, b []byte) []byte {
	if chance.IntN(4) == 0 {
		return octets(chance, b)
	}
	b = slices.Clone(b)
	b[chance.IntN(len(b))] = byte(chance.Uint32())
	return b
}

// nudgeInteger changes one field a little, or appends an octet to the payload.
func nudgeInteger(chance *rand.Rand, p *input.Packet) {
	field := []*uint64{&p.Tag, &p.Flags, &p.Channel, &p.Type}[chance.IntN(4)]
	switch chance.IntN(4) {
	case 0:
		*field++
	case 1:
		*field = max(*field, 1) - 1
	case 2:
		*field ^= 1 << chance.IntN(61)
	default:
		p.Payload = append(slices.Clone(p.Payload), byte(chance.Uint32()))
	}
}

// Blind returns a variation of data, of at most limit octets, without knowledge of packets.
func Blind(chance *rand.Rand, data []byte, limit int) []byte {
	for rounds := 1 + chance.IntN(32); rounds > 0; rounds-- {
		data = octets(chance, data)
	}
	return data[:min(len(data), limit)]
}

// octets returns b with some octets changed, inserted or deleted.
func octets(chance *rand.Rand, b []byte) []byte {
	b = slices.Clone(b)
	if len(b) == 0 {
		return []byte{byte(chance.Uint32())}
	}
	at := chance.IntN(len(b))
	switch chance.IntN(6) {
	case 0:
		b[at] ^= 1 << chance.IntN(8)
	case 1:
		b[at] = byte(chance.Uint32())
	case 2:
		b[at] = []byte{0, 1, 2, 3, 4, 0x7f, 0x80, 0x81, 0xff}[chance.IntN(9)]
	case 3:
		b = slices.Insert(b, chance.IntN(len(b)+1), byte(chance.Uint32()))
	case 4:
		b = slices.Delete(b, at, at+1)
	default:
		end := at + 1 + chance.IntN(min(8, len(b)-at))
		b = slices.Insert(b, chance.IntN(len(b)+1), slices.Clone(b[at:end])...)
	}
	return b
}

package mutate

import (
	"math/rand/v2"
	"slices"
)

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

package inprocess

import (
	"bytes"

	"pgregory.net/rapid"

	"github.com/packetspec/packetspec/reference"
)

// integerEdges are the least and the greatest integers of each number of octets on the
// wire; flagEdges are the flags which, with two bits below them, are such integers there.
var integerEdges, flagEdges = edges(0), edges(2)

func edges(bitsBelow int) []uint64 {
	all := []uint64{0, 1, reference.MaxInteger - 1, reference.MaxInteger}
	for width := 7; width-bitsBelow <= 60; width += 7 {
		least := uint64(1) << (width - bitsBelow)
		all = append(all, least-1, least, least+1)
	}
	return all
}

func rapidInteger(edges []uint64) *rapid.Generator[uint64] {
	return rapid.OneOf(rapid.SampledFrom(edges), rapid.Uint64Range(0, reference.MaxInteger))
}

// rapidPayload is empty or short, or of a size at which the packet's length, headers
// included, comes to take one octet more. A long one repeats a short pattern.
func rapidPayload() *rapid.Generator[[]byte] {
	short := rapid.SliceOfN(rapid.Byte(), 0, 20)
	long := rapid.Custom(func(t *rapid.T) []byte {
		size := rapid.OneOf(rapid.IntRange(90, 130), rapid.IntRange(16340, 16390)).Draw(t, "size")
		pattern := rapid.SliceOfN(rapid.Byte(), 1, 7).Draw(t, "pattern")
		return bytes.Repeat(pattern, size/len(pattern)+1)[:size]
	})
	return rapid.OneOf(short, short, long)
}

// rapidPacket is any packet that can be represented, of which half are on channel 0.
func rapidPacket() *rapid.Generator[reference.Packet] {
	channel := rapid.OneOf(rapid.Just(uint64(0)), rapidInteger(integerEdges))
	return rapid.Custom(func(t *rapid.T) reference.Packet {
		return reference.Packet{
			IsRequest: rapid.Bool().Draw(t, "is request"),
			Channel:   channel.Draw(t, "channel"),
			Tag:       rapidInteger(integerEdges).Draw(t, "tag"),
			Flags:     rapidInteger(flagEdges).Draw(t, "flags"),
			Type:      rapidInteger(integerEdges).Draw(t, "type"),
			Payload:   rapidPayload().Draw(t, "payload"),
		}
	})
}

// rapidForm is any form, the shortest more often than others.
func rapidForm() *rapid.Generator[wireForm] {
	overlong := rapid.Custom(func(t *rapid.T) wireForm {
		padding := rapid.OneOf(rapid.Just(0), rapid.IntRange(0, 12))
		return wireForm{
			Length:      padding.Draw(t, "length padding"),
			Tag:         padding.Draw(t, "tag padding"),
			Flags:       padding.Draw(t, "flags padding"),
			Channel:     padding.Draw(t, "channel padding"),
			Type:        padding.Draw(t, "type padding"),
			ChannelZero: rapid.Bool().Draw(t, "has channel 0"),
		}
	})
	return rapid.OneOf(rapid.Just(wireForm{}), overlong)
}

// rapidOctets is one packet in some form.
func rapidOctets() *rapid.Generator[[]byte] {
	return rapid.Custom(func(t *rapid.T) []byte {
		return oracleOf(rapidPacket().Draw(t, "packet")).encode(rapidForm().Draw(t, "form"))
	})
}

// rapidDamaged is octets that are nearly a packet: one, after a few small accidents.
func rapidDamaged() *rapid.Generator[[]byte] {
	return rapid.Custom(func(t *rapid.T) []byte {
		b := rapidOctets().Draw(t, "octets")
		for range rapid.IntRange(1, 3).Draw(t, "accidents") {
			at := rapid.IntRange(0, min(len(b), 40)).Draw(t, "at")
			octet := rapid.OneOf(rapid.SampledFrom([]byte{0x00, 0x7f, 0x80, 0xff}), rapid.Byte()).Draw(t, "octet")
			switch rapid.SampledFrom([]string{"insert", "replace", "cut"}).Draw(t, "accident") {
			case "insert":
				b = append(b[:at:at], append([]byte{octet}, b[at:]...)...)
			case "replace":
				b = append(b[:at:at], append([]byte{octet}, b[min(at+1, len(b)):]...)...)
			case "cut":
				b = b[:at]
			}
		}
		return b
	})
}

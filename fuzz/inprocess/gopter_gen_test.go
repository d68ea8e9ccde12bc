package inprocess

import (
	"reflect"

	"github.com/leanovate/gopter"
	"github.com/leanovate/gopter/gen"

	"github.com/packetspec/packetspec/reference"
)

// gopterPacket is any packet that can be represented. A response has a type as well,
// which nothing must look at.
func gopterPacket() gopter.Gen {
	return gen.Struct(reflect.TypeFor[reference.Packet](), map[string]gopter.Gen{
		"IsRequest": gen.Bool(),
		"Channel":   gen.OneGenOf(gen.Const(uint64(0)), gopterInteger()),
		"Tag":       gopterInteger(),
		"Flags":     gopterInteger(),
		"Type":      gopterInteger(),
		"Payload":   gen.SliceOf(gen.UInt8()),
	})
}

// gopterInteger has every width alike: of uniform ones, half would have all 61 bits.
func gopterInteger() gopter.Gen {
	return gen.UInt8Range(0, 61).FlatMap(func(width any) gopter.Gen {
		return gen.UInt64Range(0, 1<<width.(uint8)-1)
	}, reflect.TypeFor[uint64]())
}

// gopterForm is a form that is longer than the shortest, by up to five octets an integer.
func gopterForm() gopter.Gen {
	padding := gen.IntRange(0, 5)
	return gen.Struct(reflect.TypeFor[wireForm](), map[string]gopter.Gen{
		"Length":      padding,
		"Tag":         padding,
		"Flags":       padding,
		"Channel":     padding,
		"Type":        padding,
		"ChannelZero": gen.Bool(),
	}).SuchThat(func(form wireForm) bool { return form.Length+form.Tag+form.Flags > 0 })
}

// gopterVariant is a change of at most one field: two packets made independently are
// never nearly equal.
func gopterVariant() gopter.Gen {
	return gen.OneConstOf(
		variant{"none", func(*reference.Packet) {}},
		variant{"kind", func(p *reference.Packet) { p.IsRequest = !p.IsRequest }},
		variant{"channel", func(p *reference.Packet) { p.Channel ^= 1 }},
		variant{"tag", func(p *reference.Packet) { p.Tag ^= 1 }},
		variant{"flags", func(p *reference.Packet) { p.Flags ^= 1 }},
		variant{"type", func(p *reference.Packet) { p.Type ^= 1 }},
		variant{"payload grown", func(p *reference.Packet) { p.Payload = append(p.Payload, 0) }},
		variant{"payload changed", func(p *reference.Packet) {
			if len(p.Payload) > 0 {
				p.Payload[len(p.Payload)-1] ^= 0x80
			}
		}},
	)
}

type variant struct {
	named
	apply func(*reference.Packet)
}

// of is p, its own octets included, with the change made.
func (v variant) of(p reference.Packet) reference.Packet {
	p.Payload = append([]byte{}, p.Payload...)
	v.apply(&p)
	return p
}

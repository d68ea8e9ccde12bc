package relay

import (
	"fmt"
	"strings"

	"github.com/packetspec/packetspec/conformance/peer"
)

// A Field is one field of a packet, with its octets and what they mean.
type Field struct {
	Name    string
	Octets  []byte // the first ones of many
	Count   uint64 // how many octets the field has
	Meaning string
}

// Fields returns the fields of a packet, in their order. Of a malformed packet it returns those that are there.
func (p *Packet) Fields() (fields []Field) {
	rest := p.Head
	d, decoded := p.Decoded()
	add := func(name string, n Number, meaning string) {
		if n.octets == 0 {
			return
		}
		octets := rest[:min(n.octets, len(rest))]
		rest = rest[len(octets):]
		if len(octets) == n.octets && octets[len(octets)-1] >= 0x80 {
			meaning = "an integer that does not end"
		} else if n.overlong() {
			meaning += fmt.Sprintf(", in a longer form; the shortest takes %d", max(1, (n.bits+6)/7))
		}
		fields = append(fields, Field{name, octets, uint64(n.octets), meaning})
	}
	decimal := func(n Number, exact fmt.Stringer) string {
		if decoded && exact != nil {
			return exact.String()
		}
		return n.value().String()
	}
	add("length", p.Length, fmt.Sprintf("%s octets follow", p.Length.value()))
	add("tag", p.Tag, decimal(p.Tag, d.Tag))
	add("word", p.Word, p.describeWord(d, decoded))
	add("channel", p.Channel, decimal(p.Channel, d.Channel))
	if p.IsRequest() {
		meaning := fmt.Sprintf("on the wire %s, the type plus one", decimal(p.Type, d.Type))
		if p.Type.is(0) {
			meaning = "on the wire 0, the end of the stream"
		} else if n, ok := p.Type.Uint64(); ok {
			meaning = fmt.Sprintf("%d, on the wire %d", n-1, n)
		}
		add("type", p.Type, meaning)
	}
	if p.Size > 0 && !p.Malformed {
		meaning := fmt.Sprintf("%d octets", p.Size)
		if uint64(len(p.Payload)) == p.Size {
			meaning = peer.ShowPayload(p.Payload)
		}
		fields = append(fields, Field{"payload", p.Payload, p.Size, meaning})
	}
	return fields
}

// describeWord says what the word of a packet holds.
func (p *Packet) describeWord(d peer.Packet, decoded bool) string {
	parts := []string{"flags above 2^62"}
	flags, fits := p.Word.low>>2, p.Word.bits <= 64
	switch {
	case fits && p.IsRequest():
		parts[0] = fmt.Sprintf("flags %d", flags)
	case fits:
		parts[0] = fmt.Sprintf("flags %d: the handler's %d, and the ok bit %d", flags, flags>>1, flags&1)
	case decoded:
		parts[0] = fmt.Sprintf("flags %d", d.Flags)
	}
	if p.IsRequest() {
		parts = append(parts, "is_request")
	}
	if p.HasChannel() {
		parts = append(parts, "has_channel")
	}
	return strings.Join(parts, "; ")
}

// drawnOctets is how many octets of a field are drawn.
const drawnOctets = 16

// Draw returns a packet field by field, in lines.
func (p *Packet) Draw() string {
	fields := p.Fields()
	width := 0
	shown := make([]string, len(fields))
	for i, f := range fields {
		shown[i] = fmt.Sprintf("% x", f.Octets[:min(len(f.Octets), drawnOctets)])
		if f.Count > drawnOctets {
			shown[i] += " …"
		}
		width = max(width, len([]rune(shown[i])))
	}
	var out strings.Builder
	for i, f := range fields {
		fmt.Fprintf(&out, "  %s%s  %-7s  %s\n", shown[i], strings.Repeat(" ", width-len([]rune(shown[i]))), f.Name, f.Meaning)
	}
	if p.Malformed {
		fmt.Fprintf(&out, "  and no more: the body ends before its %s\n", p.lacks())
	}
	return out.String()
}

// lacks returns the first field that a malformed packet lacks.
func (p *Packet) lacks() string {
	ends := func(n Number, octets int) bool {
		return n.octets > 0 && octets <= len(p.Head) && p.Head[octets-1] < 0x80
	}
	octets := p.Length.octets
	for _, f := range []struct {
		name string
		n    Number
		has  bool
	}{{"tag", p.Tag, true}, {"word", p.Word, true}, {"channel", p.Channel, p.HasChannel()}, {"type", p.Type, p.IsRequest()}} {
		if octets += f.n.octets; f.has && !ends(f.n, octets) {
			return f.name
		}
	}
	return "end"
}

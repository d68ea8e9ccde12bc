package campaign

import (
	"bytes"

	"github.com/packetspec/packetspec/fuzz/input"
)

// Minimize makes an input small for which shows holds: first by packets, then by fields
// and octets. It tries at most so many inputs.
func Minimize(raw []byte, tries int, shows func([]byte) bool) []byte {
	m := &minimizer{raw: raw, tries: tries, shows: shows, tried: map[string]bool{}}
	for before := []byte(nil); !bytes.Equal(before, m.raw) && m.tries > 0; {
		before = m.raw
		m.packets()
		m.fields()
		m.octets()
	}
	return m.raw
}

type minimizer struct {
	raw   []byte
	tries int
	shows func([]byte) bool
	tried map[string]bool
}

// try takes raw in place of what there is, if it shows the same.
func (m *minimizer) try(raw []byte) bool {
	if m.tries <= 0 || m.tried[string(raw)] || bytes.Equal(raw, m.raw) {
		return false
	}
	m.tried[string(raw)] = true
	m.tries--
	if !m.shows(raw) {
		return false
	}
	m.raw = bytes.Clone(raw)
	return true
}

// packets leaves out as many packets as can be, many at once first.
func (m *minimizer) packets() {
	frames := input.Frames(m.raw)
	for size := (len(frames) + 1) / 2; size >= 1; size /= 2 {
		for at := len(frames); at > 0; at -= size {
			from := max(0, at-size)
			rest := append(append([]input.Frame(nil), frames[:from]...), frames[at:]...)
			if m.try(input.Join(rest)) {
				frames = input.Frames(m.raw)
			}
		}
	}
}

// fields makes every field as simple as can be.
func (m *minimizer) fields() {
	for i := 0; i < len(input.Frames(m.raw)); i++ {
		f := input.Frames(m.raw)[i]
		if f.Shape != input.Whole {
			continue
		}
		m.put(i, f.Packet.Octets()) // the shortest form
		for _, change := range changes {
			p := input.Frames(m.raw)[i].Packet
			q := p
			change(&q)
			if !p.Same(q) {
				m.put(i, q.Octets())
			}
		}
		m.payload(i)
	}
}

// changes are what makes a packet simpler.
var changes = []func(*input.Packet){
	func(p *input.Packet) { p.Channel = 0 },
	func(p *input.Packet) { p.Payload = nil },
	func(p *input.Packet) { p.Flags = 0 },
	func(p *input.Packet) { p.Flags &= 1 },
	func(p *input.Packet) { p.Flags /= 2 },
	func(p *input.Packet) { p.Type = min(p.Type, 1) },
	func(p *input.Packet) { p.Type = min(p.Type, 3) },
	func(p *input.Packet) { p.Tag = min(p.Tag, 1) },
	func(p *input.Packet) { p.Tag = min(p.Tag, 2) },
	func(p *input.Packet) { p.Tag /= 2 },
	func(p *input.Packet) { p.Payload = p.Payload[:len(p.Payload)/2] },
}

// payload leaves out octets of a payload.
func (m *minimizer) payload(i int) {
	for size := len(input.Frames(m.raw)[i].Packet.Payload); size >= 1; size /= 2 {
		for at := 0; ; at += size {
			p := input.Frames(m.raw)[i].Packet
			if at+size > len(p.Payload) {
				break
			}
			p.Payload = append(bytes.Clone(p.Payload[:at]), p.Payload[at+size:]...)
			if m.put(i, p.Octets()) {
				at -= size
			}
		}
	}
}

// put tries other octets for frame i.
func (m *minimizer) put(i int, octets []byte) bool {
	frames := input.Frames(m.raw)
	frames[i] = input.Frame{Octets: octets}
	raw := input.Join(frames)
	return len(input.Frames(raw)) == len(frames) && m.try(raw)
}

// octets leaves out single octets of a short input.
func (m *minimizer) octets() {
	for at := len(m.raw) - 1; at >= 0 && len(m.raw) <= 64; at-- {
		if at < len(m.raw) {
			m.try(append(bytes.Clone(m.raw[:at]), m.raw[at+1:]...))
		}
	}
}

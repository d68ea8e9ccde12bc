package campaign

import (
	"bytes"

	"github.com/packetspec/packetspec/fuzz/input"
)

// Minimize makes an input small: first by packets, then by fields and octets. Of inputs
// that it offers, first tells the first that will do, or -1; it tries at most so many.
func Minimize(raw []byte, tries int, first func([][]byte) int) []byte {
	m := &minimizer{raw: raw, tries: tries, first: first, tried: map[string]bool{}}
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
	first func([][]byte) int
	tried map[string]bool
}

// try takes the first of some inputs that will do in place of what there is, and tells
// which it is, or -1.
func (m *minimizer) try(offered [][]byte) int {
	for from := 0; from < len(offered); from += abreast {
		var fresh [][]byte
		var which []int
		for i := from; i < min(from+abreast, len(offered)); i++ {
			raw := offered[i]
			if m.tries <= 0 || m.tried[string(raw)] || bytes.Equal(raw, m.raw) {
				continue
			}
			m.tried[string(raw)] = true
			m.tries--
			fresh, which = append(fresh, raw), append(which, i)
		}
		if len(fresh) == 0 {
			continue
		}
		if i := m.first(fresh); i >= 0 {
			m.raw = bytes.Clone(fresh[i])
			for _, other := range fresh[i+1:] {
				delete(m.tried, string(other)) // what they showed was not looked at
			}
			return which[i]
		}
	}
	return -1
}

// packets leaves out as many packets as can be, many at once first.
func (m *minimizer) packets() {
	for size := (len(input.Frames(m.raw)) + 1) / 2; size >= 1; size /= 2 {
		for {
			frames := input.Frames(m.raw)
			var offered [][]byte
			for at := len(frames); at > 0; at -= size {
				from := max(0, at-size)
				offered = append(offered, append(input.Join(frames[:from]), input.Join(frames[at:])...))
			}
			if m.try(offered) < 0 {
				break
			}
		}
	}
}

// fields makes every packet as simple as can be.
func (m *minimizer) fields() {
	for i := 0; i < len(input.Frames(m.raw)); i++ {
		for {
			frames := input.Frames(m.raw)
			if i >= len(frames) || frames[i].Shape != input.Whole {
				break
			}
			var offered [][]byte
			for _, octets := range simpler(frames[i]) {
				if len(octets) > len(frames[i].Octets) || bytes.Equal(octets, frames[i].Octets) {
					continue
				}
				changed := append(input.Join(frames[:i]), octets...)
				changed = append(changed, input.Join(frames[i+1:])...)
				if len(input.Frames(changed)) == len(frames) {
					offered = append(offered, changed)
				}
			}
			if m.try(offered) < 0 {
				break
			}
		}
	}
}

// simpler is what a packet might be in place of it, the simplest first.
func simpler(f input.Frame) (all [][]byte) {
	p := f.Packet
	add := func(q input.Packet) {
		if !q.Same(p) {
			all = append(all, q.Octets())
		}
	}
	all = append(all, p.Octets()) // the shortest form
	if f.Op() == input.Write {
		q := p
		q.Channel = 0
		add(q)
	}
	for _, flags := range []uint64{0, p.Flags & 1, p.Flags / 2} {
		q := p
		q.Flags = flags
		add(q)
	}
	for _, rqType := range []uint64{1, 2, 3} {
		if p.IsRequest && rqType < p.Type {
			q := p
			q.Type = rqType
			add(q)
		}
	}
	for _, tag := range []uint64{1, 2, 3, p.Tag / 2} {
		if tag < p.Tag && f.Op() == input.Write {
			q := p
			q.Tag = tag
			add(q)
		}
	}
	for size := len(p.Payload); size >= 1; size /= 2 {
		for at := 0; at+size <= len(p.Payload) && at < 8*size; at += size {
			q := p
			q.Payload = append(bytes.Clone(p.Payload[:at]), p.Payload[at+size:]...)
			add(q)
		}
	}
	return all
}

// octets leaves out single octets of a short input.
func (m *minimizer) octets() {
	for len(m.raw) <= 64 {
		var offered [][]byte
		for at := len(m.raw) - 1; at >= 0; at-- {
			offered = append(offered, append(bytes.Clone(m.raw[:at]), m.raw[at+1:]...))
		}
		if m.try(offered) < 0 {
			return
		}
	}
}

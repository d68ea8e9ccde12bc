package campaign

import (
	"bytes"

	"github.com/packetspec/packetspec/fuzz/input"
)

// abreast is how many inputs are offered at once: minimising waits more than it works.
const abreast = 8

// Minimize makes an input smaller, first by packets, then by fields and bytes. It offers candidates
// to first, up to abreast at a time and as many as tries in all. The function first returns the
// index of the first candidate that still shows what matters, or -1.
func Minimize(raw []byte, tries int, first func([][]byte) int) []byte {
	m := &minimizer{raw: raw, tries: tries, first: first, tried: map[string]bool{}}
	for before := []byte(nil); !bytes.Equal(before, m.raw) && m.tries > 0; {
		before = m.raw
		m.packets()
		m.fields()
		m.bytes()
	}
	return m.raw
}

type minimizer struct {
	raw   []byte
	tries int
	first func([][]byte) int
	tried map[string]bool
}

// try offers candidates. It keeps the first that will do, and returns its index, or -1.
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
				delete(m.tried, string(other)) // they may do too, but first looked no further
			}
			return which[i]
		}
	}
	return -1
}

// packets removes as many packets as it can: first half of them at once, then ever fewer.
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

// fields makes every packet as simple as it can.
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

// simpler returns packets to try in place of one, the simplest of each field first.
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

// maxSingle is how long an input may be, in bytes, for single bytes to be removed: more candidates
// would use up the tries.
const maxSingle = 64

// bytes removes single bytes of a short input.
func (m *minimizer) bytes() {
	for len(m.raw) <= maxSingle {
		var offered [][]byte
		for at := len(m.raw) - 1; at >= 0; at-- {
			offered = append(offered, append(bytes.Clone(m.raw[:at]), m.raw[at+1:]...))
		}
		if m.try(offered) < 0 {
			return
		}
	}
}

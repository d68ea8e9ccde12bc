package campaign

import (
	"bytes"
	"context"
	"slices"

	"github.com/packetspec/packetspec/fuzz/input"
)

// abreast is how many inputs are offered at once: minimising waits more than it works.
const abreast = 8

// Minimize makes an input smaller, first by packets, then by fields and bytes. It offers candidates
// to first, up to abreast at a time and as many as tries in all. The function first returns the
// index of the first candidate that still shows what matters, or -1. Minimize ends early if ctx ends.
func Minimize(ctx context.Context, raw []byte, tries int, first func([][]byte) int) []byte {
	m := &minimizer{ctx: ctx, raw: raw, tries: tries, first: first, tried: map[string]bool{}}
	for before := []byte(nil); !bytes.Equal(before, m.raw) && m.goesOn(); {
		before = m.raw
		m.packets()
		m.fields()
		m.bytes()
	}
	return m.raw
}

type minimizer struct {
	ctx   context.Context
	raw   []byte
	tries int
	first func([][]byte) int
	tried map[string]bool
}

// goesOn reports whether more candidates may be tried.
func (m *minimizer) goesOn() bool { return m.tries > 0 && m.ctx.Err() == nil }

// repeat offers candidates, made anew from what is left, until none of them will do.
func (m *minimizer) repeat(candidates func() [][]byte) {
	for better := true; better && m.goesOn(); {
		better = m.try(candidates())
	}
}

// try offers candidates. It keeps the first that will do, and reports whether there is one.
func (m *minimizer) try(offered [][]byte) bool {
	for some := range slices.Chunk(offered, abreast) {
		var fresh [][]byte
		for _, raw := range some {
			if m.tries > 0 && !m.tried[string(raw)] && !bytes.Equal(raw, m.raw) {
				m.tried[string(raw)] = true
				m.tries--
				fresh = append(fresh, raw)
			}
		}
		if len(fresh) == 0 {
			continue
		}
		if i := m.first(fresh); i >= 0 {
			m.raw = bytes.Clone(fresh[i])
			for _, other := range fresh[i+1:] {
				delete(m.tried, string(other)) // they may do too, but first looked no further
			}
			return true
		}
	}
	return false
}

// packets removes as many packets as it can: first half of them at once, then ever fewer.
func (m *minimizer) packets() {
	for size := (len(input.Frames(m.raw)) + 1) / 2; size >= 1 && m.goesOn(); size /= 2 {
		m.repeat(func() (offered [][]byte) {
			frames := input.Frames(m.raw)
			for at := len(frames); at > 0; at -= size {
				from := max(0, at-size)
				offered = append(offered, append(input.Join(frames[:from]), input.Join(frames[at:])...))
			}
			return offered
		})
	}
}

// fields makes every packet as simple as it can.
func (m *minimizer) fields() {
	for i := 0; m.goesOn() && i < len(input.Frames(m.raw)); i++ {
		m.repeat(func() (offered [][]byte) {
			frames := input.Frames(m.raw)
			if i >= len(frames) || frames[i].Shape != input.Whole {
				return nil
			}
			for _, octets := range simpler(frames[i]) {
				if len(octets) > len(frames[i].Octets) || bytes.Equal(octets, frames[i].Octets) {
					continue
				}
				changed := slices.Concat(input.Join(frames[:i]), octets, input.Join(frames[i+1:]))
				if len(input.Frames(changed)) == len(frames) {
					offered = append(offered, changed)
				}
			}
			return offered
		})
	}
}

// simpler returns packets to try in place of one, the simplest of each field first.
func simpler(f input.Frame) (all [][]byte) {
	p := f.Packet
	add := func(change func(q *input.Packet)) {
		q := p
		change(&q)
		if !q.Same(p) {
			all = append(all, q.Octets())
		}
	}
	all = append(all, p.Octets()) // the shortest form
	if f.Op() == input.Write {
		add(func(q *input.Packet) { q.Channel = 0 })
	}
	for _, flags := range []uint64{0, p.Flags & 1, p.Flags / 2} {
		add(func(q *input.Packet) { q.Flags = flags })
	}
	for _, rqType := range []uint64{1, 2, 3} {
		if p.IsRequest && rqType < p.Type {
			add(func(q *input.Packet) { q.Type = rqType })
		}
	}
	for _, tag := range []uint64{1, 2, 3, p.Tag / 2} {
		if tag < p.Tag && f.Op() == input.Write {
			add(func(q *input.Packet) { q.Tag = tag })
		}
	}
	for size := len(p.Payload); size >= 1; size /= 2 {
		for at := 0; at+size <= len(p.Payload) && at < 8*size; at += size {
			add(func(q *input.Packet) { q.Payload = slices.Concat(p.Payload[:at], p.Payload[at+size:]) })
		}
	}
	return all
}

// maxSingle is how long an input may be, in bytes, for single bytes to be removed: more candidates
// would use up the tries.
const maxSingle = 64

// bytes removes single bytes of a short input.
func (m *minimizer) bytes() {
	m.repeat(func() (offered [][]byte) {
		for at := len(m.raw) - 1; at >= 0 && len(m.raw) <= maxSingle; at-- {
			offered = append(offered, slices.Concat(m.raw[:at], m.raw[at+1:]))
		}
		return offered
	})
}

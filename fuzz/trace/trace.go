// Package trace guides campaigns whose subject is not instrumented. The trace of an input
// holds classes of what the reference did with it. A campaign keeps an input whose trace has
// something new.
package trace

import (
	"math/bits"
	"slices"
	"unicode/utf8"

	"github.com/packetspec/packetspec/fuzz/input"
	"github.com/packetspec/packetspec/fuzz/judge"
	"github.com/packetspec/packetspec/fuzz/plan"
)

// Of returns the trace of an input as a sorted set of numbers. They stand for kinds and flags
// of packets and their answers, and of two or three in a row; how many requests were in
// flight; the state of the streams; classes of integers and payloads; encodings. Nothing in
// it depends on timing: neither on the order of answers, nor on whether a handler is called
// where that is unspecified. So an input always has the same trace.
func Of(frames []input.Frame, required *plan.Plan, record *judge.Record) []uint64 {
	t := &tracer{}
	for _, f := range frames {
		t.encoding(f)
	}
	answers := map[uint64][]uint64{}
	requests := 0
	for _, g := range record.Packets {
		p := g.Packet
		if p.IsRequest && !p.EndsStream() {
			if requests++; requests > len(required.LocalRequests) {
				continue // accepted because a shutdown was slow, see [plan.AwaitClosed]
			}
		}
		at := t.hash("id", p.Channel, p.Tag)
		answers[at] = append(answers[at], t.packet(p))
	}
	for _, a := range required.Answers {
		if a.Handler == plan.MayBeCalled {
			delete(answers, t.hash("id", a.Packet.Channel, a.Packet.Tag))
		}
	}
	last, before := uint64(0), uint64(0)
	for _, n := range required.Notes {
		came := answers[t.hash("id", n.Packet.Channel, n.Packet.Tag)]
		slices.Sort(came)
		what := t.hash("move", t.text(n.Kind), t.text(n.Outcome), t.text(n.Requirement))
		t.add(t.hash("in", what, t.text(n.State), uint64(min(n.InFlight, 6))))
		t.add(t.hash("what", what, t.packet(n.Packet)))
		t.add(t.hash("came", what, t.list(came[:min(len(came), 3)])))
		t.add(t.hash("pair", last, what, t.text(n.State)))
		t.add(t.hash("triple", before, last, what))
		last, before = what, last
		for i, v := range []uint64{n.Packet.Tag, n.Packet.Channel, n.Packet.Flags, n.Packet.Type} {
			t.add(t.hash("integer", uint64(i), t.flag(n.Packet.IsRequest), t.text(n.Outcome), uint64(bits.Len64(v))))
		}
	}
	t.add(t.hash("end", last, t.text(required.End.Requirement), t.text(record.Join.Reply.Ended), t.flag(required.NoHandler)))
	for _, c := range required.LocalRequests {
		t.add(t.hash("call", t.text(c.Decoder), t.text(c.ResultRequirement), t.packet(c.Response), t.flag(c.Late), size(c.Fields.Payload)))
	}
	for _, s := range required.Shutdowns {
		t.add(t.hash("shutdown", t.flag(s.Block), t.flag(s.Second), t.flag(s.Held), t.flag(s.Pending)))
	}
	slices.Sort(t.seen)
	return slices.Compact(t.seen)
}

// A tracer collects the numbers of one trace.
type tracer struct{ seen []uint64 }

func (t *tracer) add(v uint64) { t.seen = append(t.seen, v) }

// The parameters of FNV-1a with 64 bits, which is applied to words here.
const (
	offset = 14695981039346656037
	prime  = 1099511628211
)

func (t *tracer) hash(kind string, parts ...uint64) uint64 {
	return t.text(kind) ^ t.list(parts)*prime
}

func (t *tracer) list(parts []uint64) uint64 {
	h := uint64(offset)
	for _, v := range parts {
		h = (h ^ v) * prime
		h ^= h >> 29
	}
	return h
}

func (t *tracer) text(s string) uint64 {
	h := uint64(offset)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * prime
	}
	return h
}

func (t *tracer) flag(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

func (t *tracer) packet(p input.Packet) uint64 {
	rqType := min(p.Type, 12)
	return t.hash("packet", t.flag(p.IsRequest), t.flag(p.Channel != 0), p.Flags&1, uint64(bits.Len64(p.Flags)/8), rqType, size(p.Payload), content(p.Payload))
}

func size(b []byte) uint64 { return uint64(bits.Len(uint(len(b)))) }

// content returns which kinds of octets a payload has.
func content(b []byte) (class uint64) {
	for _, c := range b {
		switch {
		case c == 0:
			class |= 1
		case c <= ' ':
			class |= 2
		case c >= 0x80:
			class |= 4
		}
	}
	if !utf8.Valid(b) {
		class |= 8
	}
	return class
}

// encoding adds the class of a frame's encoding.
func (t *tracer) encoding(f input.Frame) {
	if f.Shape != input.Whole || f.Op() != input.Write {
		t.add(t.hash("shape", uint64(f.Shape), uint64(bits.Len64(f.Length)), t.flag(f.Beyond)))
		return
	}
	padded := func(at int) uint64 {
		n := 0
		for at+n < len(f.Octets) && f.Octets[at+n] == 0x80 {
			n++
		}
		return uint64(min(n, 3))
	}
	kind := t.flag(f.Packet.IsRequest)
	t.add(t.hash("form", kind, padded(0), padded(f.Tag), padded(f.Word)))
	t.add(t.hash("channel form", kind, t.flag(f.Type > f.Channel), t.flag(f.Packet.Channel == 0), t.flag(f.Packet.EndsStream())))
	t.add(t.hash("length", kind, uint64(bits.Len64(f.Length))))
}

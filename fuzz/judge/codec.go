package judge

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"math/big"
	"slices"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/peer"
	"github.com/packetspec/packetspec/fuzz/input"
)

// A Reading is one frame for the subject's codec to decode, followed by some octets. If every
// implementation handles its packet, the codec also encodes, compares and describes that.
type Reading struct {
	Frame input.Frame
	After []byte        // octets that follow
	Other *input.Packet // a packet to compare with, or nil
}

// Codec is the State of differences of the codec, which has no connection.
const Codec = "codec"

// maxReadings bounds the readings of one input. Requests by the thousand are copies of a few
// forms, and each reading is up to five commands.
const maxReadings = 128

// maxAfter bounds the octets after a frame: enough for a whole packet, which a codec that
// reads too far would take for part of the frame.
const maxAfter = 16

var hashes = maphash.MakeSeed()

// Readings returns the readings of those frames whose hash isNew reports as new.
func Readings(frames []input.Frame, isNew func(hash uint64) bool) (all []Reading) {
	for i, f := range frames {
		if len(all) == maxReadings {
			break
		}
		if !isNew(maphash.Bytes(hashes, f.Octets)) {
			continue
		}
		r := Reading{Frame: f}
		if i+1 < len(frames) {
			after := frames[i+1].Octets
			r.After = after[:min(len(after), maxAfter)]
		}
		if i > 0 && frames[i-1].Shape == input.Whole && !frames[i-1].Beyond {
			r.Other = &frames[i-1].Packet
		}
		all = append(all, r)
	}
	return all
}

// Commands returns the commands of a reading, without those that the subject cannot carry out.
func (r Reading) Commands(can func(adapter.Ability) bool) (all []adapter.Message) {
	octets := adapter.Hex(slices.Concat(r.Frame.Octets, r.After))
	all = append(all, adapter.Message{Op: adapter.OpDecode, Bytes: &octets})
	if r.Frame.Shape != input.Whole || r.Frame.Beyond {
		return all
	}
	p := AdapterPacket(r.Frame.Packet)
	all = append(all, adapter.Message{Op: adapter.OpEncode, Packet: p})
	if can(adapter.CanEqual) {
		a, b := *p, *p
		if !p.IsRequest { // the type of a response does not count (EQ-2)
			a.RqType, b.RqType = "1", "2"
		}
		all = append(all, adapter.Message{Op: adapter.OpEqual, A: &a, B: &b})
		if r.Other != nil {
			all = append(all, adapter.Message{Op: adapter.OpEqual, A: p, B: AdapterPacket(*r.Other)})
		}
	}
	if can(adapter.CanString) {
		all = append(all, adapter.Message{Op: adapter.OpString, Packet: p})
	}
	return all
}

// AdapterPacket returns a packet in the form of the adapter protocol.
func AdapterPacket(p input.Packet) *adapter.Packet {
	f := &adapter.Packet{
		IsRequest: p.IsRequest, Channel: adapter.Int(p.Channel), Tag: adapter.Int(p.Tag), Flags: adapter.Int(p.Flags),
		Payload: append(adapter.Hex{}, p.Payload...),
	}
	if p.IsRequest {
		f.RqType = adapter.Int(p.Type)
	}
	return f
}

// Judge returns the difference between the reply to a command and what it must be, if there is one.
func (r Reading) Judge(m adapter.Message, reply adapter.Reply, err error) (d Difference, differs bool) {
	if adapter.KindOf(err) == adapter.Unsupported {
		return d, false
	}
	d.State = Codec
	p := r.Frame.Packet
	switch m.Op {
	case adapter.OpDecode:
		return r.decoded(*m.Bytes, reply, err)
	case adapter.OpEncode:
		d.Requirement, d.Kind, d.Expected = "ENC-1", "octets", input.Show(p)
		if err != nil {
			d.Kind, d.Came = "refused", err.Error()
			return d, true
		}
		d.Came = input.Hex(*reply.Bytes)
		if f := input.Read(*reply.Bytes); f.Shape == input.Whole && len(f.Octets) == len(*reply.Bytes) && f.Packet.Same(p) {
			d.Requirement, d.Kind = "INT-2", "longer form"
			if f.Type > f.Channel && p.Channel == 0 {
				d.Requirement = "ENC-4"
			}
		}
		return d, !bytes.Equal(*reply.Bytes, p.Octets())
	case adapter.OpEqual:
		a, b := *m.A, *m.B
		want := same(a, b)
		d.Requirement, d.Kind = "EQ-1", "not equal"
		if !a.IsRequest && !b.IsRequest && a.RqType != b.RqType {
			d.Requirement = "EQ-2"
		}
		d.Expected = fmt.Sprintf("%v and %v to be equal: %t", show(a), show(b), want)
		if err != nil {
			d.Kind, d.Came = "refused", err.Error()
			return d, true
		}
		if !want {
			d.Kind = "equal"
		}
		d.Came = fmt.Sprint(*reply.Equal)
		return d, *reply.Equal != want
	case adapter.OpString:
		d.Requirement, d.Kind, d.Expected = "TXT-1", "text", text(p)
		if err != nil {
			d.Kind, d.Came = "refused", err.Error()
			return d, true
		}
		d.Came = *reply.String
		return d, d.Came != d.Expected
	}
	return d, false
}

// decoded judges the reply to the command decode.
func (r Reading) decoded(octets []byte, reply adapter.Reply, err error) (d Difference, differs bool) {
	d = Difference{State: Codec, Requirement: "DEC-3", Kind: "taken", Expected: "an error: the octets stop inside a packet"}
	if r.Frame.Shape == input.Cut && len(r.After) > 0 {
		return d, false // the octets that follow belong to the frame
	}
	kind := adapter.KindOf(err)
	if err == nil {
		d.Came = fmt.Sprintf("%v, of %d octets, of %s", show(*reply.Packet), *reply.Consumed, input.Hex(octets))
	} else {
		d.Kind, d.Came = "error "+string(kind), err.Error()
	}
	if r.Frame.Shape == input.Short {
		d.Requirement, d.Expected = "DEC-4", "an error: the body is too short for its fields"
	}
	if r.Frame.Shape != input.Whole {
		refused := kind == adapter.Incomplete || kind == adapter.Malformed
		return d, !refused && (err == nil || !r.Frame.Beyond)
	}
	want := exactPacket(r.Frame)
	d.Requirement = "DEC-1"
	d.Expected = fmt.Sprintf("%v, of %d octets, of %s", show(*want), len(r.Frame.Octets), input.Hex(octets))
	switch {
	case err != nil:
		return d, !r.Frame.Beyond
	case *reply.Consumed != len(r.Frame.Octets):
		d.Kind = "consumed"
		return d, true
	case r.Frame.Beyond:
		d.Requirement = "INT-5"
	case len(r.Frame.Octets) != len(r.Frame.Packet.Octets()):
		d.Requirement = "INT-3"
	}
	d.Kind = "fields"
	return d, !same(*reply.Packet, *want)
}

// exactPacket returns the packet of a whole frame in the form of the adapter protocol, whose
// integers, unlike those of [input.Packet], have any number of bits.
func exactPacket(f input.Frame) *adapter.Packet {
	p := AdapterPacket(f.Packet)
	if !f.Beyond {
		return p
	}
	exact, _, _ := peer.Decode(f.Octets) // a whole frame decodes without an error
	decimal := func(v *big.Int) adapter.Integer { return adapter.Integer(v.String()) }
	p.Channel, p.Tag, p.Flags = decimal(exact.Channel), decimal(exact.Tag), decimal(exact.Flags)
	if p.IsRequest {
		p.RqType = decimal(exact.Type)
	}
	return p
}

// same reports whether two packets are equal. (EQ-1, EQ-2)
func same(a, b adapter.Packet) bool {
	return a.IsRequest == b.IsRequest && a.Channel == b.Channel && a.Tag == b.Tag && a.Flags == b.Flags &&
		(!a.IsRequest || a.RqType == b.RqType) && string(a.Payload) == string(b.Payload)
}

func show(p adapter.Packet) string {
	kind := "response"
	if p.IsRequest {
		kind = "request of wire type " + string(p.RqType)
	} else if p.RqType != "" {
		kind += " with type " + string(p.RqType)
	}
	return fmt.Sprintf("{%s, channel %s, tag %s, flags %s, payload %s}", kind, p.Channel, p.Tag, p.Flags, input.Words(p.Payload))
}

// text returns the diagnostic text of a packet. (TXT-1)
func text(p input.Packet) string {
	payload := literal(p.Payload[:min(len(p.Payload), 16)])
	if len(p.Payload) > 16 {
		payload += "..."
	}
	truth := "False"
	if p.IsRequest {
		truth = "True"
	}
	return fmt.Sprintf("Packet(is_request=%s,channel=%d,tag=%d,flags=0x%02x,payload=b%s)", truth, p.Channel, p.Tag, p.Flags, payload)
}

// literal returns octets as a Python literal, without the b.
func literal(b []byte) string {
	quote := byte('\'')
	if bytes.ContainsRune(b, '\'') && !bytes.ContainsRune(b, '"') {
		quote = '"'
	}
	escapes := map[byte]string{quote: `\` + string(quote), '\\': `\\`, '\t': `\t`, '\n': `\n`, '\r': `\r`}
	s := string(quote)
	for _, c := range b {
		escape, ok := escapes[c]
		switch {
		case ok:
			s += escape
		case c < ' ', c > '~':
			s += fmt.Sprintf(`\x%02x`, c)
		default:
			s += string(c)
		}
	}
	return s + string(quote)
}

package steps

import (
	"bytes"
	"fmt"
	"math/big"
	"slices"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/peer"
)

func toAdapter(p peer.Packet) *adapter.Packet {
	q := &adapter.Packet{
		IsRequest: p.IsRequest, Channel: integer(p.Channel), Tag: integer(p.Tag), Flags: integer(p.Flags),
		Payload: p.Payload,
	}
	if p.IsRequest {
		q.RqType = integer(p.Type)
	}
	return q
}

// integer returns v as the adapter protocol writes it, and 0 for nil.
func integer(v *big.Int) adapter.Integer {
	if v == nil {
		return "0"
	}
	return adapter.Integer(v.String())
}

func fromAdapter(p adapter.Packet) (q peer.Packet, err error) {
	q = peer.Packet{IsRequest: p.IsRequest, Payload: p.Payload}
	for _, field := range []struct {
		to   **big.Int
		from adapter.Integer
	}{{&q.Channel, p.Channel}, {&q.Tag, p.Tag}, {&q.Flags, p.Flags}, {&q.Type, p.RqType}} {
		if field.from == "" {
			continue
		}
		v, ok := new(big.Int).SetString(string(field.from), 10)
		if !ok {
			return q, fmt.Errorf("the adapter replied %q where an integer belongs", field.from)
		}
		*field.to = v
	}
	return q, nil
}

func (w *World) expectEncoding(p peer.Packet, exactly string, expected []byte) error {
	r, err := w.do(adapter.Message{Op: adapter.OpEncode, Packet: toAdapter(p)})
	if err != nil {
		return replyFailure("the octets of "+p.String(), err)
	}
	return compare(exactly, expected, *r.Bytes)
}

// compare requires the expected octets if exactly, the step's own word, is not empty, and
// else the same packet in any form.
func compare(exactly string, expected, got []byte) error {
	if exactly != "" && !bytes.Equal(expected, got) {
		return difference(expected, got)
	}
	return samePacket(expected, got)
}

// samePacket requires octets that are the expected packet, in this form or a longer one.
// Other requirements demand the shortest form.
func samePacket(expected, got []byte) error {
	if bytes.Equal(expected, got) {
		return nil
	}
	want, _, err := peer.Decode(expected)
	if err != nil {
		return mistake("%s is not a packet", peer.ShowHex(expected))
	}
	p, n, err := peer.Decode(got)
	if err == nil && n == len(got) && p.Same(want) {
		return nil
	}
	return difference(expected, got)
}

func (w *World) expectDecoding(octets, after []byte, want peer.Packet) error {
	input := adapter.Hex(slices.Concat(octets, after))
	r, err := w.do(adapter.Message{Op: adapter.OpDecode, Bytes: &input})
	if err != nil {
		return replyFailure(want.String(), err)
	}
	return checkDecoded(want, len(octets), r)
}

// checkDecoded requires that the reply to a command decode has this packet and its length.
func checkDecoded(want peer.Packet, consumed int, r adapter.Reply) error {
	got, err := fromAdapter(*r.Packet)
	if err != nil {
		return err
	}
	if !got.Same(want) || *r.Consumed != consumed {
		return failf(fmt.Sprintf("%s of %d octets", want, consumed), "%s of %d octets", got, *r.Consumed)
	}
	return nil
}

func (w *World) expectNotDecoded(octets []byte) error {
	input := adapter.Hex(octets)
	r, err := w.do(adapter.Message{Op: adapter.OpDecode, Bytes: &input})
	switch kind := kindOf(err); {
	case kind == adapter.Incomplete || kind == adapter.Malformed:
		return nil
	case err != nil:
		return replyFailure("the error incomplete or malformed", err)
	}
	got, err := fromAdapter(*r.Packet)
	if err != nil {
		return err
	}
	return failf("the error incomplete or malformed", "%s from %d octets", got, *r.Consumed)
}

func (w *World) expectEquality(a peer.Packet, how string, b peer.Packet) error {
	return w.compareInSubject(how == "equals", toAdapter(a), toAdapter(b))
}

func (w *World) compareInSubject(want bool, a, b *adapter.Packet) error {
	r, err := w.do(adapter.Message{Op: adapter.OpEqual, A: a, B: b})
	return checkEqual(want, r, err)
}

// checkEqual requires that the reply to a command equal is the wanted one.
func checkEqual(want bool, r adapter.Reply, err error) error {
	words := map[bool]string{true: "equal", false: "not equal"}
	switch {
	case err != nil:
		return replyFailure("a comparison of the packets", err)
	case *r.Equal != want:
		return failf(words[want], "%s", words[*r.Equal])
	}
	return nil
}

// expectEqualityWithTypes gives responses a type: in some implementations they have the
// attribute, although it means nothing.
func (w *World) expectEqualityWithTypes(p peer.Packet, typeA, typeB string) error {
	a, b := toAdapter(p), toAdapter(p)
	a.RqType, b.RqType = adapter.Integer(typeA), adapter.Integer(typeB)
	return w.compareInSubject(true, a, b)
}

func (w *World) expectTextForm(p peer.Packet, text string) error {
	r, err := w.do(adapter.Message{Op: adapter.OpString, Packet: toAdapter(p)})
	return checkText(text, r, err)
}

// checkText requires that the reply to a command string is the wanted text.
func checkText(want string, r adapter.Reply, err error) error {
	switch {
	case err != nil:
		return replyFailure(want, err)
	case *r.String != want:
		return failf(want, "%s", *r.String)
	}
	return nil
}

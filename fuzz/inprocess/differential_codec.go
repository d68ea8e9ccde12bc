package inprocess

import (
	"fmt"

	"github.com/packetspec/packetspec/conformance/adapter"
)

// beyondExactOrRefused: a packet with an integer beyond 61 bits, which data begins with, is
// refused or exactly right. (INT-5) What is beyond the oracle as well is not looked at.
func (two pair) beyondExactOrRefused(data []byte, want oraclePacket) error {
	if want.beyondOracle() {
		return nil
	}
	for _, implementation := range two {
		got, _, err := implementation.Decode(data)
		if err != nil {
			continue
		}
		if exact := toAdapter(want); fmt.Sprint(got) != fmt.Sprint(exact) {
			return breaks("INT-5", "%s decoding % x", implementation.Hello().Name, data).
				expected("%+v, or an error", exact).got("%+v", got)
		}
	}
	return nil
}

func toAdapter(p oraclePacket) adapter.Packet {
	integer := func(v natural) adapter.Integer { return adapter.Integer(v.String()) }
	q := adapter.Packet{
		IsRequest: p.isRequest, Channel: integer(p.channel), Tag: integer(p.tag), Flags: integer(p.flags),
		Payload: p.payload,
	}
	if p.isRequest {
		q.RqType = integer(p.rqType)
	}
	return q
}

// compareNearlyEqual has an implementation compare p with itself, and with packets that
// differ in one field. Responses have no type. (EQ-1, EQ-2)
func compareNearlyEqual(implementation adapter.Implementation, p adapter.Packet) error {
	equaler, ok := implementation.(adapter.Equaler)
	if !ok {
		return nil
	}
	other := func(v adapter.Integer) adapter.Integer {
		if v == "1" {
			return "2"
		}
		return "1"
	}
	for _, variant := range []struct {
		name   string
		change func(*adapter.Packet)
	}{
		{"nothing", func(*adapter.Packet) {}},
		{"kind", func(q *adapter.Packet) { q.IsRequest = !q.IsRequest }},
		{"channel", func(q *adapter.Packet) { q.Channel = other(q.Channel) }},
		{"tag", func(q *adapter.Packet) { q.Tag = other(q.Tag) }},
		{"flags", func(q *adapter.Packet) { q.Flags = other(q.Flags) }},
		{"type", func(q *adapter.Packet) { q.RqType = other(q.RqType) }},
		{"length", func(q *adapter.Packet) { q.Payload = append(q.Payload[:len(q.Payload):len(q.Payload)], 'x') }},
		{"payload", func(q *adapter.Packet) {
			q.Payload = append(adapter.Hex{}, q.Payload...)
			for i := range q.Payload {
				q.Payload[i] ^= 0xff
			}
		}},
	} {
		q := p
		variant.change(&q)
		want := variant.name == "nothing" || variant.name == "type" && !p.IsRequest || variant.name == "payload" && len(p.Payload) == 0
		if got, err := equaler.Equal(p, q); got != want || err != nil {
			return breaks("EQ-1", "%s comparing %+v with the same but for its %s", implementation.Hello().Name, p, variant.name).
				expected("%t", want).got("%t, error %v", got, err)
		}
	}
	return nil
}

package steps

import (
	"fmt"
	"testing"

	"github.com/packetspec/packetspec/conformance/adapter"
)

// An adapter that replies unsupported lacks the ability that the command needs, if it needs one.
func TestNeededFor(t *testing.T) {
	packet := func(tag adapter.Integer) *adapter.Packet {
		return &adapter.Packet{Channel: "0", Tag: tag, Flags: "0"}
	}
	octets := func(s string) *adapter.Hex {
		h := adapter.Hex(s)
		return &h
	}
	for _, c := range []struct {
		m    adapter.Message
		want string
	}{
		{adapter.Message{Op: adapter.OpOpen}, "open"},
		{adapter.Message{Op: adapter.OpOpen, Grace: ptr(0.0)}, "open"},
		{adapter.Message{Op: adapter.OpOpen, Tick: adapter.TickRecord}, "tick"},
		{adapter.Message{Op: adapter.OpTicks}, "tick"},
		{adapter.Message{Op: adapter.OpEqual, A: packet("1"), B: packet("1")}, "equal"},
		{adapter.Message{Op: adapter.OpString, Packet: packet("1")}, "string"},
		{adapter.Message{Op: adapter.OpRequest, RqType: "1", Flags: "2"}, "request"},
		{adapter.Message{Op: adapter.OpRequest, RqType: "1", Decode: adapter.DecodeRaise}, "decode-response"},
		{adapter.Message{Op: adapter.OpDo, RqType: "1", Decode: adapter.DecodeFlags}, "decode-flags"},
		{adapter.Message{Op: adapter.OpDo, RqType: "1", Channel: "0"}, "do"},
		{adapter.Message{Op: adapter.OpDo, RqType: "1", Channel: "5"}, "channels"},
		{adapter.Message{Op: adapter.OpDo, RqType: "-1"}, "negative"},
		{adapter.Message{Op: adapter.OpDo, RqType: "1", Flags: "-1"}, "negative"},
		{adapter.Message{Op: adapter.OpEncode, Packet: packet("2305843009213693951")}, "encode"},
		{adapter.Message{Op: adapter.OpEncode, Packet: packet("2305843009213693952")}, "big-integers"},
		{adapter.Message{Op: adapter.OpDecode, Bytes: octets("\x02\x01\x00")}, "decode"},
		{adapter.Message{Op: adapter.OpDecode, Bytes: octets("\x02\x01")}, "decode"},
		{adapter.Message{Op: adapter.OpDecode, Bytes: octets("\x0a\x9f\xff\xff\xff\xff\xff\xff\xff\x7f\x00")}, "decode"},
		{adapter.Message{Op: adapter.OpDecode, Bytes: octets("\x0a\xa0\x80\x80\x80\x80\x80\x80\x80\x00\x00")}, "big-integers"},
	} {
		if got := neededFor(c.m); got != c.want {
			t.Errorf("%+v: got %q, expected %q", c.m, got, c.want)
		}
	}
}

func TestLack(t *testing.T) {
	for name, err := range map[string]error{
		"": fmt.Errorf("%w: the runner does not see the subject's memory", ErrSkip), "tick": &lackError{"tick", "", ErrSkip},
		"open": fmt.Errorf("a step: %w", &lackError{"open", "open", ErrSkip}),
	} {
		refused := map[string]string{"open": "open"}[name]
		if got, command := Lack(err); got != name || command != refused {
			t.Errorf("%v: got %q, %q, expected %q, %q", err, got, command, name, refused)
		}
	}
}

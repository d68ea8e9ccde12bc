package judge_test

import (
	"testing"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/fuzz/input"
	"github.com/packetspec/packetspec/fuzz/judge"
)

// TestBeyond lets an integer of more than 64 bits be read exactly, or be refused, but not be
// taken for another.
func TestBeyond(t *testing.T) {
	// A word of 71 bits, 1<<70 | 3, that is flags 1<<68, and channel 1<<70.
	octets := []byte("\x19\x04\x81\x80\x80\x80\x80\x80\x80\x80\x80\x80\x03\x81\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00\x06x")
	exact := adapter.Packet{
		IsRequest: true, Tag: "4", Flags: "295147905179352825856", Channel: "1180591620717411303424", RqType: "6", Payload: []byte("x"),
	}
	cut := exact
	cut.Flags = "0"
	all := len(octets)
	for name, test := range map[string]struct {
		packet *adapter.Packet
		err    error
		want   string
	}{
		"exact":   {packet: &exact},
		"refused": {err: adapter.Errorf(adapter.Malformed, "too large")},
		"cut":     {packet: &cut, want: "INT-5 fields codec"},
	} {
		r := judge.Reading{Frame: input.Read(octets)}
		m := r.Commands(func(adapter.Ability) bool { return true })[0]
		got := ""
		if d, differs := r.Judge(m, adapter.Reply{Packet: test.packet, Consumed: &all}, test.err); differs {
			got = d.Signature()
		}
		if got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}

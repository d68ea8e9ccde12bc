package steps

import (
	"testing"

	"github.com/packetspec/packetspec/conformance/adapter"
)

// A result of a request reads like the response on the wire that brings it.
func TestDescribeResult(t *testing.T) {
	for _, c := range []struct {
		ok      bool
		flags   adapter.Integer
		payload string
		want    string
	}{
		{true, "85", "", "ok, flags 0x55"},
		{false, "0", "", "failed"},
		{true, "0", "hi", `ok, payload "hi"`},
		{false, "-1", "\xff\x00", "failed, flags -0x1, payload ff00"},
	} {
		got := describeResult(c.ok, c.flags, []byte(c.payload))
		if got != c.want {
			t.Errorf("got %q, expected %q", got, c.want)
		}
		if c.flags == "-1" {
			continue
		}
		p, err := parsePacket("response: tag 1, " + c.want)
		if err != nil {
			t.Fatal(err)
		}
		if wire := p.String(); wire != "response: tag 1, "+got {
			t.Errorf("got %q, expected the notation of %q", got, wire)
		}
	}
	if got, want := describeCall("2", "7", []byte("a")), `type 2, flags 0x7, payload "a"`; got != want {
		t.Errorf("got %q, expected %q", got, want)
	}
}

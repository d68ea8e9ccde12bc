package plan_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/packetspec/packetspec/fuzz/input"
	"github.com/packetspec/packetspec/fuzz/plan"
)

func request(tag, rqType uint64, payload string) []byte {
	return input.Packet{IsRequest: true, Tag: tag, Type: rqType + 1, Payload: []byte(payload)}.Octets()
}

func join(parts ...[]byte) (raw []byte) {
	for _, p := range parts {
		raw = append(raw, p...)
	}
	return raw
}

// TestRequired lists what some inputs require, answer by answer.
func TestRequired(t *testing.T) {
	for _, test := range []struct {
		name string
		raw  []byte
		want string
	}{
		{"a tag used again", join(request(1, 0, ""), request(1, 0, ""), eof), "HND-1 result, TAG-3 result"},
		{"a duplicate", join(request(1, 6, "g"), request(1, 0, ""), eof), "TAG-5 result, TAG-4 failure"},
		{"two duplicates", join(request(1, 6, "g"), request(1, 0, ""), request(1, 0, "")), "TAG-5 result, TAG-4 failure, TAG-5 failure"},
		{"after EOF", join(eof, request(1, 0, "")), ""},
		{"another channel", input.Packet{IsRequest: true, Channel: 5, Type: 1}.Octets(), "CHN-1 failure"},
		{"after a shutdown", join(input.Step(input.Shutdown, 0, nil), request(1, 0, "")), "SHD-10 failure or nothing"},
		{"no handler", join(input.Step(input.Options, 1, nil), request(1, 0, "")), "HND-8 failure"},
		{"beyond 61 bits", request(1<<62, 0, ""), "INT-5 unspecified"},
		{"flags without room", input.Packet{IsRequest: true, Tag: 1, Flags: input.MaxInteger, Type: 2}.Octets(), "HND-2 result or failure"},
		{"no name of a gate", request(1, 6, ""), ""},
		{"a handler that asks", join(request(1, 9, "x"), input.Packet{Tag: 1, Flags: 1, Payload: []byte("y")}.Octets()), "HND-3 result"},
		{"a handler that is answered beyond 61 bits", join(request(1, 9, "x"), []byte("\x0b\x01\x81\xff\xff\xff\xff\xff\xff\xff\xff\x7c")), "EOS-6 unspecified"},
		{"a handler that is not answered", request(1, 9, "x"), "EOS-6 failure"},
	} {
		var got []string
		for _, a := range plan.Make(test.raw, plan.Abilities{}).Answers {
			if !a.Ping {
				got = append(got, fmt.Sprintf("%s %s", a.Requirement, a.Allowed))
			}
		}
		if got := strings.Join(got, ", "); got != test.want {
			t.Errorf("%s: requires %q, want %q", test.name, got, test.want)
		}
	}
}

// TestEnds shows how inputs end the peer's stream.
func TestEnds(t *testing.T) {
	for octets, want := range map[string]string{
		"": "EOS-2 [cut]", "\x03\x00\x02\x00": "EOS-3 [eof]", "\x03\x00\x06\x00": "MEO-1 [malformed]",
		"\x00": "BAD-1 [malformed]", "\x03\x00": "BAD-2 [cut]",
		"\x27" + strings.Repeat("\xff", 9) + "\x7f": "INT-5 [cut malformed]", // refused at once, or when its octets stop
	} {
		end := plan.Make([]byte(octets), plan.Abilities{}).End
		if got := fmt.Sprintf("%s %v", end.Requirement, end.Reasons); got != want {
			t.Errorf("% x: %s, want %s", octets, got, want)
		}
	}
}

// TestLengthEndsAShutdown lets a blocking shutdown return as soon as a length has come that
// may be too large, whatever of its packet follows in another piece.
func TestLengthEndsAShutdown(t *testing.T) {
	made := plan.Make(join(
		input.Asks(input.Local{Type: 1}, 0), input.Step(input.Shutdown, input.Blocking, nil),
		input.Step(input.Segment, 5, nil), []byte("\x90\x80\x80\x80\x00\x06\x01\xff"),
	), plan.Abilities{})
	first := slices.IndexFunc(made.Acts, func(a plan.Act) bool { return a.Verb == plan.Write })
	if got := made.Shutdowns[0].Earliest; got != first || made.Shutdowns[0].Due <= first {
		t.Errorf("the shutdown may return from act %d on and must from %d, want %d and a later one", got, made.Shutdowns[0].Due, first)
	}
}

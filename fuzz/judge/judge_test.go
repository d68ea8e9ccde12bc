package judge_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/fuzz/input"
	"github.com/packetspec/packetspec/fuzz/judge"
	"github.com/packetspec/packetspec/fuzz/plan"
)

func request(tag, rqType uint64, payload string) []byte {
	return input.Packet{IsRequest: true, Tag: tag, Type: rqType + 1, Payload: []byte(payload)}.Octets()
}

// TestGivenUp judges nothing that the peer never wrote, because it waited in vain for
// something before: neither a duplicate, nor a response, nor how the stream ends.
func TestGivenUp(t *testing.T) {
	made := plan.Make(slices.Concat(
		request(1, 6, "g"), request(2, 9, "n"), // whose request does not come
		request(1, 0, ""),                                    // a duplicate
		input.Packet{Tag: 1, Flags: 1}.Octets(),              // the response
		input.Step(input.Release, 0, []byte("g")), []byte{0}, // a malformed packet
	), plan.Abilities{})
	waits := slices.IndexFunc(made.Acts, func(a plan.Act) bool { return a.Verb == plan.Await })
	got := func(octets string) judge.Received {
		return judge.Received{Frame: input.Read([]byte(octets)), Act: made.Finish}
	}
	record := &judge.Record{
		Aborted: waits, Waited: time.Second, Ended: true, EndAct: made.Finish,
		Packets:       []judge.Received{got("\x03\x01\x04g"), got("\x02\x02\x00"), got("\x03\x00\x02\x00")},
		LocalRequests: make([]judge.CommandResult, len(made.LocalRequests)),
		Join:          judge.CommandResult{Sent: true, Done: true, Act: made.Finish, Reply: adapter.Reply{Ended: "cut"}},
		LastRequest:   judge.CommandResult{Done: true, Err: adapter.Errorf(adapter.Closed, "")},
	}
	found := judge.Judge(made, record, true)
	if len(found) != 1 || found[0].Signature() != "BID-2 missing request open" {
		t.Fatalf("found %+v, expected the missing request alone", found)
	}
	if came := found[0].Came; !strings.Contains(came, "nothing within 1 s") {
		t.Errorf("came is told as %q, expected for how long it was waited for", came)
	}
}

// TestPolls takes the requests that a subject sends before it begins to shut down for no
// others than the player has asked for.
func TestPolls(t *testing.T) {
	made := plan.Make(slices.Concat(request(1, 6, "g"), input.Step(input.Shutdown, input.Blocking, nil)), plan.Abilities{})
	polls := slices.IndexFunc(made.Acts, func(a plan.Act) bool { return a.Verb == plan.AwaitClosed })
	end := len(made.Acts) - 1
	for polled, want := range map[int]string{2: "", 1: "RQS-1 extra request shut"} {
		record := &judge.Record{
			Aborted: -1, Polled: polled, Ended: true, EndAct: end,
			Packets: []judge.Received{
				{Frame: input.Read([]byte("\x03\x01\x02\x01")), Act: polls}, {Frame: input.Read([]byte("\x03\x02\x02\x01")), Act: polls},
			},
			Refusals:    []judge.CommandResult{{Sent: true, Done: true, Err: adapter.Errorf(adapter.Closed, ""), Act: polls}},
			Shutdowns:   []judge.CommandResult{{Sent: true, Done: true, Act: end, Had: 1 << 10}},
			LastRequest: judge.CommandResult{Done: true, Err: adapter.Errorf(adapter.Closed, "")},
		}
		for i, a := range made.Answers {
			p := input.Packet{Channel: a.Packet.Channel, Tag: a.Packet.Tag, Payload: a.Payload}
			if i == 0 {
				p.Flags = 1
			}
			record.Packets = append(record.Packets, judge.Received{Frame: input.Read(p.Octets()), Act: end})
		}
		record.Packets = append(record.Packets, judge.Received{Frame: input.Read([]byte("\x03\x00\x02\x00")), Act: end})
		var got []string
		for _, d := range judge.Judge(made, record, false) {
			if d.Kind == "extra request" {
				got = append(got, d.Signature())
			}
		}
		if got := strings.Join(got, ", "); got != want {
			t.Errorf("of 2 requests %d were asked for: got %q, want %q", polled, got, want)
		}
	}
}

// TestHandledBeyond lets the handler get an integer that only some implementations hold.
func TestHandledBeyond(t *testing.T) {
	wide := []byte("\x11\x04\x9b\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x06\xc3\xa9\x22\x27") // its word has 77 bits
	made := plan.Make(wide, plan.Abilities{})
	for payload, want := range map[string]int{"'": 0, "another": 1} {
		seen := []adapter.Seen{{RqType: "1103009", Flags: "1020031160299843366158337", Payload: []byte(payload)}}
		record := &judge.Record{
			Aborted: -1, Ended: true, Seen: seen, Packets: []judge.Received{{Frame: input.Read([]byte("\x03\x00\x02\x00"))}},
			LastRequest: judge.CommandResult{Done: true, Err: adapter.Errorf(adapter.Closed, "")},
		}
		var kinds []string
		for _, d := range judge.Judge(made, record, false) {
			kinds = append(kinds, d.Signature())
		}
		if len(kinds) != want {
			t.Errorf("the handler gets %q: got the differences %q, want %d", payload, kinds, want)
		}
	}
}

// TestSurplus lets an adapter say more than it must.
func TestSurplus(t *testing.T) {
	made := plan.Make(input.Step(input.Shutdown, 0, nil), plan.Abilities{})
	ok := true
	record := &judge.Record{Aborted: -1, Shutdowns: []judge.CommandResult{{Sent: true, Done: true, Reply: adapter.Reply{OK: &ok}}}}
	for _, d := range judge.Judge(made, record, false) {
		if strings.HasPrefix(d.Kind, "shutdown") {
			t.Errorf("%s: %s", d.Signature(), d.Came)
		}
	}
}

// TestFailuresOfOneTag has the refusal of a duplicate answer the duplicate, and not the
// request before it, which must be answered by a failure too, later.
func TestFailuresOfOneTag(t *testing.T) {
	made := plan.Make(slices.Concat(request(1, 9, "n"), request(1, 0, ""), input.Packet{IsRequest: true}.Octets()), plan.Abilities{})
	refused := made.Answers[1].Sent
	end := len(made.Acts) - 1
	got := func(octets string, act int) judge.Received {
		return judge.Received{Frame: input.Read([]byte(octets)), Act: act}
	}
	for name, test := range map[string]struct {
		failures []judge.Received
		want     string
	}{
		"both":     {failures: []judge.Received{got("\x02\x01\x00", refused), got("\x02\x01\x00", end)}},
		"one":      {failures: []judge.Received{got("\x02\x01\x00", refused)}, want: "TAG-5 no answer over"},
		"and late": {failures: []judge.Received{got("\x02\x01\x00", end)}, want: "TAG-5 no answer over"},
	} {
		packets := append([]judge.Received{got("\x04\x01\x02\x03n", made.LocalRequests[0].Submitted)}, test.failures...)
		record := &judge.Record{
			Aborted: -1, Ended: true, EndAct: end, Packets: append(packets, got("\x03\x00\x02\x00", end)),
			LocalRequests: make([]judge.CommandResult, len(made.LocalRequests)),
			LastRequest:   judge.CommandResult{Done: true, Err: adapter.Errorf(adapter.Closed, "")},
		}
		var signatures []string
		for _, d := range judge.Judge(made, record, false) {
			signatures = append(signatures, d.Signature())
		}
		if got := strings.Join(signatures, ", "); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}

// TestTagOfAnswered breaks TAG-1 by the tag of a request that has been answered, which is of
// level should, and TAG-2 by one that is in flight.
func TestTagOfAnswered(t *testing.T) {
	ask := input.Asks(input.Local{Type: 2}, 0)
	for want, between := range map[string][]byte{
		"TAG-1 tag open": input.Packet{Tag: 1, Flags: 1}.Octets(),
		"TAG-2 tag open": input.Step(input.Await, 0, nil),
	} {
		made := plan.Make(slices.Concat(ask, between, ask), plan.Abilities{})
		record := &judge.Record{Aborted: -1}
		for _, r := range made.LocalRequests {
			p := input.Packet{IsRequest: true, Tag: 1, Type: 3}
			record.Packets = append(record.Packets, judge.Received{Frame: input.Read(p.Octets()), Act: r.Submitted})
		}
		found := judge.Judge(made, record, false)
		if len(found) == 0 || found[0].Signature() != want {
			t.Errorf("found %+v, want %s", found, want)
		}
	}
}

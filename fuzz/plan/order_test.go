package plan_test

import (
	"slices"
	"testing"

	"github.com/packetspec/packetspec/fuzz/input"
	"github.com/packetspec/packetspec/fuzz/plan"
)

var (
	eof       = input.Packet{IsRequest: true}.Octets()
	ask       = input.Asks(input.Local{Type: 2, Payload: []byte("x")}, 0)
	shut      = input.Step(input.Shutdown, 0, nil)
	shutBlock = input.Step(input.Shutdown, input.Blocking, nil)
)

func response(tag uint64) []byte { return input.Packet{Tag: tag, Flags: 1}.Octets() }

// verbs returns what a plan does, act by act.
func verbs(p *plan.Plan) (all []plan.Verb) {
	for _, a := range p.Acts {
		all = append(all, a.Verb)
	}
	return all
}

// TestShutdownIsOrdered waits for what shows that a shutdown has begun before anything is
// done that may come before it to the subject.
func TestShutdownIsOrdered(t *testing.T) {
	for name, raw := range map[string][]byte{
		"while a handler is held, before EOF":                     join(request(1, 6, "g"), shutBlock, eof),
		"while a handler is held, before the close":               join(request(1, 6, "g"), shutBlock, input.Step(input.Close, 0, nil)),
		"while a handler is held, at the end":                     join(request(1, 6, "g"), shutBlock),
		"while a handler is held, before another":                 join(request(1, 6, "g"), shutBlock, shutBlock),
		"while a handler is held, before one that does not block": join(request(1, 6, "g"), shutBlock, shut),
		"while a handler asks":                                    join(request(1, 9, "g"), shutBlock, eof),
		"while a request is pending":                              join(ask, shutBlock, eof),
		"while a request is pending, before another":              join(ask, shutBlock, shutBlock, eof),
		"with nothing outstanding":                                join(shutBlock, eof),
		"without blocking":                                        join(request(1, 6, "g"), shut, eof),
	} {
		t.Run(name, func(t *testing.T) {
			all := verbs(plan.Make(raw, plan.Abilities{}))
			at := slices.Index(all, plan.Shutdown)
			if next := all[at+1]; next != plan.Await && next != plan.AwaitClosed {
				t.Errorf("the acts %v do not wait for what act %d begins", all, at)
			}
		})
	}
}

// TestEOFShowsAShutdown requires EOF of a blocking shutdown that waits for requests alone,
// and does not wait for requests to be refused then.
func TestEOFShowsAShutdown(t *testing.T) {
	made := plan.Make(join(ask, shutBlock, eof), plan.Abilities{})
	if made.EOF == plan.Never || len(made.Refusals) > 0 {
		t.Errorf("EOF is due at act %d, %d requests must be refused; expected EOF alone", made.EOF, len(made.Refusals))
	}
}

// TestRequestIsSentFirst waits for a local request on the wire before the peer writes what
// answers or cancels it: it is pending from its sending on.
func TestRequestIsSentFirst(t *testing.T) {
	for name, raw := range map[string][]byte{
		"before its response": join(ask, response(1)), "before EOF": join(ask, eof),
		"before the close": join(ask, input.Step(input.Close, 0, nil)), "before the end": ask,
	} {
		all := verbs(plan.Make(raw, plan.Abilities{}))
		if at := slices.Index(all, plan.Request); all[at+1] != plan.Await {
			t.Errorf("%s: the acts %v do not wait for the request", name, all)
		}
	}
}

// TestHoldIsReceivedFirst has the subject be known to have received a request before it is
// shut down, though something else was waited for since it was written.
func TestHoldIsReceivedFirst(t *testing.T) {
	made := plan.Make(join(
		request(1, 6, "g"), request(1, 0, ""), request(2, 6, "h"), input.Step(input.Release, 0, []byte("g")), shut,
	), plan.Abilities{})
	held := slices.IndexFunc(made.Answers, func(a plan.Answer) bool { return a.Packet.Tag == 2 })
	ping := slices.IndexFunc(made.Answers, func(a plan.Answer) bool { return a.Ping && a.Sent >= made.Answers[held].Sent })
	if ping < 0 || made.Answers[ping].Sent > made.Shutdowns[0].Act {
		t.Errorf("nothing shows that the request with tag 2 was received before act %d", made.Shutdowns[0].Act)
	}
}

// TestPlaces requires no more handlers at once than every implementation runs.
func TestPlaces(t *testing.T) {
	var nested []byte
	for tag := range uint64(101) {
		nested = append(nested, request(100+tag, 9, "n")...)
	}
	made := plan.Make(join(nested, request(1, 2, "plain"), response(1)), plan.Abilities{})
	if n := len(made.LocalRequests); n != 64 {
		t.Errorf("%d handlers are to ask the peer at once, expected 64", n)
	}
	plain := made.Answers[slices.IndexFunc(made.Answers, func(a plan.Answer) bool { return a.Packet.Tag == 1 })]
	if plain.Due != made.LocalRequests[0].Answered {
		t.Errorf("a request beside 64 handlers that wait is due at act %d, expected %d, when one is answered", plain.Due, made.LocalRequests[0].Answered)
	}
}

// TestHandlersInAnyOrder waits for the answer to a request before two more handlers leave
// no place for it: they may be begun first.
func TestHandlersInAnyOrder(t *testing.T) {
	made := plan.Make(join(request(1, 2, "a"), request(2, 6, "g"), request(3, 6, "h")), plan.Abilities{})
	if first, last := made.Answers[0].Sent, made.Answers[2].Sent; !slices.Contains(verbs(made)[first:last], plan.Await) {
		t.Errorf("the acts %v do not wait for the first answer before the second handler is held", verbs(made))
	}
}

// TestUnspecifiedSize leaves requests out that adapters may answer by 64 MiB.
func TestUnspecifiedSize(t *testing.T) {
	for _, size := range []string{"1684384", "9e9", "-1", "00001", ""} {
		made := plan.Make(join(request(1, 8, size), request(1, 8, size)), plan.Abilities{})
		if len(made.Answers) > 0 {
			t.Errorf("size %q: %d requests are written, expected none", size, len(made.Answers))
		}
	}
}

// TestLevels names requirements of level should where an implementation that breaks only
// such a one would fail.
func TestLevels(t *testing.T) {
	used := join(request(1, 0, ""), request(1, 9, "n"), eof)
	if r := plan.Make(used, plan.Abilities{}).LocalRequests[0]; r.Requirement != "TAG-3" {
		t.Errorf("the request of a handler whose tag was used is required by %s, want TAG-3", r.Requirement)
	}
	for want, raw := range map[string][]byte{
		"SHD-6": join(request(1, 6, "g"), shutBlock),
		"TAG-5": join(request(1, 6, "g"), request(1, 0, ""), shutBlock),
		"TAG-3": join(request(1, 0, ""), request(1, 6, "g"), shutBlock),
	} {
		if s := plan.Make(raw, plan.Abilities{}).Shutdowns[0]; s.HeldRequirement != want {
			t.Errorf("% x: the shutdown waits for the handler by %s, want %s", raw, s.HeldRequirement, want)
		}
	}
	cancelled := plan.Make(join(request(1, 9, "n"), request(1, 0, ""), eof), plan.Abilities{}).Answers[0]
	if cancelled.Requirement != "TAG-5" {
		t.Errorf("a request with a duplicate that is cancelled is answered by %s, want TAG-5", cancelled.Requirement)
	}
}

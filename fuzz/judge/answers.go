package judge

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"

	"github.com/packetspec/packetspec/fuzz/input"
	"github.com/packetspec/packetspec/fuzz/plan"
)

// answers compares the answers by tag and channel: they may come in any order.
func (j *judgement) answers() {
	came := map[input.ID][]Received{}
	required := map[input.ID][]*plan.Answer{}
	var ids []input.ID // some of them twice
	for _, g := range j.record.Packets[:j.eof()] {
		if g.Shape == input.Whole && !g.Packet.IsRequest {
			id := g.Packet.ID()
			came[id] = append(came[id], g)
			ids = append(ids, id)
		}
	}
	for i := range j.plan.Answers {
		a := &j.plan.Answers[i]
		id := a.Packet.ID()
		required[id] = append(required[id], a)
		ids = append(ids, id)
	}
	for _, id := range ids {
		j.match(required[id], came[id])
		delete(required, id)
		delete(came, id)
	}
}

// match compares the answers to the requests with one tag and channel. Where one response
// may answer several requests, it answers the one whose answer was due first, and of two a
// request that does not reach the handler.
func (j *judgement) match(required []*plan.Answer, came []Received) {
	all := required
	required = slices.SortedStableFunc(slices.Values(required), func(a, b *plan.Answer) int {
		switch {
		case a.Due != b.Due || a.Handler == b.Handler:
			return cmp.Compare(a.Due, b.Due)
		case a.Handler == plan.NotCalled:
			return -1
		}
		return 1
	})
	for _, must := range []bool{true, false} {
		required = slices.DeleteFunc(required, func(a *plan.Answer) bool {
			i := slices.IndexFunc(came, func(g Received) bool { return a.Matches(g.Packet) && a.Sent <= g.Act })
			if a.Required() != must || i < 0 {
				return false
			}
			j.late(a, came[i])
			j.names(a, came[i])
			came = slices.Delete(came, i, i+1)
			return true
		})
	}
	for _, a := range required {
		switch {
		case !a.Required():
		case len(came) > 0:
			j.add(Difference{
				Requirement: a.Requirement, Kind: a.Differs(came[0].Packet), Act: came[0].Act,
				Expected: a.String(), Came: input.Show(came[0].Packet),
			})
			came = came[1:]
		case j.endedEarly:
		default:
			j.add(Difference{
				Requirement: a.Requirement, Kind: "no answer", Act: min(a.Due, j.plan.Finish-1),
				Expected: a.String(), Came: j.record.nothing(),
			})
		}
	}
	for _, g := range came {
		if !j.refusesEOF(g) {
			j.extra(all, g)
		}
	}
}

func (j *judgement) extra(required []*plan.Answer, g Received) {
	requirement := "RSP-1"
	if len(required) > 0 {
		requirement = required[len(required)-1].Requirement
	} else {
		for _, n := range j.plan.Notes {
			if n.Act <= g.Act && n.Packet.Tag == g.Packet.Tag && n.Packet.Channel == g.Packet.Channel && n.Requirement != "" {
				requirement = n.Requirement
			}
		}
	}
	j.add(Difference{
		Requirement: requirement, Kind: "extra answer", Act: g.Act,
		Expected: "no other answer with its tag", Came: input.Show(g.Packet),
	})
}

// names finds a refusal of a channel that does not name the channel. (CHN-4)
func (j *judgement) names(a *plan.Answer, g Received) {
	channel := strconv.FormatUint(a.Packet.Channel, 10)
	if a.Requirement != "CHN-1" || a.Ping || bytes.Contains(g.Packet.Payload, []byte(channel)) {
		return
	}
	j.add(Difference{
		Requirement: "CHN-4", Kind: "channel not named", Act: g.Act,
		Expected: "a text that names channel " + channel, Came: input.Show(g.Packet),
	})
}

// refusesEOF finds a response to a malformed EOF packet, which is no request.
func (j *judgement) refusesEOF(g Received) bool {
	for _, n := range j.plan.Notes {
		if n.Kind == "meo" && n.Act <= g.Act && n.Packet.Tag == g.Packet.Tag && g.Packet.Channel == 0 && g.Packet.Flags&1 == 0 {
			j.add(Difference{
				Requirement: n.Requirement, Kind: "malformed EOF refused", Act: g.Act,
				Expected: "the end of the stream, and no answer", Came: input.Show(g.Packet),
			})
			return true
		}
	}
	return false
}

// late finds an answer that came only after the wait for it had run out.
func (j *judgement) late(a *plan.Answer, g Received) {
	if a.Due <= j.limit && g.Act > j.limit {
		j.add(Difference{
			Requirement: a.Requirement, Kind: "late answer", Act: a.Due, Timed: true,
			Expected: a.String() + " while the connection is " + j.state(a.Due), Came: j.record.tooLate("it came"),
		})
	}
}

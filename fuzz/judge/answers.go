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
func (j *judgement) answers() (found []Difference) {
	came := map[input.ID][]Received{}
	required := map[input.ID][]*plan.Answer{}
	var ids []input.ID // some of them twice
	for _, g := range j.record.Packets[:j.eof] {
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
		found = append(found, j.match(required[id], came[id])...)
		delete(required, id)
		delete(came, id)
	}
	return found
}

// match compares the answers to the requests with one tag and channel. Where one response
// may answer several requests, it answers the one whose answer was due first, and of two a
// request that does not reach the handler.
func (j *judgement) match(required []*plan.Answer, came []Received) (found []Difference) {
	all := required
	reaches := func(a *plan.Answer) int {
		if a.Handler == plan.NotCalled {
			return 0
		}
		return 1
	}
	required = slices.SortedStableFunc(slices.Values(required), func(a, b *plan.Answer) int {
		return cmp.Or(cmp.Compare(a.Due, b.Due), cmp.Compare(reaches(a), reaches(b)))
	})
	for _, must := range []bool{true, false} {
		required = slices.DeleteFunc(required, func(a *plan.Answer) bool {
			i := slices.IndexFunc(came, func(g Received) bool { return a.Matches(g.Packet) && a.Sent <= g.Act })
			if a.Required() != must || i < 0 {
				return false
			}
			found = slices.Concat(found, j.late(a, came[i]), names(a, came[i]))
			came = slices.Delete(came, i, i+1)
			return true
		})
	}
	for _, a := range required {
		switch {
		case !a.Required():
		case len(came) > 0:
			found = append(found, Difference{
				Requirement: a.Requirement, Kind: a.Differs(came[0].Packet), Act: came[0].Act,
				Expected: a.String(), Came: input.Show(came[0].Packet),
			})
			came = came[1:]
		case j.endedEarly:
		default:
			found = append(found, Difference{
				Requirement: a.Requirement, Kind: "no answer", Act: min(a.Due, j.plan.Finish-1),
				Expected: a.String(), Came: j.record.nothing(),
			})
		}
	}
	for _, g := range came {
		found = append(found, j.extra(all, g))
	}
	return found
}

// extra returns what it means that a response answers no request.
func (j *judgement) extra(required []*plan.Answer, g Received) Difference {
	d := Difference{
		Requirement: "RSP-1", Kind: "extra answer", Act: g.Act,
		Expected: "no other answer with its tag", Came: input.Show(g.Packet),
	}
	for _, n := range j.plan.Notes {
		switch {
		case n.Act > g.Act || n.Packet.Tag != g.Packet.Tag:
		case n.Kind == "meo" && g.Packet.Channel == 0 && g.Packet.Flags&1 == 0: // it is no request
			d.Requirement, d.Kind, d.Expected = n.Requirement, "malformed EOF refused", "the end of the stream, and no answer"
			return d
		case n.Packet.Channel == g.Packet.Channel && n.Requirement != "":
			d.Requirement = n.Requirement
		}
	}
	if len(required) > 0 {
		d.Requirement = required[len(required)-1].Requirement
	}
	return d
}

// names finds a refusal of a channel that does not name the channel. (CHN-4)
func names(a *plan.Answer, g Received) []Difference {
	channel := strconv.FormatUint(a.Packet.Channel, 10)
	if a.Requirement != "CHN-1" || a.Ping || bytes.Contains(g.Packet.Payload, []byte(channel)) {
		return nil
	}
	return []Difference{{
		Requirement: "CHN-4", Kind: "channel not named", Act: g.Act,
		Expected: "a text that names channel " + channel, Came: input.Show(g.Packet),
	}}
}

// late finds an answer that came only after the wait for it had run out.
func (j *judgement) late(a *plan.Answer, g Received) []Difference {
	if a.Due > j.limit || g.Act <= j.limit {
		return nil
	}
	return []Difference{{
		Requirement: a.Requirement, Kind: "late answer", Act: a.Due, Timed: true,
		Expected: a.String() + " while the connection is " + j.state(a.Due), Came: j.record.tooLate("it came"),
	}}
}

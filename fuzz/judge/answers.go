package judge

import (
	"bytes"
	"slices"
	"strconv"

	"github.com/packetspec/packetspec/fuzz/input"
	"github.com/packetspec/packetspec/fuzz/plan"
)

// answers compares the answers as a set: by tag and channel, their order is open.
func (j *judgement) answers() {
	came := map[input.ID][]Got{}
	var order []input.ID
	eof := j.eof()
	for i, g := range j.record.Packets {
		if g.Shape != input.Whole || g.Packet.IsRequest || i > eof {
			continue
		}
		at := g.Packet.ID()
		if came[at] == nil {
			order = append(order, at)
		}
		came[at] = append(came[at], g)
	}
	wanted := map[input.ID][]*plan.Answer{}
	for i := range j.plan.Answers {
		a := &j.plan.Answers[i]
		at := a.Packet.ID()
		if wanted[at] == nil && came[at] == nil {
			order = append(order, at)
		}
		wanted[at] = append(wanted[at], a)
	}
	for _, at := range order {
		j.match(wanted[at], came[at])
	}
}

// match compares the answers to the requests of one tag and channel.
func (j *judgement) match(wanted []*plan.Answer, came []Got) {
	all := wanted
	take := func(fits func(*plan.Answer, Got) bool) {
		wanted = slices.DeleteFunc(slices.Clone(wanted), func(a *plan.Answer) bool {
			i := slices.IndexFunc(came, func(g Got) bool { return fits(a, g) })
			if i < 0 {
				return false
			}
			j.late(a, came[i])
			j.names(a, came[i])
			came = slices.Delete(slices.Clone(came), i, i+1)
			return true
		})
	}
	take(func(a *plan.Answer, g Got) bool { return a.Required() && a.Matches(g.Packet) && a.Sent <= g.Act })
	take(func(a *plan.Answer, g Got) bool { return !a.Required() && a.Matches(g.Packet) && a.Sent <= g.Act })
	came = slices.DeleteFunc(slices.Clone(came), j.refusesEOF)
	for len(wanted) > 0 {
		a := wanted[0]
		wanted = wanted[1:]
		switch {
		case !a.Required():
		case len(came) > 0:
			d := Difference{Requirement: a.Requirement, Kind: a.Differs(came[0].Packet), Act: came[0].Act,
				Expected: a.String(), Came: input.Show(came[0].Packet)}
			came = came[1:]
			j.add(d)
		case j.endedEarly:
		default:
			j.add(Difference{Requirement: a.Requirement, Kind: "no answer", Act: min(a.Due, j.plan.Finish-1), Expected: a.String(),
				Came: j.nothing()})
		}
	}
	for _, g := range came {
		requirement := "RSP-1"
		if len(all) > 0 {
			requirement = all[len(all)-1].Requirement
		} else {
			for _, m := range j.plan.Moves {
				if m.Act <= g.Act && m.Packet.Tag == g.Packet.Tag && m.Packet.Channel == g.Packet.Channel && m.Req != "" {
					requirement = m.Req
				}
			}
		}
		j.add(Difference{Requirement: requirement, Kind: "extra answer", Act: g.Act, Expected: "no other answer with its tag", Came: input.Show(g.Packet)})
	}
}

// names finds a refusal of a channel that does not name it. (CHN-4)
func (j *judgement) names(a *plan.Answer, g Got) {
	if a.Requirement != "CHN-1" || a.Ping || bytes.Contains(g.Packet.Payload, []byte(strconv.FormatUint(a.Packet.Channel, 10))) {
		return
	}
	j.add(Difference{Requirement: "CHN-4", Kind: "channel not named", Act: g.Act, Expected: "a text that names channel " + strconv.FormatUint(a.Packet.Channel, 10), Came: input.Show(g.Packet)})
}

// refusesEOF finds a refusal of a malformed EOF packet, which is no request.
func (j *judgement) refusesEOF(g Got) bool {
	for _, m := range j.plan.Moves {
		if m.Kind == "meo" && m.Act <= g.Act && m.Packet.Tag == g.Packet.Tag && g.Packet.Channel == 0 && g.Packet.Flags&1 == 0 {
			j.add(Difference{Requirement: m.Req, Kind: "malformed EOF refused", Act: g.Act, Expected: "the end of the stream, and no answer", Came: input.Show(g.Packet)})
			return true
		}
	}
	return false
}

// late finds an answer that came only when the peer had given up waiting.
func (j *judgement) late(a *plan.Answer, g Got) {
	if a.Due <= j.limit && g.Act > j.limit {
		j.add(Difference{Requirement: a.Requirement, Kind: "late answer", Act: a.Due, Timed: true, Expected: a.String() + " while the connection is " + j.state(a.Due), Came: j.tooLate("it came")})
	}
}

package judge

import (
	"slices"

	"github.com/packetspec/packetspec/fuzz/input"
	"github.com/packetspec/packetspec/fuzz/plan"
)

// wire inspects what the subject's packets have in common, and its requests.
// It reports whether a request has a wrong tag.
func (j *judgement) wire() (found []Difference, breaksTags bool) {
	found = j.rest()
	next := 0
	for i, g := range j.record.Packets {
		d := Difference{Act: g.Act, Came: input.Hex(g.Octets)}
		switch {
		case i > j.eof:
			d.Requirement, d.Kind, d.Expected = "EOS-4", "after EOF", "EOF last"
			return append(found, d), breaksTags
		case g.Shape != input.Whole:
			d.Requirement, d.Kind, d.Expected = "ENC-1", "no packet", "whole packets"
			found = append(found, d)
			continue
		case !g.Beyond && len(g.Octets) != len(g.Packet.Octets()):
			d.Requirement, d.Kind = "INT-2", "longer form"
			if g.Packet.Channel == 0 && g.Type > g.Channel {
				d.Requirement = "ENC-4"
			}
			d.Expected = input.Hex(g.Packet.Octets())
			found = append(found, d)
		}
		switch {
		case !g.Packet.IsRequest, g.Packet.IsEOF():
		case g.Packet.EndsStream():
			d.Requirement, d.Kind, d.Expected = "EOS-4", "malformed EOF", "03 00 02 00 (EOF)"
			found = append(found, d)
		default:
			if d, differs := j.request(next, g); differs {
				found, breaksTags = append(found, d), breaksTags || d.Kind == wrongTag
			}
			next++
		}
	}
	for ; next < len(j.plan.LocalRequests); next++ {
		r := j.plan.LocalRequests[next]
		if j.endedEarly || j.cancelledUnsent(next) {
			continue
		}
		found = append(found, Difference{
			Requirement: r.Requirement, Kind: "missing request", Act: r.Submitted,
			Expected: input.Show(r.Packet()), Came: j.record.nothing(),
		})
	}
	return found, breaksTags
}

// rest inspects what follows the last packet of the subject.
func (j *judgement) rest() []Difference {
	if len(j.record.Rest) == 0 {
		return nil
	}
	d := Difference{Requirement: "ENC-1", Kind: "no packet", Expected: "whole packets", Came: input.Hex(j.record.Rest), Act: j.record.EndAct}
	if j.eofSeen() {
		d.Requirement, d.Kind, d.Expected = "EOS-4", "after EOF", "EOF last"
	}
	return []Difference{d}
}

// isPoll reports whether the subject's request number i is one that the player submitted to
// see whether a shutdown has begun. These come after all of the plan's.
func (j *judgement) isPoll(i int, p input.Packet) bool {
	return i >= len(j.plan.LocalRequests) && i < len(j.plan.LocalRequests)+j.record.Polled &&
		p.Type == 1 && p.Flags == 0 && len(p.Payload) == 0
}

// cancelledUnsent reports whether a local request was cancelled before it had to be sent,
// which is by the end of the wait that follows it.
func (j *judgement) cancelledUnsent(i int) bool {
	if j.record.LocalRequests[i].Err == nil {
		return false
	}
	after := j.plan.LocalRequests[i].Submitted
	wait := slices.IndexFunc(j.plan.Acts[min(after, len(j.plan.Acts)):], func(a plan.Act) bool { return a.Verb == plan.Await })
	return wait < 0 || j.record.LocalRequests[i].Act <= after+wait
}

// eofSeen reports whether EOF came at all.
func (j *judgement) eofSeen() bool { return j.eof < len(j.record.Packets) }

// eofAct returns the act during which EOF came, or plan.Never.
func (j *judgement) eofAct() int {
	if !j.eofSeen() {
		return plan.Never
	}
	return j.record.Packets[j.eof].Act
}

// eofEnd returns how many octets the subject sent up to the end of EOF, or 0 without EOF.
func (j *judgement) eofEnd() (octets int) {
	if !j.eofSeen() {
		return 0
	}
	for _, g := range j.record.Packets[:j.eof+1] {
		octets += len(g.Octets)
	}
	return octets
}

// wrongTag is the kind of difference after which no response reaches its request.
const wrongTag = "tag"

// request compares the subject's request number i with the plan's.
func (j *judgement) request(i int, g Received) (d Difference, differs bool) {
	if j.isPoll(i, g.Packet) {
		return d, false
	}
	d = Difference{
		Requirement: "RQS-1", Kind: "extra request", Act: g.Act,
		Expected: "no more requests", Came: input.Hex(g.Octets) + " (" + g.Packet.String() + ")",
	}
	if i >= len(j.plan.LocalRequests) || j.plan.LocalRequests[i].Submitted > g.Act {
		return d, true
	}
	required := j.plan.LocalRequests[i]
	p, want := g.Packet, required.Packet()
	d.Expected = input.Show(want)
	switch {
	case p.Same(want):
		if g.Act <= j.limit {
			return d, false
		}
		d.Requirement, d.Kind, d.Timed, d.Came = required.Requirement, "late request", true, j.record.tooLate("it came")
	case p.Tag != want.Tag:
		d.Requirement, d.Kind = "TAG-1", wrongTag
		if j.isInFlight(p.ID(), i) {
			d.Requirement = "TAG-2"
		}
	case p.Channel != want.Channel:
		d.Requirement, d.Kind = "CHN-2", "channel"
	case p.Type != want.Type:
		d.Kind = "type"
	case p.Flags != want.Flags:
		d.Kind = "flags"
	default:
		d.Kind = "payload"
	}
	return d, true
}

// isInFlight reports whether a request of the subject with a tag and channel was in flight
// when it sent request number i.
func (j *judgement) isInFlight(id input.ID, i int) bool {
	earlier := 0
	for _, g := range j.record.Packets {
		if !g.Packet.IsRequest || g.Packet.EndsStream() {
			continue
		}
		if earlier == i {
			return false
		}
		if g.Packet.ID() == id && j.plan.LocalRequests[earlier].Answered >= j.plan.LocalRequests[i].Submitted {
			return true
		}
		earlier++
	}
	return false
}

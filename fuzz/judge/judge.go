package judge

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/packetspec/packetspec/fuzz/input"
	"github.com/packetspec/packetspec/fuzz/plan"
)

// Judge is in what a record differs from what its plan requires, first what came first, and
// of each signature the first.
// What follows from a difference is left out as far as that can be told.
func Judge(p *plan.Plan, r *Record, endReason bool) []Difference {
	j := &judgement{plan: p, record: r, limit: plan.Never - 1}
	if r.Broken != nil {
		return nil
	}
	if r.Aborted >= 0 {
		j.limit = r.Aborted
		j.plan = p.Until(r.Aborted)
	}
	if r.Died != "" {
		j.died()
		return j.found
	}
	j.early()
	taken := j.refusals()
	if !taken {
		j.wire()
	}
	if taken || j.breaksTags {
		return j.found
	}
	j.answers()
	j.calls()
	j.shutdowns()
	j.closed()
	j.ending(endReason)
	if len(j.found) == 0 {
		j.handled()
	}
	slices.SortStableFunc(j.found, func(a, b Difference) int { return cmp.Compare(a.Act, b.Act) })
	return firstOfEach(firstMissing(j.found))
}

// firstOfEach leaves out what has the signature of one before.
func firstOfEach(found []Difference) []Difference {
	had := map[string]bool{}
	return slices.DeleteFunc(found, func(d Difference) bool {
		was := had[d.Signature()]
		had[d.Signature()] = true
		return was
	})
}

// firstMissing leaves out what may be missing only because something before is: of all that
// did not come, the first counts.
func firstMissing(found []Difference) []Difference {
	missing := false
	return slices.DeleteFunc(found, func(d Difference) bool {
		if !isMissing(d) {
			return false
		}
		was := missing
		missing = true
		return was
	})
}

type judgement struct {
	plan   *plan.Plan
	record *Record
	limit  int // the last act of the script that was done
	found  []Difference

	breaksTags bool // local requests have other tags, so that no response reaches them
	endedEarly bool
}

func (j *judgement) add(d Difference) {
	d.State = j.state(d.Act)
	j.found = append(j.found, d)
}

// state is what state the connection was in at an act.
func (j *judgement) state(act int) string {
	p := plan.Up
	if len(j.plan.Shutdowns) > 0 && j.plan.Shutdowns[0].Asked <= act {
		p = plan.Shut
	}
	if j.plan.End.Act <= act {
		return plan.Over.String()
	}
	return p.String()
}

// lastMove is what was done last up to an act, of what a subject can notice.
func (j *judgement) lastMove(act int) plan.Move {
	last := plan.Move{Req: "EOS-3", Kind: "open"}
	for _, m := range j.plan.Moves {
		if m.Act <= act && m.Req != "" {
			last = m
		}
	}
	return last
}

func (j *judgement) died() {
	at := len(j.plan.Acts) - 1
	if j.record.Aborted >= 0 {
		at = j.record.Aborted
	}
	last := j.lastMove(at)
	j.add(Difference{Requirement: last.Req, Kind: "crash", Expected: "the process to live on after " + last.String(), Came: j.record.Died, Act: at})
}

// early finds that the subject ended its stream before it had a reason to.
func (j *judgement) early() {
	reason := j.plan.End.From
	if len(j.plan.Shutdowns) > 0 {
		reason = min(reason, j.plan.Shutdowns[0].Asked)
	}
	at := j.eofAct()
	if j.record.Ended {
		at = min(at, j.record.EndAct)
	}
	if at >= reason {
		return
	}
	j.endedEarly = true
	last := j.lastMove(at)
	j.add(Difference{Requirement: last.Req, Kind: "ended by " + last.Kind, Expected: "the stream to go on after " + last.String(), Came: "its end", Act: at})
}

// wire looks at what all packets of the subject have in common, and at its requests.
func (j *judgement) wire() {
	switch {
	case len(j.record.Rest) == 0:
	case j.eofSeen():
		j.add(Difference{Requirement: "EOS-4", Kind: "after EOF", Expected: "EOF last", Came: input.Hex(j.record.Rest), Act: j.record.EndAct})
	default:
		j.add(Difference{Requirement: "ENC-1", Kind: "no packet", Expected: "whole packets",
			Came: input.Hex(j.record.Rest), Act: j.record.EndAct})
	}
	next, eof := 0, j.eof()
	for i, g := range j.record.Packets {
		at := Difference{Act: g.Act, Came: input.Hex(g.Octets)}
		switch {
		case i > eof:
			at.Requirement, at.Kind, at.Expected = "EOS-4", "after EOF", "EOF last"
			j.add(at)
			return
		case g.Shape != input.Whole:
			at.Requirement, at.Kind, at.Expected = "ENC-1", "no packet", "whole packets"
			j.add(at)
			continue
		case !g.Beyond && len(g.Octets) != len(g.Packet.Octets()):
			at.Requirement, at.Kind = "INT-2", "longer form"
			if g.Packet.Channel == 0 && g.Type > g.Channel {
				at.Requirement = "ENC-4"
			}
			at.Expected = input.Hex(g.Packet.Octets())
			j.add(at)
		}
		switch {
		case !g.Packet.IsRequest, g.Packet.IsEOF():
			continue
		case g.Packet.EndsStream():
			at.Requirement, at.Kind, at.Expected = "EOS-4", "malformed EOF", "03 00 02 00 (EOF)"
			j.add(at)
			continue
		}
		if next < len(j.plan.Calls) || !j.isPoll(next, g.Packet) {
			j.request(next, g)
		}
		next++
	}
	for ; next < len(j.plan.Calls); next++ {
		c := j.plan.Calls[next]
		if j.endedEarly || j.cancelledUnsent(next) {
			continue
		}
		j.add(Difference{Requirement: c.Requirement, Kind: "missing request", Expected: input.Show(c.Wire()), Came: j.nothing(), Act: c.Asked})
	}
}

// isPoll reports whether the subject's request number i is one that the player has asked
// for to see whether a shutdown has begun.
func (j *judgement) isPoll(i int, p input.Packet) bool {
	return i < len(j.plan.Calls)+j.record.Polled && p.Type == 1 && p.Flags == 0 && len(p.Payload) == 0
}

// nothing says for how long what did not come was waited for.
func (j *judgement) nothing() string {
	r := j.record
	switch {
	case r.Flooded:
		return fmt.Sprintf("nothing like it in %d packets, more than there can be a reason for", len(r.Packets))
	case r.Waited > 0 && r.Ended:
		return fmt.Sprintf("nothing within %s, nor later until the end of the subject's stream", seconds(r.Waited))
	case r.Waited > 0:
		return "nothing within " + seconds(r.Waited)
	case r.Ended:
		return "nothing until the end of the subject's stream"
	case r.WaitedEnd > 0:
		return "nothing within " + seconds(r.WaitedEnd)
	}
	return "nothing"
}

// late says when what came too late had not come.
func (j *judgement) tooLate(what string) string {
	return fmt.Sprintf("nothing within %s, and %s later", seconds(j.record.Waited), what)
}

// seconds returns a time in seconds, with its unit.
func seconds(d time.Duration) string {
	return strconv.FormatFloat(d.Seconds(), 'g', -1, 64) + " s"
}

// cancelledUnsent reports whether a call may have been cancelled before it had to go out,
// which is by the end of the wait that follows it.
func (j *judgement) cancelledUnsent(call int) bool {
	if call >= len(j.record.Calls) || j.record.Calls[call].Err == nil {
		return false
	}
	after := j.plan.Calls[call].Asked
	wait := slices.IndexFunc(j.plan.Acts[min(after, len(j.plan.Acts)):], func(a plan.Act) bool { return a.Verb == plan.Await })
	return wait < 0 || j.record.Calls[call].Act <= after+wait
}

// eof is the number of the first EOF packet, or how many packets there are.
func (j *judgement) eof() int {
	i := slices.IndexFunc(j.record.Packets, func(g Got) bool { return g.Shape == input.Whole && g.Packet.EndsStream() })
	if i < 0 {
		return len(j.record.Packets)
	}
	return i
}

// eofSeen reports whether EOF came at all.
func (j *judgement) eofSeen() bool { return j.eof() < len(j.record.Packets) }

// eofAct is the act by which EOF came, or plan.Never.
func (j *judgement) eofAct() int {
	if !j.eofSeen() {
		return plan.Never
	}
	return j.record.Packets[j.eof()].Act
}

// eofEnd is how many octets the subject sent up to the end of EOF; 0: it sent none.
func (j *judgement) eofEnd() (octets int) {
	if !j.eofSeen() {
		return 0
	}
	for _, g := range j.record.Packets[:j.eof()+1] {
		octets += len(g.Octets)
	}
	return octets
}

// request compares the subject's request number i with the call that it is to be.
func (j *judgement) request(i int, g Got) {
	d := Difference{Requirement: "RQS-1", Kind: "extra request", Expected: "no more requests", Came: input.Hex(g.Octets) + " (" + g.Packet.String() + ")", Act: g.Act}
	if i >= len(j.plan.Calls) || j.plan.Calls[i].Asked > g.Act {
		j.add(d)
		return
	}
	want := j.plan.Calls[i].Wire()
	d.Expected = input.Show(want)
	p := g.Packet
	switch {
	case p.Same(want):
		if g.Act > j.limit && j.plan.Calls[i].Asked <= j.limit {
			d.Requirement, d.Kind, d.Timed = j.plan.Calls[i].Requirement, "late request", true
			d.Came = j.tooLate("it came")
			j.add(d)
		}
		return
	case p.Tag != want.Tag:
		d.Requirement, d.Kind, j.breaksTags = "TAG-1", "tag", true
		for _, earlier := range j.record.Packets {
			if earlier.Packet.IsRequest && earlier.Packet.Tag == p.Tag && earlier.Packet.Channel == p.Channel && earlier.Act < g.Act {
				d.Requirement = "TAG-2"
			}
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
	j.add(d)
}

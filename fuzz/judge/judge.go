package judge

import (
	"cmp"
	"slices"
	"strings"

	"github.com/packetspec/packetspec/fuzz/plan"
)

// Judge returns the differences between a record and its plan, in the order of their acts,
// at most one per signature. It leaves out what only follows from another difference, as far
// as it can see that. With endReason, the subject's join reports how the peer's stream ended. It
// returns nothing if the subject's process died: what is missing then breaks no requirement.
func Judge(p *plan.Plan, r *Record, endReason bool) []Difference {
	if r.Broken != nil || r.Died {
		return nil
	}
	j := &judgement{plan: p, record: r, eof: r.eof(), limit: plan.Never - 1}
	if r.Aborted >= 0 {
		j.limit = r.Aborted
		j.plan = p.Until(r.Aborted)
	}
	found := j.early()
	j.endedEarly = len(found) > 0
	refusals, accepted := j.refusals()
	found = append(found, refusals...)
	if accepted {
		return j.inState(found) // no later request has the tag that the plan gives it
	}
	wire, breaksTags := j.wire()
	found = append(found, wire...)
	if breaksTags {
		return j.inState(found) // no response reaches its request
	}
	found = slices.Concat(found, j.answers(), j.localRequests(), j.shutdowns(), j.lastRequest(), j.end(), j.join(endReason))
	if len(found) == 0 {
		found = j.handled()
	}
	slices.SortStableFunc(found, func(a, b Difference) int { return cmp.Compare(a.Act, b.Act) })
	return firstOfEach(firstMissing(j.inState(found)))
}

// firstOfEach leaves out differences with the signature of an earlier one.
func firstOfEach(found []Difference) []Difference {
	had := map[string]bool{}
	return slices.DeleteFunc(found, func(d Difference) bool {
		was := had[d.Signature()]
		had[d.Signature()] = true
		return was
	})
}

// firstMissing leaves out everything missing but the first: the rest may be missing only
// because of it.
func firstMissing(found []Difference) []Difference {
	had := false
	return slices.DeleteFunc(found, func(d Difference) bool {
		was, isMissing := had, d.IsMissing()
		had = had || isMissing
		return was && isMissing
	})
}

// missing lists the kinds of differences that mean that something did not come, or not in time.
var missing = []string{
	"no answer", "missing request", "wait does not return", "shutdown does not return", "no end", "join does not return",
	"late answer", "late request", "late result", "late cancellation", "shutdown returns late",
}

// IsMissing reports whether something did not come, or not in time.
func (d Difference) IsMissing() bool { return slices.Contains(missing, d.Kind) }

// A judgement is what the comparison of one record with its plan rests on. The checks, which
// are its methods, return what they find, and change nothing.
type judgement struct {
	plan       *plan.Plan
	record     *Record
	eof        int  // the number of the first EOF packet, malformed or not, or how many packets there are
	limit      int  // the last act before the script was given up
	endedEarly bool // the subject's stream ended without a reason
}

// inState sets the state of each difference: the one that the connection was in during its
// act. What join reports is wrong in any state.
func (j *judgement) inState(found []Difference) []Difference {
	for i := range found {
		if d := &found[i]; !strings.HasPrefix(d.Kind, told) {
			d.State = j.state(d.Act)
		}
	}
	return found
}

// state returns the name of the state that the connection was in during an act.
func (j *judgement) state(act int) string {
	switch {
	case j.plan.End.Act <= act:
		return plan.PeerEnded.String()
	case len(j.plan.Shutdowns) > 0 && j.plan.Shutdowns[0].Act <= act:
		return plan.ShutDown.String()
	}
	return plan.Open.String()
}

// lastNote returns the last note up to an act that a subject can notice.
func (j *judgement) lastNote(act int) plan.Note {
	last := plan.Note{Requirement: "EOS-3", Kind: "open"}
	for _, n := range j.plan.Notes {
		if n.Act <= act && n.Requirement != "" {
			last = n
		}
	}
	return last
}

// early finds that the subject ended its stream before it had a reason to.
func (j *judgement) early() []Difference {
	reason := j.plan.End.From
	if len(j.plan.Shutdowns) > 0 {
		reason = min(reason, j.plan.Shutdowns[0].Act)
	}
	at := j.eofAct()
	if j.record.Ended {
		at = min(at, j.record.EndAct)
	}
	if at >= reason {
		return nil
	}
	last := j.lastNote(at)
	return []Difference{{
		Requirement: last.Requirement, Kind: "ended by " + last.Kind, Act: at,
		Expected: "the stream to go on after " + last.String(), Came: "its end",
	}}
}

package judge

import (
	"cmp"
	"slices"

	"github.com/packetspec/packetspec/fuzz/plan"
)

// Judge returns the differences between a record and its plan, in the order of their acts,
// at most one per signature. It leaves out what only follows from another difference, as far
// as it can see that. With endReason, the subject's join reports how the peer's stream ended.
func Judge(p *plan.Plan, r *Record, endReason bool) []Difference {
	if r.Broken != nil {
		return nil
	}
	j := &judgement{plan: p, record: r, limit: plan.Never - 1}
	if r.Aborted >= 0 {
		j.limit = r.Aborted
		j.plan = p.Until(r.Aborted)
	}
	if r.Died != "" {
		j.died()
		return j.found
	}
	j.early()
	accepted := j.refusals()
	if !accepted {
		j.wire()
	}
	if accepted || j.breaksTags {
		return j.found
	}
	j.answers()
	j.localRequests()
	j.shutdowns()
	j.lastRequest()
	j.end()
	j.join(endReason)
	if len(j.found) == 0 {
		j.handled()
	}
	slices.SortStableFunc(j.found, func(a, b Difference) int { return cmp.Compare(a.Act, b.Act) })
	return firstOfEach(firstMissing(j.found))
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
		was, isMissing := had, slices.Contains(missing, d.Kind)
		had = had || isMissing
		return was && isMissing
	})
}

// missing lists the kinds of differences that mean that something did not come, or not in time.
var missing = []string{
	"no answer", "missing request", "wait does not return", "shutdown does not return", "no end", "join does not return",
	"late answer", "late request", "late result", "late cancellation", "shutdown returns late",
}

// A judgement compares one record with its plan.
type judgement struct {
	plan   *plan.Plan
	record *Record
	limit  int // the last act before the script was given up
	found  []Difference

	breaksTags bool // local requests have wrong tags, so no response reaches them
	endedEarly bool // the subject's stream ended without a reason
}

// add adds a difference, in the state that the connection was in during its act.
func (j *judgement) add(d Difference) {
	d.State = j.state(d.Act)
	j.found = append(j.found, d)
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

func (j *judgement) died() {
	at := min(j.limit, len(j.plan.Acts)-1)
	last := j.lastNote(at)
	j.add(Difference{
		Requirement: last.Requirement, Kind: "crash", Act: at,
		Expected: "the process to go on after " + last.String(), Came: j.record.Died,
	})
}

// early finds that the subject ended its stream before it had a reason to.
func (j *judgement) early() {
	reason := j.plan.End.From
	if len(j.plan.Shutdowns) > 0 {
		reason = min(reason, j.plan.Shutdowns[0].Act)
	}
	at := j.eofAct()
	if j.record.Ended {
		at = min(at, j.record.EndAct)
	}
	if at >= reason {
		return
	}
	j.endedEarly = true
	last := j.lastNote(at)
	j.add(Difference{
		Requirement: last.Requirement, Kind: "ended by " + last.Kind, Act: at,
		Expected: "the stream to go on after " + last.String(), Came: "its end",
	})
}

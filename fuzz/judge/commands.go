package judge

import (
	"fmt"
	"slices"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/fuzz/plan"
)

func (j *judgement) localRequests() (found []Difference) {
	for i, r := range j.plan.LocalRequests {
		if !r.IsLocalUsers() || r.Unspecified || j.endedEarly {
			continue
		}
		if d, differs := j.localRequest(r, j.record.LocalRequests[i]); differs {
			found = append(found, d)
		}
	}
	return found
}

// localRequest compares how a local request ended with how it must.
func (j *judgement) localRequest(r plan.LocalRequest, got CommandResult) (d Difference, differs bool) {
	if r.Answered != plan.Never {
		return j.answered(r, got)
	}
	d = Difference{
		Requirement: j.plan.End.Cancels, Act: min(j.plan.End.Act, len(j.plan.Acts)),
		Expected: "the request to be cancelled by the end of the peer's stream", Came: j.record.result(got),
	}
	cancelled := got.Err != nil && got.Err.Kind == adapter.Cancelled
	switch last := j.lastNote(got.Act); {
	case !got.Done:
		d.Kind = "wait does not return"
	case cancelled && got.Act >= j.plan.End.From, j.plan.End.Unspecified:
		d.Kind, d.Timed, d.Came = "late cancellation", true, j.record.tooLate(got.String())
		return d, !r.Late && j.plan.End.Act <= j.limit && got.Act > j.limit
	case cancelled:
		d.Requirement, d.Kind, d.Act, d.Expected = last.Requirement, "cancelled early", got.Act, "it to stay pending after "+last.String()
		if j.state(got.Act) == plan.ShutDown.String() {
			d.Requirement = "SHD-5"
		}
	case got.Err == nil:
		d.Requirement, d.Kind, d.Act = last.Requirement, "answered by another", got.Act
	default:
		d.Kind = "error " + string(got.Err.Kind)
	}
	return d, true
}

// answered compares how a local request that the peer has answered ended with how it must.
func (j *judgement) answered(r plan.LocalRequest, got CommandResult) (d Difference, differs bool) {
	want := requiredResult(r)
	d = Difference{Requirement: r.ResultRequirement, Act: r.Answered, Expected: want.String(), Came: j.record.result(got)}
	if !got.Done {
		d.Kind = "wait does not return"
		return d, true
	}
	if d.Kind = got.differs(want); d.Kind == "" {
		d.Kind, d.Timed, d.Came = "late result", true, j.record.tooLate(got.String())
		return d, !r.Late && got.Act > j.limit
	}
	return d, true
}

// requiredResult returns how the wait for an answered local request must end.
func requiredResult(r plan.LocalRequest) CommandResult {
	ok, flags, payload, raises := r.Result()
	if raises {
		return CommandResult{Done: true, Err: adapter.Errorf(adapter.BadDecode, "the decoder was asked to fail")}
	}
	return CommandResult{Done: true, Reply: adapter.Reply{OK: &ok, Flags: adapter.Int(flags), Payload: (*adapter.Hex)(&payload)}}
}

// shutdowns inspects when the calls of shutdown returned.
func (j *judgement) shutdowns() (found []Difference) {
	for i, s := range j.plan.Shutdowns {
		if d, differs := j.shutdown(s, j.record.Shutdowns[i]); differs {
			found = append(found, d)
		}
	}
	return found
}

// shutdown compares how a call of shutdown ended with how it must. Once the script has been
// given up, nothing orders the call against what ends it, so only its return is required.
func (j *judgement) shutdown(s plan.ShutdownCall, got CommandResult) (d Difference, differs bool) {
	d = Difference{Requirement: "SHD-8", Act: s.Act, Expected: "shutdown to return", Came: j.record.result(got)}
	switch {
	case s.Second:
		d.Requirement = "SHD-4"
	case s.Block:
		d.Requirement = "SHD-6"
	case s.Held:
		d.Requirement = "SHD-9"
	}
	switch {
	case !got.Done:
		d.Kind = "shutdown does not return"
	case got.Err != nil:
		d.Kind = "shutdown fails"
	case got.Act < s.Earliest && s.Earliest <= len(j.plan.Acts):
		d.Kind, d.Requirement, d.Expected = "shutdown returns early", s.HeldRequirement, "shutdown to return when no accepted request is unanswered"
		if !s.Held {
			d.Requirement, d.Expected = "SHD-7", "shutdown to return when no local request is pending"
		}
	case s.Block && !s.Second && got.Act <= j.limit && got.Had < j.eofEnd():
		d.Kind, d.Expected = "shutdown returns before EOF", "EOF to be sent before shutdown returns"
		d.Came = fmt.Sprintf("its return after %d octets, EOF after %d", got.Had, j.eofEnd())
	case s.Due <= j.limit && got.Act > j.limit:
		d.Kind, d.Timed, d.Came = "shutdown returns late", true, j.record.tooLate(got.String())
		if !s.Block && s.Held {
			d.Requirement = "SHD-9" // it waits for handlers, though perhaps as a second one
		}
	default:
		return d, false
	}
	return d, true
}

// refusals inspects local requests that had to be refused. It reports whether one was
// accepted, in which case no later request has the tag that the plan gives it.
func (j *judgement) refusals() (found []Difference, accepted bool) {
	for i, r := range j.plan.Refusals {
		kinds := []adapter.Kind{adapter.Closed}
		if r.Requirement == "CHN-5" {
			kinds = []adapter.Kind{adapter.Invalid, adapter.Unsupported}
		}
		got := j.record.Refusals[i]
		d, differs := j.refused(r.Requirement, r.Act, got, kinds...)
		if n := j.record.Polled; r.Act == j.limit && n > 0 {
			d.Came, d.Timed = fmt.Sprintf("%d were accepted within %s", n, seconds(j.record.Waited)), true
		}
		if differs {
			found = append(found, d)
		}
		accepted = accepted || got.Done && got.Err == nil
	}
	return found, accepted
}

// lastRequest inspects the request that was submitted when both streams had ended.
func (j *judgement) lastRequest() []Difference {
	requirement := "EOS-8"
	if len(j.plan.Shutdowns) > 0 {
		requirement = "SHD-1"
	}
	d, differs := j.refused(requirement, len(j.plan.Acts)-1, j.record.LastRequest, adapter.Closed)
	if differs && j.record.LastRequest.Sent && !j.record.Hung {
		return []Difference{d}
	}
	return nil
}

// refused requires that a local request was refused with an error of one of some kinds.
func (j *judgement) refused(requirement string, at int, got CommandResult, kinds ...adapter.Kind) (d Difference, differs bool) {
	d = Difference{
		Requirement: requirement, Kind: "request taken", Act: at, Timed: !got.Done,
		Expected: fmt.Sprintf("a request to be refused as %q", kinds), Came: j.record.result(got),
	}
	if got.Err != nil {
		d.Kind = "request refused as " + string(got.Err.Kind)
	}
	return d, got.Err == nil || !slices.Contains(kinds, got.Err.Kind)
}

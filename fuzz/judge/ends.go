package judge

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/fuzz/input"
	"github.com/packetspec/packetspec/fuzz/plan"
)

// calls looks at how the local user's requests ended.
func (j *judgement) calls() {
	for i, c := range j.plan.Calls {
		if c.Nested >= 0 || i >= len(j.record.Calls) || c.Open || j.endedEarly {
			continue
		}
		s := j.record.Calls[i]
		d := Difference{Requirement: c.Answers, Act: c.Asked, Came: j.came(s)}
		answered := c.Answered != plan.Never
		if !answered {
			d.Requirement = j.plan.End.Cancels
			d.Expected = "the request to be cancelled by the end of the peer's stream"
			d.Act = min(j.plan.End.Act, len(j.plan.Acts))
		} else {
			d.Act = c.Answered
			d.Expected = expected(c).tell()
		}
		switch {
		case !s.Done:
			d.Kind = "wait does not return"
		case answered && s.same(expected(c)):
			if !c.Late && s.Act > j.limit {
				d.Kind, d.Timed, d.Came = "late result", true, j.tooLate(s.tell())
				break
			}
			continue
		case !answered && adapter.KindOf(s.Err) == adapter.Cancelled && s.Act >= j.plan.End.From, !answered && j.plan.End.Open:
			if !c.Late && j.plan.End.Act <= j.limit && s.Act > j.limit {
				d.Kind, d.Timed, d.Came = "late cancellation", true, j.tooLate(s.tell())
				break
			}
			continue
		case !answered && adapter.KindOf(s.Err) == adapter.Cancelled:
			last := j.lastMove(s.Act)
			d.Requirement, d.Kind, d.Act, d.Expected = last.Req, "cancelled early", s.Act, "it to stay pending after "+last.String()
			if j.state(s.Act) == plan.Shut.String() {
				d.Requirement = "SHD-5"
			}
		case !answered && s.Err == nil:
			last := j.lastMove(s.Act)
			d.Requirement, d.Kind, d.Act = last.Req, "answered by another", s.Act
		case s.Err != nil:
			d.Kind = "error " + string(adapter.KindOf(s.Err))
		default:
			d.Kind = s.differs(expected(c))
		}
		j.add(d)
	}
}

// expected returns how the wait for an answered local request must end.
func expected(c plan.Call) Settled {
	ok, flags, payload, raises := c.Result()
	if raises {
		return Settled{Done: true, Err: adapter.Errorf(adapter.BadDecode, "the decoder was asked to fail")}
	}
	return Settled{Done: true, Reply: adapter.Reply{OK: &ok, Flags: adapter.Int(flags), Payload: (*adapter.Hex)(&payload)}}
}

func (s Settled) same(t Settled) bool {
	if s.Err != nil || t.Err != nil {
		return s.Err != nil && t.Err != nil && adapter.KindOf(s.Err) == adapter.KindOf(t.Err)
	}
	return s.differs(t) == ""
}

// differs names the first part of a reply that is another.
func (s Settled) differs(t Settled) string {
	switch {
	case t.Err != nil:
		return "no error"
	case *s.Reply.OK != *t.Reply.OK:
		return "result's ok"
	case s.Reply.Flags != t.Reply.Flags:
		return "result's flags"
	case string(*s.Reply.Payload) != string(*t.Reply.Payload):
		return "result's payload"
	}
	return ""
}

func (s Settled) tell() string {
	switch {
	case s.Err != nil:
		return "the error " + s.Err.Error()
	case s.Reply.OK != nil && s.Reply.Payload != nil: // an adapter may say more than it must
		verdict := "failed"
		if *s.Reply.OK {
			verdict = "ok"
		}
		return fmt.Sprintf("%s, flags %s, payload %s", verdict, s.Reply.Flags, input.Words(*s.Reply.Payload))
	}
	return "its return"
}

// came tells how a command ended, or for how long it was waited for.
func (j *judgement) came(s Settled) string {
	if !s.Done {
		return j.nothing()
	}
	return s.tell()
}

func (j *judgement) shutdowns() {
	for i, s := range j.plan.Shutdowns {
		if i >= len(j.record.Shutdowns) {
			continue
		}
		got := j.record.Shutdowns[i]
		d := Difference{Requirement: "SHD-8", Act: s.Asked, Expected: "shutdown to return", Came: j.came(got)}
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
			d.Kind, d.Expected = "shutdown returns early", "shutdown to return when no accepted request is unanswered"
			if !s.Held {
				d.Requirement, d.Expected = "SHD-7", "shutdown to return when no local request is pending"
			}
		case s.Block && !s.Second && got.Act <= j.limit && got.Had < j.eofEnd():
			d.Kind, d.Expected = "shutdown returns before EOF", "EOF to be sent before shutdown returns"
			d.Came = fmt.Sprintf("its return after %d octets, EOF after %d", got.Had, j.eofEnd())
		case s.Due <= j.limit && got.Act > j.limit:
			d.Kind, d.Timed, d.Came = "shutdown returns late", true, j.tooLate(got.tell())
		default:
			continue
		}
		j.add(d)
	}
}

// refusals looks at local requests that had to be refused, and tells whether one was taken,
// so that no later one has the tag that it should.
func (j *judgement) refusals() (taken bool) {
	for i, r := range j.plan.Refused {
		if i >= len(j.record.Refused) {
			continue
		}
		s, kinds := j.record.Refused[i], []adapter.Kind{adapter.Closed}
		if r.Requirement == "CHN-5" {
			kinds = []adapter.Kind{adapter.Invalid, adapter.Unsupported}
		}
		j.refused(r.Requirement, r.Act, s, kinds...)
		if n := j.record.Polled; r.Act == j.limit && n > 0 {
			d := &j.found[len(j.found)-1]
			d.Came, d.Timed = fmt.Sprintf("%d were taken within %s", n, seconds(j.record.Waited)), true
		}
		taken = taken || s.Done && s.Err == nil
	}
	return taken
}

// closed looks at the request that was made when all was over.
func (j *judgement) closed() {
	requirement := "EOS-8"
	if len(j.plan.Shutdowns) > 0 {
		requirement = "SHD-1"
	}
	if j.record.Probe.Sent && !j.record.Hung {
		j.refused(requirement, len(j.plan.Acts)-1, j.record.Probe, adapter.Closed)
	}
}

// refused holds a request to have been refused, with an error of one of these kinds.
func (j *judgement) refused(requirement string, at int, s Settled, kinds ...adapter.Kind) {
	if s.Done && slices.Contains(kinds, adapter.KindOf(s.Err)) {
		return
	}
	kind := "request taken" // or its refusal does not come
	if s.Err != nil {
		kind = "request refused as " + string(adapter.KindOf(s.Err))
	}
	j.add(Difference{Requirement: requirement, Kind: kind, Act: at, Expected: fmt.Sprintf("a request to be refused as %q", kinds), Came: j.came(s), Timed: !s.Done})
}

// ending looks at the end of the subject's stream, and at what join told.
func (j *judgement) ending(endReason bool) {
	end, join := j.plan.End, j.record.Join
	d := Difference{Requirement: end.Requirement, Act: min(end.Act, len(j.plan.Acts)), Came: j.nothing()}
	eof := j.eofSeen()
	switch {
	case !j.record.Ended && eof:
		d.Requirement, d.Kind, d.Expected, d.Came = "EOS-7", "stream left open", "the stream to be closed after EOF", "EOF, and the stream stays open"
		j.add(d)
	case !j.record.Ended:
		d.Kind, d.Expected = "no end", "EOF and the end of the stream"
		j.add(d)
	case !eof:
		d.Kind, d.Expected, d.Came = "no EOF", "EOF before the end of the stream", "the end"
		if !j.endedEarly && len(j.record.Rest) == 0 {
			j.add(d)
		}
	}
	if by := j.plan.EOF; by != plan.Never && !j.endedEarly && j.eofAct() > by {
		d := Difference{
			Requirement: "SHD-8", Kind: "EOF waits", Act: by, Timed: true,
			Expected: "EOF, since nothing is left to be answered", Came: j.nothing(),
		}
		if eof {
			d.Came = j.tooLate("it came")
		}
		if first := j.plan.Shutdowns[0]; first.Block && first.Pending {
			d.Requirement = "SHD-7"
		}
		j.add(d)
	}
	d = Difference{Requirement: "JOI-1", Act: min(end.Act, len(j.plan.Acts)), Came: j.came(join), Expected: "join to return when the peer's stream has ended"}
	switch {
	case !join.Sent:
	case !join.Done:
		d.Kind = "join does not return"
		j.add(d)
	case join.Done && join.Act < end.From && !j.endedEarly:
		d.Kind, d.Act = "join returns early", join.Act
		j.add(d)
	case join.Err != nil:
		d.Kind = "join fails"
		j.add(d)
	case join.Done && endReason && !end.Open && !slices.Contains(end.Reasons, join.Reply.Ended) && !j.endedEarly:
		d.Requirement, d.Kind = "JOI-2", "told "+join.Reply.Ended
		d.Expected, d.Came = fmt.Sprintf("join to tell one of %q", end.Reasons), join.Reply.Ended
		switch topic, _, _ := strings.Cut(end.Requirement, "-"); topic {
		case "MEO":
			d.Requirement = "MEO-3"
		case "BAD":
			d.Requirement = "BAD-3"
		}
		j.add(d)
		j.found[len(j.found)-1].State = "" // whatever it was
	}
}

// isMissing reports whether a difference may be why a stream does not end.
func isMissing(d Difference) bool {
	switch d.Kind {
	case "no answer", "missing request", "wait does not return", "shutdown does not return", "no end", "join does not return",
		"late answer", "late request", "late result", "late cancellation", "shutdown returns late":
		return true
	}
	return false
}

// handled compares what the handler got.
func (j *judgement) handled() {
	if j.record.SeenErr != nil || j.record.Seen == nil {
		return
	}
	type call struct{ rqType, flags, payload string }
	var got []call
	for _, s := range j.record.Seen {
		got = append(got, call{string(s.RqType), string(s.Flags), string(s.Payload)})
	}
	of := func(p input.Packet) call {
		return call{strconv.FormatUint(p.Type-1, 10), strconv.FormatUint(p.Flags, 10), string(p.Payload)}
	}
	for _, want := range []plan.Handled{plan.Called, plan.MayBeCalled} {
		for _, a := range j.plan.Answers {
			if a.Handled != want {
				continue
			}
			i := slices.IndexFunc(got, func(c call) bool {
				// Of integers that are beyond, the packet does not hold the whole.
				return c == of(a.Packet) || a.Requirement == "INT-5" && c.payload == string(a.Packet.Payload)
			})
			switch {
			case i >= 0:
				got = slices.Delete(got, i, i+1)
			case want == plan.Called:
				j.add(Difference{Requirement: "RQS-2", Kind: "handler not called", Act: a.Sent, Expected: "the handler to get the " + a.Packet.String(),
					Came: fmt.Sprintf("%q", got)})
				return
			}
		}
	}
	for _, extra := range got {
		d := Difference{Requirement: "RQS-2", Kind: "handler called", Expected: "no such call", Came: fmt.Sprintf("type %s, flags %s, payload %s", extra.rqType, extra.flags, input.Words([]byte(extra.payload)))}
		for _, m := range j.plan.Moves {
			if m.Packet.IsRequest && of(m.Packet) == extra {
				d.Requirement, d.Act = m.Req, m.Act
			}
		}
		j.add(d)
	}
}

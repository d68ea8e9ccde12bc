package judge

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/packetspec/packetspec/fuzz/input"
	"github.com/packetspec/packetspec/fuzz/plan"
)

// end inspects the end of the subject's stream.
func (j *judgement) end() (found []Difference) {
	required := j.plan.End
	d := Difference{Requirement: required.Requirement, Act: min(required.Act, len(j.plan.Acts)), Came: j.record.nothing()}
	eof := j.eofSeen()
	switch {
	case !j.record.Ended && eof:
		d.Requirement, d.Kind, d.Expected = "EOS-7", "stream left open", "the stream to be closed after EOF"
		d.Came = fmt.Sprintf("EOF, and the stream is still open after %s", seconds(j.record.WaitedEnd))
		found = append(found, d)
	case !j.record.Ended:
		d.Kind, d.Expected = "no end", "EOF and the end of the stream"
		found = append(found, d)
	case !eof && !j.endedEarly && len(j.record.Rest) == 0:
		d.Kind, d.Expected, d.Came = "no EOF", "EOF before the end of the stream", "the end"
		found = append(found, d)
	}
	if by := j.plan.EOF; by != plan.Never && !j.endedEarly && j.eofAct() > by {
		d := Difference{
			Requirement: "SHD-8", Kind: "EOF waits", Act: by, Timed: true,
			Expected: "EOF, since nothing is left to be answered", Came: j.record.nothing(),
		}
		if eof {
			d.Came = j.record.tooLate("it came")
		}
		if first := j.plan.Shutdowns[0]; first.Block && first.Pending {
			d.Requirement = "SHD-7"
		}
		found = append(found, d)
	}
	return found
}

// join inspects when join returned, and, if endReason is true, what it reported.
func (j *judgement) join(endReason bool) []Difference {
	end, got := j.plan.End, j.record.Join
	d := Difference{
		Requirement: "JOI-1", Act: min(end.Act, len(j.plan.Acts)),
		Expected: "join to return when the peer's stream has ended", Came: j.record.result(got),
	}
	switch {
	case !got.Sent:
		return nil
	case !got.Done:
		d.Kind = "join does not return"
	case got.Act < end.From && !j.endedEarly:
		d.Kind, d.Act = "join returns early", got.Act
	case got.Err != nil:
		d.Kind = "join fails"
	case endReason && !end.Unspecified && !slices.Contains(end.Reasons, got.Reply.Ended) && !j.endedEarly:
		d.Requirement, d.Kind = "JOI-2", told+got.Reply.Ended
		d.Expected, d.Came = fmt.Sprintf("join to report one of %q", end.Reasons), got.Reply.Ended
		switch topic, _, _ := strings.Cut(end.Requirement, "-"); topic {
		case "MEO":
			d.Requirement = "MEO-3"
		case "BAD":
			d.Requirement = "BAD-3"
		}
	default:
		return nil
	}
	return []Difference{d}
}

// told begins the kind of a difference in how join says that the peer's stream ended.
const told = "told "

// handled compares the requests that the handler got with those that had to reach it.
func (j *judgement) handled() (found []Difference) {
	if j.record.Seen == nil {
		return nil
	}
	type call struct{ rqType, flags, payload string }
	var got []call
	for _, s := range j.record.Seen {
		got = append(got, call{string(s.RqType), string(s.Flags), string(s.Payload)})
	}
	of := func(p input.Packet) call {
		return call{strconv.FormatUint(p.Type-1, 10), strconv.FormatUint(p.Flags, 10), string(p.Payload)}
	}
	for _, required := range []plan.HandlerCall{plan.Called, plan.MayBeCalled} {
		for _, a := range j.plan.Answers {
			if a.Handler != required {
				continue
			}
			i := slices.IndexFunc(got, func(c call) bool {
				// A packet does not hold the whole of an integer of more than 64 bits.
				return c == of(a.Packet) || a.Requirement == "INT-5" && c.payload == string(a.Packet.Payload)
			})
			switch {
			case i >= 0:
				got = slices.Delete(got, i, i+1)
			case required == plan.Called:
				d := Difference{
					Requirement: "RQS-2", Kind: "handler not called", Act: a.Sent,
					Expected: "the handler to get the " + a.Packet.String(), Came: fmt.Sprintf("%q", got),
				}
				for _, other := range j.plan.Answers { // which may be the one that was refused for its tag
					if other.Requirement == "TAG-3" && of(other.Packet) == of(a.Packet) {
						d.Requirement = "TAG-3"
					}
				}
				return []Difference{d}
			}
		}
	}
	for _, extra := range got {
		d := Difference{
			Requirement: "RQS-2", Kind: "handler called", Expected: "no such call",
			Came: fmt.Sprintf("type %s, flags %s, payload %s", extra.rqType, extra.flags, input.Words([]byte(extra.payload))),
		}
		for _, n := range j.plan.Notes {
			if n.Packet.IsRequest && of(n.Packet) == extra && (d.Act == 0 || n.Outcome == "duplicate") {
				d.Requirement, d.Act = n.Requirement, n.Act
			}
		}
		found = append(found, d)
	}
	return found
}

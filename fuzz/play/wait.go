package play

import (
	"cmp"
	"time"

	"github.com/packetspec/packetspec/fuzz/plan"
)

// dues is what has to come before the script goes on: at once what is on the wire, and
// the commands that have to return.
func (p *player) dues() (wire bool, returns []ticket) {
	need := map[id]int{}
	for i := range p.plan.Answers {
		if a := &p.plan.Answers[i]; a.Due <= p.at {
			need[id{a.Packet.Channel, a.Packet.Tag}]++
		}
	}
	wire = true
	for at, n := range need {
		wire = wire && p.got[at] >= n
	}
	for i, c := range p.plan.Calls {
		if !p.isAsked(i) {
			continue
		}
		if (c.Answered <= p.at || p.plan.End.Act <= p.at) && p.calls[i].to != nil && !p.plan.End.Open {
			returns = append(returns, p.calls[i])
		}
	}
	for i, s := range p.plan.Shutdowns {
		if s.Due <= p.at && p.shutdowns[i].to != nil {
			returns = append(returns, p.shutdowns[i])
		}
	}
	return wire && p.requests >= p.asked() && (p.eof || p.plan.EOF > p.at), returns
}

// isAsked reports whether a call was submitted, by the local user or a handler.
func (p *player) isAsked(call int) bool {
	c := p.plan.Calls[call]
	return c.Asked <= p.at && (c.Nested >= 0 || p.submits[call].to != nil)
}

// asked is how many calls were.
func (p *player) asked() (n int) {
	for i := range p.plan.Calls {
		if p.isAsked(i) {
			n++
		}
	}
	return n
}

// ends is what has to come at the end.
func (p *player) ends() (wire bool, returns []ticket) {
	all := append([]ticket{p.join}, p.shutdowns...)
	for _, t := range append(all, p.calls...) {
		if t.to != nil {
			returns = append(returns, t)
		}
	}
	return p.record.Ended, returns
}

func (p *player) awaitEnd() bool {
	for i, c := range p.plan.Calls {
		if c.Nested < 0 && c.Late && p.submits[i].to != nil && p.calls[i].to == nil {
			p.waitFor(i)
		}
	}
	return p.await(p.patience.End, p.ends)
}

// extensions are how often what must come gets the same time again: a slow subject needs
// it for the last of a thousand answers, one that writes for ever must not have it.
const extensions = 8

// await waits for what must come.
func (p *player) await(limit time.Duration, due func() (bool, []ticket)) bool {
	p.timer.Reset(min(limit, soon))
	rest := limit - soon
	had, more := 0, extensions
	// over reports whether the time is over; the first time, there is a rest, and afterwards
	// more as long as something comes.
	over := func() bool {
		p.stall()
		left, has := rest, len(p.record.Packets)
		rest = 0
		if left <= 0 && has > had && more > 0 {
			left, more = limit, more-1
		}
		had = has
		p.timer.Reset(max(left, time.Microsecond))
		if left <= 0 {
			p.ranOut(limit)
		}
		return left <= 0
	}
	for {
		p.look()
		if p.flooded {
			return false
		}
		wire, returns := due()
		if p.record.Ended && !wire {
			wire = true // it never will
			if p.at < p.plan.Finish {
				return false
			}
		}
		if !wire {
			select {
			case <-p.line.Changed():
			case <-p.timer.C:
				if over() {
					return false
				}
			case <-p.line.Dead():
				return false
			}
			continue
		}
		if !p.awaitReturns(returns, over) {
			return false
		}
		p.look()
		return true
	}
}

// awaitReturns waits for commands until the time is over.
func (p *player) awaitReturns(returns []ticket, over func() bool) bool {
	for _, t := range returns {
		if t.isDone() {
			continue // whatever else is
		}
		for done := false; !done; {
			select {
			case <-t.pending.Done():
				done = true
			case <-p.timer.C:
				if over() {
					p.look()
					return false
				}
			case <-p.line.Dead():
				return false
			}
		}
	}
	return true
}

func (p *player) stall() {
	if p.patience.Stalled != nil {
		p.patience.Stalled()
		p.patience.Stalled = nil
	}
}

// wait waits for one reply.
func (p *player) wait(t ticket, limit time.Duration) bool {
	if t.isDone() {
		p.settle(t)
		return true
	}
	p.timer.Reset(limit)
	select {
	case <-t.pending.Done():
		p.settle(t)
		return true
	case <-p.timer.C:
		p.ranOut(limit)
	case <-p.line.Dead():
	}
	return false
}

// ranOut notes how long was waited for what did not come.
func (p *player) ranOut(limit time.Duration) {
	to := &p.record.Waited
	if p.plan.Acts[p.at].Verb == plan.AwaitEnd {
		to = &p.record.WaitedEnd
	}
	*to = cmp.Or(*to, limit)
}

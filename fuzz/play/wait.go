package play

import (
	"cmp"
	"slices"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/fuzz/input"
	"github.com/packetspec/packetspec/fuzz/judge"
	"github.com/packetspec/packetspec/fuzz/plan"
)

// allDue reports whether everything due has come on the wire, and returns the commands that
// have to end.
func (p *player) allDue() (wire bool, ends []command) {
	due := map[input.ID]int{}
	for i := range p.plan.Answers {
		if a := &p.plan.Answers[i]; a.Due <= p.at {
			due[a.Packet.ID()]++
		}
	}
	wire = p.requests >= p.submittedRequests() && (p.eof || p.plan.EOF > p.at)
	for id, n := range due {
		wire = wire && p.responses[id] >= n
	}
	for i, r := range p.plan.LocalRequests {
		if (r.Answered <= p.at || p.plan.End.Act <= p.at) && p.waits[i].wasGiven() && !p.plan.End.Unspecified {
			ends = append(ends, p.waits[i])
		}
	}
	for i, s := range p.plan.Shutdowns {
		if s.Due <= p.at && p.shutdowns[i].wasGiven() {
			ends = append(ends, p.shutdowns[i])
		}
	}
	return wire, ends
}

// submittedRequests returns how many of the plan's local requests have been submitted, by
// the local user or by a handler.
func (p *player) submittedRequests() (n int) {
	for i, r := range p.plan.LocalRequests {
		if r.Submitted <= p.at && (!r.IsLocalUsers() || p.submitted[i]) {
			n++
		}
	}
	return n
}

// pollReceived reports whether the last request of awaitClosed has come.
func (p *player) pollReceived() (wire bool, ends []command) {
	return p.requests >= p.submittedRequests()+p.record.Polled, nil
}

// allEnded reports whether the subject's stream has ended, and returns the commands that
// have to end by then.
func (p *player) allEnded() (wire bool, ends []command) {
	all := slices.Concat([]command{p.join}, p.shutdowns, p.waits)
	return p.record.Ended, slices.DeleteFunc(all, func(c command) bool { return !c.wasGiven() })
}

// awaitEnd waits until everything has ended. The local user begins to wait for the requests
// that it has not waited for.
func (p *player) awaitEnd() bool {
	for i, r := range p.plan.LocalRequests {
		if r.Late && p.submitted[i] && !p.waits[i].wasGiven() {
			p.waitFor(i)
		}
	}
	return p.await(p.patience.End, p.allEnded)
}

// extensions is how often await starts its limit again because something came. A slow
// subject needs that for the last of a thousand answers. Without a bound, a subject that
// writes without end would be waited for without end.
const extensions = 8

// await waits for what due reports: first on the wire, then for commands to end. It reports
// whether everything came before the limit passed without anything new, and before the
// subject died or sent too much.
func (p *player) await(limit time.Duration, due func() (wire bool, ends []command)) bool {
	p.timer.Reset(min(limit, soon))
	rest := limit - soon
	had, more := 0, extensions
	// expired reports whether the time is over. The first time, the rest of the limit is
	// left; later, a whole limit as long as something came.
	expired := func() bool {
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
		p.collect()
		if p.record.Flooded {
			return false
		}
		wire, ends := due()
		if p.record.Ended && !wire { // it never will be
			if p.at < p.plan.Finish {
				return false
			}
			wire = true
		}
		if !wire {
			if !p.next(p.end.Changed(), nil, expired) {
				return false
			}
			continue
		}
		for _, c := range ends {
			// A command that is done counts, even if the subject has died or the time has expired.
			if !isClosed(c.pending.Done()) && !p.next(c.pending.Done(), nil, expired) {
				p.collect()
				return false
			}
		}
		p.collect()
		return true
	}
}

// next waits until one of two channels delivers. It reports false if the time expired before that, or
// the subject died.
func (p *player) next(either, or <-chan struct{}, expired func() bool) bool {
	for {
		select {
		case <-either:
			return true
		case <-or:
			return true
		case <-p.timer.C:
			if expired() {
				return false
			}
		case <-p.end.Dead():
			return false
		}
	}
}

// stall calls Stalled, once.
func (p *player) stall() {
	if p.patience.Stalled != nil {
		p.patience.Stalled()
		p.patience.Stalled = nil
	}
}

// wait gives a command, waits for it to end, and collects what comes meanwhile.
func (p *player) wait(result *judge.CommandResult, m adapter.Message) bool {
	c := p.do(result, m)
	p.timer.Reset(p.patience.Due)
	expired := func() bool {
		p.ranOut(p.patience.Due)
		return true
	}
	for !isClosed(c.pending.Done()) {
		changed := p.end.Changed()
		if p.record.Flooded {
			changed = nil // nothing is taken any more
		}
		if !p.next(c.pending.Done(), changed, expired) {
			return false
		}
		p.collect()
	}
	p.note(c)
	return true
}

// ranOut records the limit of a wait that ran out.
func (p *player) ranOut(limit time.Duration) {
	to := &p.record.Waited
	if p.plan.Acts[p.at].Verb == plan.AwaitEnd {
		to = &p.record.WaitedEnd
	}
	*to = cmp.Or(*to, limit)
}

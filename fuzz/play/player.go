package play

import (
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/fuzz/input"
	"github.com/packetspec/packetspec/fuzz/judge"
	"github.com/packetspec/packetspec/fuzz/plan"
)

// Play carries out a plan on a line that was opened as the plan says.
func Play(line Line, plan *plan.Plan, patience Patience) *judge.Record {
	p := &player{
		line: line, plan: plan, patience: patience, at: -1,
		got: map[id]int{}, calls: make([]ticket, len(plan.Calls)), submits: make([]ticket, len(plan.Calls)),
		shutdowns: make([]ticket, len(plan.Shutdowns)),
		record: &judge.Record{
			Aborted: -1, Calls: make([]judge.Settled, len(plan.Calls)),
			Refused: make([]judge.Settled, len(plan.Refused)), Shutdowns: make([]judge.Settled, len(plan.Shutdowns)),
		},
	}
	p.mostPackets, p.mostOctets = plan.Most()
	p.timer = time.NewTimer(time.Hour)
	defer p.timer.Stop()
	p.run()
	return p.record
}

type id struct{ channel, tag uint64 }

type player struct {
	line     Line
	plan     *plan.Plan
	record   *judge.Record
	patience Patience
	timer    *time.Timer
	at       int // the act under way

	mostPackets, mostOctets int // that there can be a reason for

	unparsed []byte
	octets   int        // that have come
	flooded  bool       // more has come than there can be any reason for: nothing is taken any more
	got      map[id]int // responses
	requests int        // of the subject's
	latest   input.ID   // of the last one
	eof      bool

	join      ticket
	calls     []ticket // their waits
	submits   []ticket
	shutdowns []ticket
}

// A ticket is a command that was given, and where its end is recorded.
type ticket struct {
	pending Pending
	to      *judge.Settled
	had     <-chan int // of a shutdown: how many octets had been sent when it returned
}

func (t ticket) isDone() bool {
	select {
	case <-t.pending.Done():
		return true
	default:
		return false
	}
}

func (p *player) do(to *judge.Settled, m adapter.Message) ticket {
	to.Sent = true
	return ticket{pending: p.line.Do(m), to: to}
}

func (p *player) run() {
	p.join = p.do(&p.record.Join, adapter.Message{Op: adapter.OpJoin})
	for i := 0; i < len(p.plan.Acts); i++ {
		p.linger(i)
		p.look() // what has come by now came before this act
		p.at = i
		ok := p.perform(p.plan.Acts[i])
		select {
		case <-p.line.Dead():
			p.record.Died = "it ended"
			if p.record.Aborted < 0 {
				p.record.Aborted = i
			}
			p.look()
			return
		default:
		}
		if !ok && p.record.Aborted < 0 {
			p.record.Aborted = i
			if i < p.plan.Finish {
				p.giveUp(i)
				i = p.plan.Finish - 1
			}
		}
	}
	p.look()
	p.record.Flooded = p.flooded
	if !p.flooded {
		p.record.Rest = p.unparsed
	}
}

// giveUp does what is left out of a script that ends at an act, as far as a subject needs it
// to end: the peer ends its stream, and gates are released.
func (p *player) giveUp(act int) {
	p.look()
	p.at = p.plan.Finish
	for _, a := range p.plan.Acts[act:p.plan.Finish] {
		if a.Verb == plan.CloseSend || a.Verb == plan.Release {
			p.perform(a)
		}
	}
}

package play

import (
	"context"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/fuzz/input"
	"github.com/packetspec/packetspec/fuzz/judge"
	"github.com/packetspec/packetspec/fuzz/plan"
)

// Play carries out a plan on a connection that was opened as the plan requires.
func Play(end Endpoint, required *plan.Plan, patience Patience) *judge.Record {
	p := &player{
		end: end, plan: required, patience: patience, at: -1,
		responses: map[input.ID]int{},
		submitted: make([]bool, len(required.LocalRequests)),
		waits:     make([]command, len(required.LocalRequests)),
		shutdowns: make([]command, len(required.Shutdowns)),
		record: &judge.Record{
			Aborted:       -1,
			LocalRequests: make([]judge.CommandResult, len(required.LocalRequests)),
			Refusals:      make([]judge.CommandResult, len(required.Refusals)),
			Shutdowns:     make([]judge.CommandResult, len(required.Shutdowns)),
		},
	}
	p.mostPackets, p.mostOctets = required.MostSent()
	p.timer = time.NewTimer(time.Hour)
	defer p.timer.Stop()
	p.run()
	return p.record
}

// A player carries out one plan.
type player struct {
	end      Endpoint
	plan     *plan.Plan
	record   *judge.Record
	patience Patience
	timer    *time.Timer
	at       int // the act under way

	unparsed  []byte
	octets    int              // received so far
	responses map[input.ID]int // received so far
	requests  int              // received so far
	newest    input.ID         // of the requests
	eof       bool             // received

	mostPackets, mostOctets int // beyond which nothing more is taken

	join      command
	submitted []bool    // local requests
	waits     []command // for local requests
	shutdowns []command
}

// A command is one that was given, and the place for its result. Its zero value was not given.
type command struct {
	pending Pending
	result  *judge.CommandResult
	had     <-chan int // for shutdowns: delivers how many octets the subject had sent when it returned
}

func (c command) wasGiven() bool { return c.pending != nil }

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func (p *player) do(result *judge.CommandResult, m adapter.Message) command {
	result.Sent = true
	return command{pending: p.end.Do(m), result: result}
}

// note records the result of a command that has ended.
func (p *player) note(c command) {
	if !c.wasGiven() || c.result.Done || !isClosed(c.pending.Done()) {
		return
	}
	c.result.Done, c.result.Act = true, p.at
	reply, err := c.pending.Wait(context.Background())
	c.result.Reply, c.result.Err = reply, adapter.ErrorOf(err)
	if c.had != nil {
		c.result.Had = <-c.had
	}
}

// run carries out the acts. What has come by the time that an act begins, came before it.
func (p *player) run() {
	p.join = p.do(&p.record.Join, adapter.Message{Op: adapter.OpJoin})
	for i := 0; i < len(p.plan.Acts); i++ {
		p.linger(i)
		p.collect()
		p.at = i
		ok := p.perform(p.plan.Acts[i])
		if isClosed(p.end.Dead()) {
			p.record.Died = true
			if p.record.Aborted < 0 {
				p.record.Aborted = i
			}
			p.collect()
			return
		}
		if !ok && p.record.Aborted < 0 {
			p.record.Aborted = i
			if i < p.plan.Finish {
				p.giveUp(i)
				i = p.plan.Finish - 1
			}
		}
	}
	p.collect()
	if !p.record.Flooded {
		p.record.Rest = p.unparsed
	}
}

// giveUp skips the acts from one to Finish. It carries out those without which the subject
// could not end: the peer ends its stream, and gates are released. See [plan.Plan.Until].
func (p *player) giveUp(act int) {
	p.collect()
	p.at = p.plan.Finish
	for _, a := range p.plan.Acts[act:p.plan.Finish] {
		if a.Verb == plan.CloseSend || a.Verb == plan.Release {
			p.perform(a)
		}
	}
}

// linger gives a shutdown the time to return too early, before the act that lets it return:
// the adapter replies to another command meanwhile.
func (p *player) linger(act int) {
	for i, c := range p.shutdowns {
		if c.wasGiven() && !c.result.Done && p.plan.Shutdowns[i].Earliest == act {
			p.wait(new(judge.CommandResult), adapter.Message{Op: adapter.OpSeen})
			return
		}
	}
}

// collect records everything that has come.
func (p *player) collect() {
	if !p.record.Flooded {
		p.take()
	}
	p.note(p.join)
	for _, c := range p.waits {
		p.note(c)
	}
	for _, c := range p.shutdowns {
		p.note(c)
	}
}

func (p *player) take() {
	octets, ended := p.end.Take()
	if ended && !p.record.Ended {
		p.record.Ended, p.record.EndAct = true, p.at
	}
	p.octets += len(octets)
	p.unparsed = append(p.unparsed, octets...)
	p.parse()
	p.record.Flooded = p.record.Flooded || p.octets > p.mostOctets
}

func (p *player) parse() {
	for len(p.unparsed) > 0 {
		f := input.Read(p.unparsed)
		if f.Shape == input.Cut {
			return
		}
		if len(p.record.Packets) >= p.mostPackets {
			p.record.Flooded = true
			return
		}
		p.unparsed = p.unparsed[len(f.Octets):]
		p.record.Packets = append(p.record.Packets, judge.Received{Frame: f, Act: p.at})
		switch {
		case f.Shape != input.Whole:
		case !f.Packet.IsRequest:
			p.responses[f.Packet.ID()]++
		case f.Packet.EndsStream():
			p.eof = true // and what follows is recorded too
		default:
			p.requests++
			p.newest = f.Packet.ID()
		}
	}
}

package play

import (
	"strconv"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/fuzz/input"
	"github.com/packetspec/packetspec/fuzz/judge"
	"github.com/packetspec/packetspec/fuzz/plan"
)

// perform does one act, and reports whether the script can go on.
func (p *player) perform(a plan.Act) bool {
	switch a.Verb {
	case plan.Write:
		p.line.Write(a.Octets)
	case plan.Await:
		return p.await(p.patience.Due, p.dues)
	case plan.Segment:
		p.line.Drain(p.patience.Due)
	case plan.Request:
		return p.request(a.Index)
	case plan.RequestRefused:
		return p.wait(p.requestRefused(a.Index), p.patience.Due)
	case plan.AwaitClosed:
		return p.awaitClosed(a.Index)
	case plan.Release:
		p.line.Do(adapter.Message{Op: adapter.OpRelease, Gate: a.Gate})
	case plan.Shutdown:
		p.shutdown(a.Index)
	case plan.CloseSend:
		p.line.CloseSend()
	case plan.AwaitEnd:
		p.record.Hung = !p.awaitEnd()
	case plan.Probe:
		if !p.record.Hung {
			p.wait(p.do(&p.record.Probe, adapter.Message{Op: adapter.OpRequest, Call: "probe", RqType: adapter.TypeNone.Integer()}), p.patience.Due)
		}
	case plan.Seen:
		p.seen()
	}
	return true
}

func (p *player) shutdown(index int) {
	block := p.plan.Shutdowns[index].Block
	t := p.do(&p.record.Shutdowns[index], adapter.Message{Op: adapter.OpShutdown, Block: &block})
	had := make(chan int, 1)
	t.had = had
	p.shutdowns[index] = t
	go func() { // at the moment of its return, whatever the script does then
		<-t.pending.Done()
		had <- p.line.SentByNow()
	}()
}

func (p *player) request(index int) bool {
	c := p.plan.Calls[index]
	submitted := new(judge.Settled)
	if !p.wait(p.do(submitted, p.message("call", index, c.Local, c.Decoder)), p.patience.Due) {
		return false
	}
	if submitted.Err != nil {
		p.record.Calls[index] = *submitted
		return true
	}
	if !c.Late {
		p.waitFor(index)
	}
	p.submits[index] = ticket{to: submitted}
	return true
}

// requestRefused submits a request that must be refused.
func (p *player) requestRefused(index int) ticket {
	return p.do(&p.record.Refused[index], p.message("refused", index, p.plan.Refused[index].Local, ""))
}

// longestPause is the longest time between two requests of awaitClosed, and shortestPause
// the one after the first, which most adapters need not be asked again after.
const (
	shortestPause = 50 * time.Microsecond
	longestPause  = 10 * time.Millisecond
)

// awaitClosed has the local user submit a request again and again, until one is refused,
// as closed if the subject does right. The peer answers those that are taken.
func (p *player) awaitClosed(index int) bool {
	pause := shortestPause
	for over := time.Now().Add(p.patience.Due); ; pause = min(2*pause, longestPause) {
		p.record.Refused[index] = judge.Settled{}
		t := p.do(&p.record.Refused[index], p.message("poll", p.record.Polled, input.Local{}, ""))
		p.record.Polled++
		if !p.wait(t, p.patience.Due) {
			return false
		}
		if t.to.Err != nil {
			p.record.Polled--
			return true
		}
		if !p.await(p.patience.Due, p.polled) {
			return false
		}
		p.line.Write(input.Packet{Channel: p.latest.Channel, Tag: p.latest.Tag, Flags: 1}.Octets())
		if time.Now().After(over) {
			p.record.Waited = p.patience.Due
			return false
		}
		time.Sleep(pause)
	}
}

// polled reports whether the last request of awaitClosed has come.
func (p *player) polled() (wire bool, returns []ticket) {
	return p.requests >= p.asked()+p.record.Polled, nil
}

func (p *player) message(name string, index int, l input.Local, decoder string) adapter.Message {
	m := adapter.Message{
		Op: adapter.OpRequest, Call: name + strconv.Itoa(index), RqType: adapter.Int(l.Type), Flags: adapter.Int(l.Flags),
		Payload: l.Payload, Decode: decoder,
	}
	if l.Channel != 0 {
		m.Channel = adapter.Int(l.Channel)
	}
	return m
}

// waitFor asks for the end of a call.
func (p *player) waitFor(index int) {
	p.calls[index] = p.do(&p.record.Calls[index], adapter.Message{Op: adapter.OpWait, Call: "call" + strconv.Itoa(index)})
}

// linger gives a shutdown, before the act that lets it return, the time to return too early.
func (p *player) linger(act int) {
	for i, t := range p.shutdowns {
		if t.to != nil && !t.to.Done && p.plan.Shutdowns[i].Earliest == act {
			p.wait(p.do(new(judge.Settled), adapter.Message{Op: adapter.OpSeen}), p.patience.Due)
			return
		}
	}
}

func (p *player) seen() {
	if p.record.Hung {
		return
	}
	s := new(judge.Settled)
	if !p.wait(p.do(s, adapter.Message{Op: adapter.OpSeen}), p.patience.Due) || s.Err != nil {
		p.record.SeenErr = s.Err
		return
	}
	p.record.Seen = *s.Reply.Calls
}

package play

import (
	"strconv"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/fuzz/input"
	"github.com/packetspec/packetspec/fuzz/judge"
	"github.com/packetspec/packetspec/fuzz/plan"
)

// perform carries out one act, and reports whether the script can go on.
func (p *player) perform(a plan.Act) bool {
	switch a.Verb {
	case plan.Write:
		p.end.Write(a.Octets)
	case plan.Await:
		return p.await(p.patience.Due, p.allDue)
	case plan.Drain:
		p.end.Drain(p.patience.Due)
	case plan.Request:
		return p.request(a.Index)
	case plan.RequestRefused:
		fields := p.plan.Refusals[a.Index].Fields
		return p.wait(&p.record.Refusals[a.Index], requestCommand("refused"+strconv.Itoa(a.Index), fields, ""))
	case plan.AwaitClosed:
		return p.awaitClosed(a.Index)
	case plan.Release:
		p.end.Do(adapter.Message{Op: adapter.OpRelease, Gate: a.Gate})
	case plan.Shutdown:
		p.shutdown(a.Index)
	case plan.CloseSend:
		p.end.CloseSend()
	case plan.AwaitEnd:
		p.record.Hung = !p.awaitEnd()
	case plan.LastRequest:
		if !p.record.Hung {
			p.wait(&p.record.LastRequest, requestCommand("last", input.Local{}, ""))
		}
	case plan.Seen:
		if !p.record.Hung {
			p.seen()
		}
	}
	return true
}

func requestCommand(name string, f input.Local, decoder string) adapter.Message {
	m := adapter.Message{
		Op: adapter.OpRequest, Call: name, RqType: adapter.Int(f.Type), Flags: adapter.Int(f.Flags), Payload: f.Payload, Decode: decoder,
	}
	if f.Channel != 0 {
		m.Channel = adapter.Int(f.Channel)
	}
	return m
}

func requestName(index int) string { return "request" + strconv.Itoa(index) }

// request submits a local request and, unless the local user does that late, waits for its
// response from then on.
func (p *player) request(index int) bool {
	r := p.plan.LocalRequests[index]
	submitted := new(judge.CommandResult)
	if !p.wait(submitted, requestCommand(requestName(index), r.Fields, r.Decoder)) {
		return false
	}
	if submitted.Err != nil {
		p.record.LocalRequests[index] = *submitted
		return true
	}
	p.submitted[index] = true
	if !r.Late {
		p.waitFor(index)
	}
	return true
}

func (p *player) waitFor(index int) {
	p.waits[index] = p.do(&p.record.LocalRequests[index], adapter.Message{Op: adapter.OpWait, Call: requestName(index)})
}

// shutdown has the local user shut down. How many octets the subject had sent when the call
// returned is counted at that moment, whatever the script does then.
func (p *player) shutdown(index int) {
	block := p.plan.Shutdowns[index].Block
	c := p.do(&p.record.Shutdowns[index], adapter.Message{Op: adapter.OpShutdown, Block: &block})
	had := make(chan int, 1)
	c.had = had
	p.shutdowns[index] = c
	go func() {
		<-c.pending.Done()
		had <- p.end.SentByNow()
	}()
}

// awaitClosed pauses between its requests, first for shortestPause: most subjects refuse the
// second request. The pauses grow to longestPause, so that a slow subject is not kept busy.
const (
	shortestPause = 50 * time.Microsecond
	longestPause  = 10 * time.Millisecond
)

// awaitClosed has the local user submit requests until one is refused. The peer answers
// those that the subject accepts, so that no blocking shutdown waits for them.
func (p *player) awaitClosed(index int) bool {
	pause := shortestPause
	for deadline := time.Now().Add(p.patience.Due); ; pause = min(2*pause, longestPause) {
		result := &p.record.Refusals[index]
		*result = judge.CommandResult{}
		name := "poll" + strconv.Itoa(p.record.Polled)
		p.record.Polled++
		if !p.wait(result, requestCommand(name, input.Local{}, "")) {
			return false
		}
		if result.Err != nil {
			p.record.Polled--
			return true
		}
		if !p.await(p.patience.Due, p.pollReceived) {
			return false
		}
		p.end.Write(input.Packet{Channel: p.newest.Channel, Tag: p.newest.Tag, Flags: 1}.Octets())
		if time.Now().After(deadline) {
			p.ranOut(p.patience.Due)
			return false
		}
		p.timer.Reset(pause)
		p.next(p.end.Changed(), nil, func() bool { return true }) // what comes may show that the shutdown has begun
	}
}

func (p *player) seen() {
	var result judge.CommandResult
	if p.wait(&result, adapter.Message{Op: adapter.OpSeen}) && result.Err == nil {
		p.record.Seen = *result.Reply.Calls
	}
}

package play

import (
	"context"
	"strconv"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/fuzz/input"
	"github.com/packetspec/packetspec/fuzz/judge"
)

// Play carries out a plan on a line that was opened as the plan says.
func Play(line Line, plan *judge.Plan, patience Patience) *judge.Record {
	p := &player{
		line: line, plan: plan, patience: patience, at: -1,
		got: map[id]int{}, calls: make([]ticket, len(plan.Calls)), submits: make([]ticket, len(plan.Calls)),
		shutdowns: make([]ticket, len(plan.Shutdowns)), had: map[int]<-chan int{},
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
	plan     *judge.Plan
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
	eof      bool

	join      ticket
	calls     []ticket // their waits
	submits   []ticket
	shutdowns []ticket
	had       map[int]<-chan int // what each shutdown had found sent when it returned
}

// A ticket is a command that was given, and where its end is recorded.
type ticket struct {
	pending Pending
	to      *judge.Settled
}

func (p *player) do(to *judge.Settled, m adapter.Message) ticket {
	to.Sent = true
	return ticket{p.line.Do(m), to}
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
				i = p.plan.Finish - 1
			}
		}
	}
	p.look()
	if !p.flooded {
		p.record.Rest = p.unparsed
	}
	for i, had := range p.had {
		if s := &p.record.Shutdowns[i]; s.Done {
			s.Had = <-had
		}
	}
}

// perform does one act, and reports whether the script can go on.
func (p *player) perform(a judge.Act) bool {
	switch a.Verb {
	case judge.Write:
		p.line.Write(a.Octets)
	case judge.Await:
		return p.await(p.patience.Due, p.dues)
	case judge.Segment:
		p.line.Drain(p.patience.Due)
	case judge.Request:
		return p.request(a.Index)
	case judge.Release:
		p.line.Do(adapter.Message{Op: adapter.OpRelease, Gate: a.Gate})
	case judge.Shutdown:
		p.shutdown(a.Index)
	case judge.CloseSend:
		p.line.CloseSend()
	case judge.AwaitEnd:
		p.record.Hung = !p.awaitEnd()
	case judge.Probe:
		if !p.record.Hung {
			p.wait(p.do(&p.record.Probe, adapter.Message{Op: adapter.OpRequest, Call: "probe", RqType: "0"}), p.patience.Due)
		}
	case judge.Seen:
		p.seen()
	}
	return true
}

func (p *player) shutdown(index int) {
	block := p.plan.Shutdowns[index].Block
	t := p.do(&p.record.Shutdowns[index], adapter.Message{Op: adapter.OpShutdown, Block: &block})
	p.shutdowns[index] = t
	had := make(chan int, 1)
	p.had[index] = had
	go func() { // at the moment of its return, whatever the script does then
		<-t.pending.Done()
		had <- p.line.SentByNow()
	}()
}

func (p *player) request(index int) bool {
	if index < 0 {
		to := &p.record.Refused[-index-1]
		l := p.plan.Refused[-index-1].Local
		return p.wait(p.do(to, p.message("refused", -index, l, "")), p.patience.Due)
	}
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
	asked := 0
	for i, c := range p.plan.Calls {
		if c.Asked > p.at || c.Nested < 0 && p.submits[i].to == nil {
			continue
		}
		asked++
		if (c.Answered <= p.at || p.plan.End.Act <= p.at) && p.calls[i].to != nil && !p.plan.End.Open {
			returns = append(returns, p.calls[i])
		}
	}
	for i, s := range p.plan.Shutdowns {
		if s.Due <= p.at && p.shutdowns[i].to != nil {
			returns = append(returns, p.shutdowns[i])
		}
	}
	return wire && p.requests >= asked && (p.eof || p.plan.EOF > p.at), returns
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
		for _, t := range returns {
			select {
			case <-t.pending.Done():
				continue
			default:
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
		p.look()
		return true
	}
}

func (p *player) stall() {
	if p.patience.Stalled != nil {
		p.patience.Stalled()
		p.patience.Stalled = nil
	}
}

// wait waits for one reply.
func (p *player) wait(t ticket, limit time.Duration) bool {
	select {
	case <-t.pending.Done():
		p.settle(t)
		return true
	default:
	}
	p.timer.Reset(limit)
	select {
	case <-t.pending.Done():
		p.settle(t)
		return true
	case <-p.timer.C:
	case <-p.line.Dead():
	}
	return false
}

// look takes note of all that has come.
func (p *player) look() {
	if !p.flooded {
		p.take()
	}
	p.settle(p.join)
	for _, t := range p.calls {
		p.settle(t)
	}
	for _, t := range p.shutdowns {
		p.settle(t)
	}
}

func (p *player) take() {
	octets, ended := p.line.Take()
	if ended && !p.record.Ended {
		p.record.Ended, p.record.EndAct = true, p.at
	}
	if len(octets) > 0 {
		p.octets += len(octets)
		p.unparsed = append(p.unparsed, octets...)
		p.parse()
		p.flooded = p.flooded || p.octets > p.mostOctets
	}
}

func (p *player) settle(t ticket) {
	if t.to == nil || t.pending == nil || t.to.Done {
		return
	}
	select {
	case <-t.pending.Done():
		t.to.Done, t.to.Act = true, p.at
		t.to.Reply, t.to.Err = t.pending.Wait(context.Background())
	default:
	}
}

func (p *player) parse() {
	for len(p.unparsed) > 0 {
		f := input.Read(p.unparsed)
		if f.Shape == input.Cut {
			return
		}
		if len(p.record.Packets) >= p.mostPackets {
			p.flooded = true
			return
		}
		p.unparsed = p.unparsed[len(f.Octets):]
		p.record.Packets = append(p.record.Packets, judge.Got{Frame: f, Act: p.at})
		switch {
		case f.Shape != input.Whole:
		case !f.Packet.IsRequest:
			p.got[id{f.Packet.Channel, f.Packet.Tag}]++
		case f.Packet.EndsStream():
			p.eof = true // what follows is looked at, too
		default:
			p.requests++
		}
	}
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

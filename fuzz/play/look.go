package play

import (
	"context"

	"github.com/packetspec/packetspec/fuzz/input"
	"github.com/packetspec/packetspec/fuzz/judge"
)

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
	if t.to == nil || t.pending == nil || t.to.Done || !t.isDone() {
		return
	}
	t.to.Done, t.to.Act = true, p.at
	t.to.Reply, t.to.Err = t.pending.Wait(context.Background())
	if t.had != nil {
		t.to.Had = <-t.had
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
			p.latest = f.Packet.ID()
		}
	}
}

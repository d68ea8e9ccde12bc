package interop

import (
	"fmt"
	"math/big"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/peer"
	"github.com/packetspec/packetspec/conformance/relay"
)

var one = big.NewInt(1)

// integer returns the value of an integer of the adapter protocol. An absent one is 0.
func integer(i adapter.Integer) *big.Int {
	v, ok := new(big.Int).SetString(string(i), 10)
	if !ok {
		return new(big.Int)
	}
	return v
}

// describe returns a request as a command submits it.
func describe(m adapter.Message) string {
	return fmt.Sprintf("type %s, flags %s, channel %s, payload %s", m.RqType, integer(m.Flags), integer(m.Channel), peer.ShowPayload(m.Payload))
}

// shutdown has a side shut down. It does not wait for the return of the call.
func (p *play) shutdown(side relay.Side, block bool) *adapter.Pending {
	p.ending[side] = true
	return p.command(side, adapter.Message{Op: adapter.OpShutdown, Block: &block})
}

// finish ends the connection, and requires both sides to end it as they must, unless the situation has failed or has
// cut it. It adds the relay's findings to those of the play.
func (p *play) finish(failed, cut bool) (err error) {
	if !failed && !cut {
		err = p.endBoth()
	}
	for _, side := range []relay.Side{requester, responder} {
		if p.closed[side] {
			continue
		}
		closing := p.command(side, adapter.Message{Op: adapter.OpClose})
		if err == nil && !failed {
			_, err = p.must(side, "-", closing)
		}
	}
	if failed || err != nil {
		p.relay.With(func(j *relay.Judge) { j.Stop(time.Now()) })
		for _, e := range p.relay.Ends {
			_, _ = e.Source.CloseRead(), e.Sink.CloseWrite()
		}
	}
	<-p.relayed
	report := p.relay.Judge.Report(time.Now())
	for _, f := range report.Findings {
		p.found = append(p.found, Finding{Adapter: f.Side, Requirement: f.Requirement, Kind: f.Kind, Text: f.Text + packetOf(f)})
	}
	return err
}

// packetOf returns the packet that a finding of the relay names.
func packetOf(f relay.Finding) string {
	if f.Packet == "" {
		return ""
	}
	return ": " + f.Packet
}

// endBoth shuts both sides down, unless they are, and waits until both streams have ended.
func (p *play) endBoth() error {
	var waits []func() error
	for _, side := range []relay.Side{requester, responder} {
		if !p.ending[side] {
			pending := p.shutdown(side, false)
			waits = append(waits, func() error {
				_, err := p.must(side, "SHD-8", pending)
				return err
			})
		}
	}
	for _, side := range []relay.Side{requester, responder} {
		waits = append(waits, func() error { return p.streamEnds(side) })
	}
	for _, side := range []relay.Side{requester, responder} {
		joining := p.command(side, adapter.Message{Op: adapter.OpJoin})
		waits = append(waits, func() error { return p.joined(side, joining, adapter.EndedEOF) })
	}
	for _, wait := range waits {
		if err := wait(); err != nil {
			return err
		}
	}
	return nil
}

// streamEnds requires that the stream of a side ends. The other dialect lets it wait for the other stream.
func (p *play) streamEnds(side relay.Side) error {
	ctx, stop := patiently(p, side)
	defer stop()
	select {
	case <-p.relay.Ended(side):
		return nil
	case <-ctx.Done():
	}
	if p.ctx.Err() != nil {
		return p.ctx.Err()
	}
	packets := p.packets(side)
	if n := len(packets); n > 0 && packets[n-1].IsEOF() {
		return p.fail(side, "EOS-7", "stream left open", "its stream must be closed after EOF")
	}
	p.timedOut = true
	return p.fail(side, "EOS-3", "no EOF", fmt.Sprintf("it has shut down, and sends no EOF for %v", p.timeout))
}

// cutOrEOF returns how the stream of a side that was closed has ended: its adapter may have had it send EOF.
func (p *play) cutOrEOF(side relay.Side) (ended string, err error) {
	ctx, stop := patiently(p, side)
	defer stop()
	select {
	case <-p.relay.Ended(side):
	case <-ctx.Done():
		p.timedOut = true
		return "", p.fail(side, "-", "stream left open", "the adapter has replied to close, and its stream is still open")
	}
	packets := p.packets(side)
	if n := len(packets); n > 0 && packets[n-1].IsEOF() {
		return adapter.EndedEOF, nil
	}
	return adapter.EndedCut, nil
}

// joined requires that join returns, and reports how the other side's stream ended.
func (p *play) joined(side relay.Side, joining *adapter.Pending, ended string) error {
	r, err := p.must(side, "JOI-1", joining)
	if err != nil {
		return err
	}
	if p.sessions[side].Can(adapter.CanEndReason) && r.Ended != ended {
		return p.fail(side, "JOI-2", "wrong end", fmt.Sprintf("join must report the end %q, not %q", ended, r.Ended))
	}
	return nil
}

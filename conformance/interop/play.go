package interop

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/peer"
	"github.com/packetspec/packetspec/conformance/relay"
	"github.com/packetspec/packetspec/conformance/spec"
	"github.com/packetspec/packetspec/conformance/steps"
	"github.com/packetspec/packetspec/internal/environment"
)

// The sides of a connection, as a relay knows them.
const (
	requester = relay.Left
	responder = relay.Right
)

// A play is one situation on one connection between two subjects.
type play struct {
	ctx      context.Context
	timeout  time.Duration
	sessions [2]*adapter.Session
	names    [2]string
	conns    [2]string
	relay    *relay.Relay
	relayed  chan struct{}

	submitted [2]int  // requests
	nested    int     // requests that the responder's handlers make
	ending    [2]bool // shuts down, by a command or by the other side's end
	closed    [2]bool // by a command
	timedOut  bool    // a finding rests on a time

	found []Finding

	mu       sync.Mutex
	wire     [2][]*relay.Packet         // what each side sent
	requests [2][]*relay.Packet         // of these, requests
	answers  [2]map[int64]*relay.Packet // to the requests of each side, by their numbers from 1
	changed  chan struct{}              // closed when a packet comes
}

// keptPayload is more than any situation sends, in octets.
const keptPayload = 4 << 20

// An unsupported is why a situation cannot be played with an adapter.
type unsupported struct{ name, what string }

func (u *unsupported) Error() string { return fmt.Sprintf("%s does not support %s", u.name, u.what) }

// errFailed ends a situation after a finding.
var errFailed = errors.New("the situation has failed")

// observe keeps what the relay sees. It runs while octets wait to be passed on.
func (p *play) observe(e *relay.Event) {
	if e.Packet == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	packet := e.Packet.Clone()
	p.wire[e.From] = append(p.wire[e.From], packet)
	switch {
	case e.Answers:
		p.answers[e.From.Other()][e.Number] = packet
	case e.Number > 0:
		p.requests[e.From] = append(p.requests[e.From], packet)
	}
	close(p.changed)
	p.changed = make(chan struct{})
}

// packets returns what a side has sent.
func (p *play) packets(side relay.Side) []*relay.Packet {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.wire[side]
}

// fail notes that a side broke a requirement, and returns errFailed. It blames nobody if the relay has seen that the
// other side broke one before: what follows may be due to that.
func (p *play) fail(side relay.Side, requirement, kind, text string) error {
	if p.relayed != nil && p.broke(side.Other()) {
		return errFailed
	}
	p.found = append(p.found, Finding{Adapter: p.names[side], Requirement: requirement, Kind: kind, Text: text})
	return errFailed
}

// broke reports whether the relay has seen that a side broke a must.
func (p *play) broke(side relay.Side) (yes bool) {
	p.relay.With(func(j *relay.Judge) {
		for _, f := range j.Report(time.Now()).Findings {
			yes = yes || f.Side == p.names[side] && f.Level == spec.Must
		}
	})
	return yes
}

// command sends a command to a side, for the connection.
func (p *play) command(side relay.Side, m adapter.Message) *adapter.Pending {
	m.Conn = p.conns[side]
	return p.sessions[side].Send(m)
}

// mostWaits bounds a wait while octets still come, in units of the timeout.
const mostWaits = 20

// reply waits for a reply. A side that replies nothing in the time, while no octets come either, is not blamed here: timedOut
// is true then.
func (p *play) reply(side relay.Side, c *adapter.Pending) (r adapter.Reply, timedOut bool, err error) {
	for range mostWaits {
		before := p.came()
		if r, err = p.waitOnce(side, c); !errors.Is(err, steps.ErrTimeout) || p.came() == before {
			break
		}
	}
	switch {
	case err == nil:
		return r, false, nil
	case p.ctx.Err() != nil:
		return r, false, context.Cause(p.ctx)
	case p.sessions[side].Err() != nil:
		return r, false, p.fail(side, "-", "crash", fmt.Sprintf("while it had %q to reply to: %v", c.Command.Op, p.sessions[side].DescribeExit(c.Command.Op)))
	case errors.Is(err, steps.ErrTimeout):
		return r, true, nil
	case adapter.KindOf(err) == adapter.Unsupported:
		return r, false, &unsupported{p.names[side], "the command " + c.Command.Op}
	}
	return r, false, err
}

// waitOnce waits for a reply for the timeout.
func (p *play) waitOnce(side relay.Side, c *adapter.Pending) (adapter.Reply, error) {
	ctx, stop := steps.Patiently(p.ctx, p.sessions[side], p.timeout)
	defer stop()
	return c.Wait(ctx)
}

// came returns how many octets have come from both sides.
func (p *play) came() (n int64) {
	if p.relayed != nil {
		p.relay.With(func(j *relay.Judge) { n = j.Came() })
	}
	return n
}

// isReply reports whether an error is one that an adapter replied.
func isReply(err error) bool { return errors.As(err, new(*adapter.Error)) }

// must waits for a reply that must be no error.
func (p *play) must(side relay.Side, requirement string, c *adapter.Pending) (adapter.Reply, error) {
	r, timedOut, err := p.reply(side, c)
	switch {
	case timedOut:
		p.timedOut = true
		return r, p.fail(side, requirement, c.Command.Op+" does not return", fmt.Sprintf("nothing for %v", p.timeout))
	case adapter.KindOf(err) == adapter.Closed && p.endedUnasked(side.Other()):
		return r, p.fail(side.Other(), "EOS-3", "ended its stream unasked", "nobody has shut it down, and the other side's stream has not ended")
	case isReply(err):
		return r, p.fail(side, requirement, c.Command.Op+" fails", err.Error())
	}
	return r, err
}

// endedUnasked reports whether a side has sent EOF although neither side was to end the connection.
func (p *play) endedUnasked(side relay.Side) bool {
	if p.relayed == nil || p.ending[side] || p.ending[side.Other()] {
		return false
	}
	packets := p.packets(side)
	return len(packets) > 0 && packets[len(packets)-1].IsEOF()
}

// open opens a connection between both subjects, through a relay. The responder may have no handler.
func (p *play) open(dir string, o relay.Options, handler bool) error {
	p.answers, p.changed = [2]map[int64]*relay.Packet{{}, {}}, make(chan struct{})
	o.Names, o.Observe, o.KeepPayload = p.names, p.observe, keptPayload
	p.relay = &relay.Relay{Judge: relay.NewJudge(o, time.Now())}
	for _, side := range []relay.Side{requester, responder} {
		end, err := p.openSide(side, dir, side == requester || handler)
		if err != nil {
			p.closeEnds()
			return err
		}
		p.relay.Ends[side] = end
	}
	p.relayed = make(chan struct{})
	go func() {
		p.relay.Run(context.WithoutCancel(p.ctx))
		close(p.relayed)
	}()
	return nil
}

// closeEnds closes the ends of a connection that was not opened on both sides.
func (p *play) closeEnds() {
	for _, e := range p.relay.Ends {
		if e.Source != nil {
			_, _ = e.Source.CloseRead(), e.Sink.CloseWrite()
		}
	}
}

// A place is where a subject opens its end of a connection.
type place interface {
	Files() (to, from *os.File, err error)
	Discard()
}

// openSide has one subject open its end, and returns the relay's.
func (p *play) openSide(side relay.Side, dir string, handler bool) (e relay.Endpoint, err error) {
	s := p.sessions[side]
	m := adapter.Message{Op: adapter.OpOpen, Handler: &handler}
	if s.Can(adapter.CanGrace) {
		m.Grace = new(float64)
	}
	p.conns[side] = s.NameConn()
	name := fmt.Sprintf("%s-%d", filepath.Base(p.conns[side]), side)
	var at place
	if s.Can(adapter.CanSockets) {
		socket, err := peer.NewSocket(dir, name)
		if err != nil {
			return e, environment.Explain("make the socket of a connection", err)
		}
		m.Socket, at = socket.Path(), socket
	} else {
		pipes, err := peer.NewPipes(dir, name)
		if err != nil {
			return e, environment.Explain("make the named pipes of a connection", err)
		}
		m.Recv, m.Send, at = pipes.ToSubject, pipes.FromSubject, pipes
	}
	defer at.Discard()
	if _, err := p.must(side, "-", p.command(side, m)); err != nil {
		return e, err
	}
	to, from, err := at.Files()
	if err != nil {
		return e, p.fail(side, "-", "open fails", err.Error())
	}
	return relay.Endpoint{Source: relay.PipeEnd{File: from}, Sink: relay.PipeEnd{File: to}}, nil
}

// A request is one that a side was asked to submit.
type request struct {
	from    relay.Side
	number  int // among those of its side, from 0
	call    string
	message adapter.Message
	wait    *adapter.Pending
}

// submit has a side submit a request, and wait for its answer.
func (p *play) submit(from relay.Side, t adapter.Type, flags uint64, payload []byte, channel uint64) (*request, error) {
	r := &request{from: from, number: p.submitted[from], call: fmt.Sprintf("r%d", p.submitted[from]+1)}
	r.message = adapter.Message{Op: adapter.OpRequest, Call: r.call, RqType: t.Integer(), Payload: payload}
	if flags > 0 {
		r.message.Flags = adapter.Int(flags)
	}
	if channel > 0 {
		r.message.Channel = adapter.Int(channel)
	}
	if _, err := p.must(from, "RQS-1", p.command(from, r.message)); err != nil {
		return nil, err
	}
	p.submitted[from]++
	r.wait = p.command(from, adapter.Message{Op: adapter.OpWait, Call: r.call})
	return r, nil
}

// A result is what a request must be answered with.
type result struct {
	requirement string
	ok          bool
	flags       uint64
	payload     []byte
}

// answered requires that a request was sent as submitted, answered as it must be, and the answer delivered.
func (p *play) answered(r *request, want result) error {
	reply, timedOut, err := p.reply(r.from, r.wait)
	if err != nil && !isReply(err) {
		return err
	}
	p.timedOut = p.timedOut || timedOut
	if err := p.nestedAnswers(r.from, timedOut); err != nil {
		return err
	}
	if err != nil {
		p.awaitAnswer(r) // wait may have failed before it came
	}
	sent, response, problem := p.exchange(r)
	if problem != nil {
		return problem
	}
	other := r.from.Other()
	switch {
	case sent == nil && p.relay.Blocked(other):
		return p.fail(other, want.requirement, "request not received", fmt.Sprintf("%s has sent a part of the request, and it reads no more: %s", p.names[r.from], describe(r.message)))
	case sent == nil:
		return p.fail(r.from, "RQS-1", "request not sent", describe(r.message))
	case response == nil && p.deaf(r.from):
		return p.fail(r.from, "RSP-2", "stopped receiving", fmt.Sprintf("it has closed its receiving stream before the answer to %s", sent))
	case response == nil:
		return p.fail(other, want.requirement, "no answer", sent.String())
	}
	if text := differs(response, want); text != "" {
		return p.fail(other, want.requirement, "wrong answer", fmt.Sprintf("to %s it must answer with %s, not %s", sent, text, response))
	}
	switch {
	case timedOut:
		return p.fail(r.from, delivers(response), "answer not delivered", fmt.Sprintf("it has received %s, and wait does not return", response))
	case err != nil:
		return p.fail(r.from, delivers(response), "answer not delivered", fmt.Sprintf("it has received %s, and wait fails: %v", response, err))
	}
	if text := delivered(response, reply); text != "" {
		return p.fail(r.from, delivers(response), "answer delivered wrong", fmt.Sprintf("it has received %s, and reports %s", response, text))
	}
	return nil
}

// deaf reports whether a side has closed its receiving stream.
func (p *play) deaf(side relay.Side) (yes bool) {
	p.relay.With(func(j *relay.Judge) { yes = j.Excused(side.Other()) })
	return yes
}

// exchange returns the packet of a request, and that of its answer, as far as they were sent.
func (p *play) exchange(r *request) (sent, response *relay.Packet, err error) {
	sent, response = p.pair(r.from, r.number)
	if sent == nil {
		return nil, nil, nil
	}
	d, ok := sent.Decoded()
	m := r.message
	want := peer.Packet{IsRequest: true, Flags: integer(m.Flags), Channel: integer(m.Channel), Type: integer(m.RqType), Payload: m.Payload, Tag: d.Tag}
	want.Type.Add(want.Type, one)
	if !ok || !d.Same(want) {
		return nil, nil, p.fail(r.from, "RQS-1", "request sent wrong", fmt.Sprintf("asked for %s, it sent %s", describe(m), sent))
	}
	return sent, response, nil
}

// pair returns the request of a side with a number from 0, and its answer, as far as they were sent.
func (p *play) pair(side relay.Side, number int) (sent, response *relay.Packet) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if number < len(p.requests[side]) {
		sent = p.requests[side][number]
	}
	return sent, p.answers[side][int64(number)+1]
}

// awaitAnswer waits until the answer to a request is sent, or its sender is silent for too long.
func (p *play) awaitAnswer(r *request) {
	ctx, stop := patiently(p, r.from.Other())
	defer stop()
	for {
		p.mu.Lock()
		changed := p.changed
		p.mu.Unlock()
		if _, response := p.pair(r.from, r.number); response != nil {
			return
		}
		select {
		case <-changed:
		case <-p.relay.Ended(r.from.Other()):
			return
		case <-ctx.Done():
			return
		}
	}
}

// nestedAnswers requires that a side has answered what the other side's handlers requested from it. What is not answered
// may still be, unless its time is over.
func (p *play) nestedAnswers(side relay.Side, timedOut bool) error {
	for n := range p.nested {
		sent, response := p.pair(side.Other(), n)
		if sent == nil {
			return nil
		}
		want := result{"HND-3", true, 0, sent.Payload}
		if response == nil && !timedOut {
			continue
		}
		if response == nil {
			return p.fail(side, want.requirement, "no answer", sent.String())
		}
		if text := differs(response, want); text != "" {
			return p.fail(side, want.requirement, "wrong answer", fmt.Sprintf("to %s it must answer with %s, not %s", sent, text, response))
		}
	}
	return nil
}

// delivers returns the requirement that has an answer delivered.
func delivers(response *relay.Packet) string {
	if response.OK() {
		return "RSP-2"
	}
	return "RSP-3"
}

// differs returns what a response must be if it is something else. The flags and payload of a failure are free.
func differs(response *relay.Packet, want result) string {
	d, _ := response.Decoded()
	switch {
	case !want.ok && d.OK():
		return "a failure"
	case want.ok && (!d.OK() || !d.ReplyFlags().IsUint64() || d.ReplyFlags().Uint64() != want.flags || !bytes.Equal(d.Payload, want.payload)):
		return fmt.Sprintf("ok, flags %#x, payload %s", want.flags, peer.ShowPayload(want.payload))
	}
	return ""
}

// delivered returns what a reply to wait says if that is not the response.
func delivered(response *relay.Packet, reply adapter.Reply) string {
	d, _ := response.Decoded()
	if *reply.OK == d.OK() && integer(reply.Flags).Cmp(d.ReplyFlags()) == 0 && bytes.Equal(*reply.Payload, d.Payload) {
		return ""
	}
	return fmt.Sprintf("ok %t, flags %s, payload %s", *reply.OK, reply.Flags, peer.ShowPayload(*reply.Payload))
}

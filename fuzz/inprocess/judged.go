package inprocess

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/adapters/goreference"
	"github.com/packetspec/packetspec/conformance/mutant"
	"github.com/packetspec/packetspec/fuzz/input"
	"github.com/packetspec/packetspec/fuzz/judge"
	"github.com/packetspec/packetspec/fuzz/plan"
	"github.com/packetspec/packetspec/fuzz/play"
	"github.com/packetspec/packetspec/internal/excerpt"
	"github.com/packetspec/packetspec/reference"
)

// Judged reads data as an input of package input, and plays its plan on the reference and
// on the independent second implementation. It reports a [Violation] if the record of
// either differs from the plan, and if its codec reads, writes or compares a packet of the
// input wrongly.
func Judged(data []byte) error {
	second, err := mutant.New("")
	if err != nil {
		return err
	}
	for _, s := range []subject{{goreference.Implementation{}}, {second}} {
		if err := s.runJudged(data, maxDuration); err != nil {
			return err
		}
	}
	return nil
}

// A subject is an implementation that runs in this process.
type subject struct{ adapter.Implementation }

func (s subject) can(a adapter.Ability) bool { return slices.Contains(s.Hello().Supports, a) }

func (s subject) runJudged(data []byte, limit time.Duration) error {
	frames := input.Frames(truncate(data))
	frames = frames[:min(len(frames), maxFrames)]
	data = input.Join(frames)
	required := plan.Make(data, plan.AbilitiesOf(s.can))
	required.NoChannels = false // the implementation itself must refuse what it does not offer
	results := 0
	for _, a := range required.Answers {
		results += len(a.Payload)
	}
	if results > maxResults {
		return nil
	}
	memory := memoryFor(len(data)) + perResultOctet*uint64(results)
	err := guard(limit, func(ctx context.Context) error {
		if err := limitMemory(memory, func() error { return s.checkCodec(frames) }); err != nil {
			return err
		}
		if _, err := s.play(ctx, required, limit, memory); err != nil {
			return err
		}
		if !reusesTag(required) {
			return nil
		}
		record, err := s.play(ctx, withoutWaits(required), limit, memory)
		if err != nil {
			return err
		}
		return checkAnswered(required, record)
	})
	if err != nil {
		var shown excerpt.Excerpt
		for _, f := range frames {
			shown.Add(f)
		}
		return fmt.Errorf("%s: %w\ninput    %s", s.Hello().Name, err, strings.Join(shown.Lines(), "\n         "))
	}
	return nil
}

// maxFrames is how many frames of an input are played; the rest is ignored. The time that
// package judge takes grows with the square of the answers to one tag.
const maxFrames = 512

// maxResults is how many octets all results of a plan may have together. A request of nine
// octets can ask the standard handler for a hundred thousand.
const maxResults = 4 << 20

// perResultOctet is how many bytes of memory each octet of a result may cost: it is
// copied by the handler, the connection, the stream and the player.
const perResultOctet = 32

// checkCodec requires that the implementation reads every frame, writes every packet, and
// compares each packet with every [variant] of it, as package judge requires.
func (s subject) checkCodec(frames []input.Frame) error {
	server := adapter.NewServer(s.Implementation)
	defer server.Close()
	known := make(map[uint64]bool)
	isNew := func(hash uint64) bool {
		was := known[hash]
		known[hash] = true
		return !was
	}
	for _, r := range judge.Readings(frames, isNew) {
		commands := r.Commands(s.can)
		if p := r.Frame.Packet; r.Frame.Shape == input.Whole && !r.Frame.Beyond && s.can(adapter.CanEqual) {
			for _, v := range variants() {
				q := input.Packet(v.of(reference.Packet(p)))
				commands = append(commands, adapter.Message{Op: adapter.OpEqual, A: judge.AdapterPacket(p), B: judge.AdapterPacket(q)})
			}
		}
		for _, m := range commands {
			reply := server.Do(context.Background(), m)
			if d, differs := r.Judge(m, reply, reply.Err()); differs {
				return violation(d)
			}
		}
	}
	return nil
}

// play plays a plan, requires that its record does not differ from it, and returns the
// record. A subject that allocates more than memory is reported too.
func (s subject) play(ctx context.Context, required *plan.Plan, limit time.Duration, memory uint64) (record *judge.Record, err error) {
	err = limitMemory(memory, func() error {
		end, err := play.InProcess{Implementation: s.Implementation}.Open(ctx, required)
		if err != nil {
			return err
		}
		defer end.Close()
		second := end.Do(adapter.Message{Op: adapter.OpJoin})
		record = play.Play(end, required, play.Patience{Due: limit / 4, End: limit / 3})
		if !record.Join.Done || record.Join.Err != nil {
			return nil // the judge reports it
		}
		return checkRepeated(ctx, end, second, record.Join.Reply.Ended)
	})
	differences := []judge.Difference(nil)
	if record != nil {
		differences = judge.Judge(required, record, true)
	}
	if len(differences) > 0 {
		return nil, violation(differences[0])
	}
	return record, err
}

// checkRepeated requires what a plan does not: that two calls of join return the same, at
// the same time or one after the other, and that a connection can be shut down after its
// end.
func checkRepeated(ctx context.Context, end play.Endpoint, second play.Pending, ended string) error {
	block := true
	for _, again := range []struct {
		requirement, name string
		pending           play.Pending
		ended             string
	}{
		{"JOI-1", "joining while another call waits", second, ended},
		{"JOI-1", "joining again", end.Do(adapter.Message{Op: adapter.OpJoin}), ended},
		{"SHD-4", "shutting down after the end", end.Do(adapter.Message{Op: adapter.OpShutdown, Block: &block}), ""},
	} {
		select {
		case <-again.pending.Done():
		case <-ctx.Done():
			return violates("JOI-1", "%s", again.name).expected("it to return").got("%v", ctx.Err())
		}
		if reply, err := again.pending.Wait(ctx); err != nil || reply.Ended != again.ended {
			return violates(again.requirement, "%s", again.name).
				expected("%q, and no error", again.ended).got("%q, error %v", reply.Ended, err)
		}
	}
	return nil
}

func violation(d judge.Difference) error {
	return violates(d.Requirement, "%s", strings.TrimSpace(d.Kind+" "+d.State)).expected("%s", d.Expected).got("%s", d.Came)
}

// reusesTag reports whether the peer uses a tag again in a plan that can be played without
// its waits. A plan waits before it uses a tag again, because only then the outcome is
// certain; that hides races between an answer and the next request with its tag.
//
// Without its waits, a plan with a shutdown or with a request of a handler has no certain
// outcome. Neither has one with a stray response and a local request: the response may
// arrive after the request, and answer it.
func reusesTag(p *plan.Plan) bool {
	isStray := func(n plan.Note) bool { return n.Kind == "response" && n.Outcome == "stray" }
	isNested := func(c plan.LocalRequest) bool { return !c.IsLocalUsers() }
	if len(p.Shutdowns) > 0 || p.End.Unspecified || slices.ContainsFunc(p.LocalRequests, isNested) ||
		len(p.LocalRequests) > 0 && slices.ContainsFunc(p.Notes, isStray) {
		return false
	}
	used := make(map[input.ID]bool)
	return slices.ContainsFunc(p.Answers, func(a plan.Answer) bool {
		was := used[a.Packet.ID()]
		used[a.Packet.ID()] = true
		return was
	})
}

// withoutWaits returns p without its waits, and with every answer on channel 0 unspecified.
//
// It releases the gate of every held request at the end. p leaves out the gates of
// duplicates, but without the waits a handler may get one:
//
//  1. The peer sends two held requests with one tag.
//  2. The gate of the first is released, and the first is answered.
//  3. Only then the subject reads the second, and its handler waits for its own gate.
func withoutWaits(p *plan.Plan) *plan.Plan {
	q := *p
	q.Acts = slices.Clone(p.Acts)
	for i, a := range q.Acts {
		if a.Verb == plan.Await || a.Verb == plan.Drain {
			q.Acts[i] = plan.Act{Verb: plan.Write} // of no octets, so that the numbers of acts stay
		}
	}
	q.Answers = slices.Clone(p.Answers)
	end := slices.IndexFunc(q.Acts, func(a plan.Act) bool { return a.Verb == plan.AwaitEnd })
	for i := range q.Answers {
		a := &q.Answers[i]
		if a.Packet.Channel != 0 {
			continue
		}
		a.Allowed, a.Handler, a.Due = plan.Unspecified, plan.MayBeCalled, plan.Never
		if a.Packet.Type == adapter.TypeHold.Wire() {
			q.Acts = slices.Insert(q.Acts, end, plan.Act{Verb: plan.Release, Gate: string(a.Packet.Payload)})
		}
	}
	return &q
}

// checkAnswered requires that each request on channel 0 was answered exactly once in a
// record without waits: by what p requires, or by a failure, because its tag may still
// have been in use.
func checkAnswered(p *plan.Plan, r *judge.Record) error {
	wanted := make(map[input.ID][]plan.Answer)
	for _, a := range p.Answers {
		if a.Packet.Channel == 0 {
			wanted[a.Packet.ID()] = append(wanted[a.Packet.ID()], a)
		}
	}
	came := make(map[input.ID]int)
	for _, g := range r.Packets {
		id := g.Packet.ID()
		if g.Packet.IsRequest || id.Channel != 0 {
			continue
		}
		came[id]++
		if g.Packet.Flags&1 == 0 {
			continue
		}
		i := slices.IndexFunc(wanted[id], func(a plan.Answer) bool {
			if a.Allowed != plan.Unspecified {
				a.Allowed = plan.Result
			}
			return a.Matches(g.Packet)
		})
		if i < 0 {
			return violates("RSP-1", "answering requests with tag %d at once", id.Tag).
				expected("failures, or one each of these: %v", wanted[id]).got("%s", input.Show(g.Packet))
		}
		wanted[id] = slices.Delete(wanted[id], i, i+1)
		came[id]--
	}
	for id, rest := range wanted {
		if came[id] != len(rest) {
			return violates("RSP-1", "answering requests with tag %d at once", id.Tag).
				expected("one answer each").got("%d failures for the last %d", came[id], len(rest))
		}
	}
	return nil
}

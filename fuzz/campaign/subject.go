package campaign

import (
	"context"
	"errors"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/fuzz/afl"
	"github.com/packetspec/packetspec/fuzz/judge"
	"github.com/packetspec/packetspec/fuzz/plan"
	"github.com/packetspec/packetspec/fuzz/play"
)

// startTime is how long a subject has to answer hello.
const startTime = 30 * time.Second

// A subject is a started process, and the folder of its pipes.
type subject struct {
	*play.Process
	dir string
	can plan.Abilities

	usual     atomic.Int64 // how long an input takes that nothing holds up, in nanoseconds
	codecOnly atomic.Bool  // it has no connections
	edges     *afl.Map     // nil: it does not count them
}

// An Instrumented is a program that was built by AFL's compilers, so that what it does with
// an input can be seen by its edges, too. It hears one input at a time.
type Instrumented struct{ adapter.Process }

// errNoEdges is how an [Instrumented] program ends that is none.
var errNoEdges = errors.New("it counts no edges: build it by one of AFL's compilers, as by CC=afl-clang-fast, or leave --afl out")

// patience is how long this subject is waited for in a campaign: long enough for a slow
// one on a busy machine.
func (s *subject) patience() play.Patience {
	p := play.Quick
	p.Due = min(max(p.Due, 8*time.Duration(s.usual.Load())), 600*time.Millisecond)
	p.End = max(p.End, 2*p.Due)
	return p
}

// took notes how long an input took.
func (s *subject) took(d time.Duration) {
	usual := s.usual.Load()
	s.usual.Store(usual + (int64(d)-usual)/16)
}

func start(ctx context.Context, starter adapter.Starter) (_ *subject, err error) {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	s := &subject{}
	defer func() {
		if err != nil {
			s.discard()
		}
	}()
	if s.dir, err = os.MkdirTemp("", "packetspec-fuzz-"); err != nil {
		return nil, err
	}
	program, counts := starter.(Instrumented)
	if counts {
		if s.edges, err = afl.New(); err != nil {
			return nil, err
		}
		if program.Env == nil {
			program.Env = os.Environ()
		}
		program.Env = slices.Concat(program.Env, s.edges.Environment())
		starter = program.Process
	}
	session, err := starter.Start(ctx)
	if err != nil {
		return nil, err
	}
	s.Process = play.NewProcess(session, s.dir)
	s.can = plan.Abilities{
		Channels: s.Can(adapter.CanChannels), Decode: s.Can(adapter.CanDecode), DecodeFlags: s.Can(adapter.CanDecodeFlags),
		InvalidReply: s.Can(adapter.CanInvalidReply),
	}
	if counts {
		err = s.edges.Seal()
		if len(s.edges.Take()) == 0 {
			err = &adapter.StartError{Command: starter.String(), Err: errNoEdges}
		}
		if err != nil {
			_ = session.Stop()
		}
	}
	return s, err
}

// discard removes what a subject leaves.
func (s *subject) discard() {
	_ = os.RemoveAll(s.dir)
	if s.edges != nil {
		_ = s.edges.Close()
	}
}

// end stops the subject, which may be in any state, and removes its folder.
func (s *subject) end() {
	select {
	case <-s.Ended():
		s.Kill()
	default:
		_ = s.End()
	}
	s.discard()
}

// noRequirement is what a difference breaks that is from the adapter guide.
const noRequirement = "-"

// A Verdict is what was found of an input.
type Verdict struct {
	Case   *Case
	Found  []judge.Difference
	Died   bool
	Record *judge.Record
	Edges  []uint64 // that the subject ran meanwhile, if it counts them
	Core   *core    // nil: none of them is new
	// CodecOnly: the subject has no connections, so only its codec has heard the input.
	CodecOnly bool
}

// run has the subject hear one input. It finishes an input even if ctx ends, since patience
// bounds it: a reply that nobody waited for would look like one that never came.
func (s *subject) run(ctx context.Context, c *Case, patience play.Patience) Verdict {
	ctx = context.WithoutCancel(ctx)
	v := s.hear(ctx, c, patience)
	if s.edges != nil {
		v.Edges = s.edges.Take()
	}
	return v
}

func (s *subject) hear(ctx context.Context, c *Case, patience play.Patience) (v Verdict) {
	v.Case = c
	v.Found = s.codec(ctx, c, patience)
	if v.CodecOnly = c.CodecOnly || s.codecOnly.Load(); v.CodecOnly {
		return s.alive(v)
	}
	open, cancel := context.WithTimeout(ctx, patience.End)
	defer cancel()
	line, err := s.Open(open, c.Plan)
	switch {
	case adapter.KindOf(err) == adapter.Unsupported:
		s.codecOnly.Store(true)
		v.CodecOnly = true
		return v
	case err != nil && s.Err() == nil:
		v.Found = append(v.Found, noConnection(err))
		return v
	case err != nil:
		return s.alive(v)
	}
	began := time.Now()
	v.Record = play.Play(line, c.Plan, patience)
	if v.Record.Aborted < 0 && !v.Record.Hung {
		s.took(time.Since(began))
	}
	line.Close()
	if s.Err() != nil || v.Record.Died != "" {
		return s.died(v, v.Record)
	}
	v.Found = append(v.Found, judge.Judge(c.Plan, v.Record, s.Can(adapter.CanEndReason))...)
	return v
}

// refused is the kind of difference that a subject makes which replies that it opens no
// connection.
const refused = "connection refused"

// noConnection is the difference that a subject makes by opening no connection.
func noConnection(err error) judge.Difference {
	d := judge.Difference{Requirement: noRequirement, Kind: "no connection", State: "open", Expected: "a connection", Came: err.Error()}
	if reply := new(adapter.Error); errors.As(err, &reply) {
		d.Kind = refused
	}
	return d
}

// isRefused reports whether the subject replied that it opens no connection.
func (v Verdict) isRefused() bool {
	return slices.ContainsFunc(v.Found, func(d judge.Difference) bool { return d.Kind == refused })
}

// alive is v or, if the subject has died without a connection, the difference that it makes
// by that.
func (s *subject) alive(v Verdict) Verdict {
	if s.Err() != nil {
		return s.died(v, &judge.Record{Aborted: -1})
	}
	return v
}

// died is v with what it means that no more replies will come: the subject's process has
// ended, or its adapter has printed what is no reply.
func (s *subject) died(v Verdict, r *judge.Record) Verdict {
	v.Died, r.Died = true, "it ended"
	if stray := new(adapter.StrayError); errors.As(s.Err(), &stray) {
		v.Found = []judge.Difference{{
			Requirement: noRequirement, Kind: "no reply", State: "adapter",
			Expected: "a reply to each command, as the adapter guide has it, and no other line", Came: stray.Error(),
		}}
		return v
	}
	v.Found = append(v.Found, judge.Judge(v.Case.Plan, r, false)...)
	return v
}

// await waits for a reply, for so long: of many commands each has that time after the reply
// to the one before.
func await(ctx context.Context, p *adapter.Pending, limit time.Duration) (reply adapter.Reply, inTime bool, err error) {
	select {
	case <-p.Done(): // as most are by then: it takes no timer
	default:
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	reply, err = p.Wait(ctx)
	return reply, ctx.Err() == nil, err
}

// codec has the codec read and write what is new of the input.
func (s *subject) codec(ctx context.Context, c *Case, patience play.Patience) (found []judge.Difference) {
	type asked struct {
		reading judge.Reading
		pending *adapter.Pending
	}
	var all []asked
	for _, r := range c.Codec {
		for _, m := range r.Commands(s.Can) {
			all = append(all, asked{r, s.Send(m)})
		}
	}
	for _, a := range all {
		reply, inTime, err := await(ctx, a.pending, patience.End)
		if s.Err() != nil {
			return nil
		}
		if !inTime {
			return append(found, judge.Difference{Requirement: "DEC-1", Kind: "codec does not return", State: judge.Codec, Expected: "a reply", Came: "nothing", Timed: true})
		}
		if d, differs := a.reading.Judge(a.pending.Command, reply, err); differs {
			found = append(found, d)
		}
	}
	return found
}

package campaign

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/fuzz/afl"
	"github.com/packetspec/packetspec/fuzz/judge"
	"github.com/packetspec/packetspec/fuzz/plan"
	"github.com/packetspec/packetspec/fuzz/play"
	"github.com/packetspec/packetspec/internal/environment"
)

// A Subject says how to start an implementation, and how long to wait for it.
type Subject struct {
	adapter.Starter
	Timeout      time.Duration // for what is due to a suspect that is confirmed; 0: DefaultTimeout
	StartTimeout time.Duration // for the answer to hello; 0: DefaultStartTimeout

	*room // nil: as much as a few processes need
}

const (
	// DefaultTimeout is long for an answer, which takes less than a millisecond, even on a busy machine.
	DefaultTimeout = time.Second
	// DefaultStartTimeout is that of the suite.
	DefaultStartTimeout = 30 * time.Second
)

// withRoom returns the subject with the room for what is played on it.
func (s Subject) withRoom(workers, inFlight int) (Subject, error) {
	here, there := openFiles()
	r, err := newRoom(here, there, workers, inFlight)
	s.room = &r
	return s, err
}

// patience returns a patience in proportion to the subject's Timeout.
func (s Subject) patience(p play.Patience) play.Patience {
	scale := float64(cmp.Or(s.Timeout, DefaultTimeout)) / float64(DefaultTimeout)
	p.Due, p.End = time.Duration(scale*float64(p.Due)), time.Duration(scale*float64(p.End))
	return p
}

// A process is a started subject, with the folder of its pipes. Inputs may be played on it
// concurrently, but for one that counts edges.
type process struct {
	*play.Process
	subject Subject
	slots   chan struct{} // holds a value for each connection that is open
	dir     string
	can     plan.Abilities

	silent    atomic.Bool  // it did not reply in time: no further input is played on it
	usual     atomic.Int64 // nanoseconds that an input takes which nothing delays, on average
	codecOnly atomic.Bool  // it does not support connections
	edges     *afl.Map     // nil: it does not count them
}

// An Instrumented is a program built by one of AFL's compilers: the edges that it runs guide a
// campaign too. It plays one input at a time.
type Instrumented struct{ adapter.Process }

// errNoEdges reports that an [Instrumented] program was not built by one of AFL's compilers.
var errNoEdges = errors.New("it counts no edges: build it by one of AFL's compilers, as by CC=afl-clang-fast, or leave --afl out")

// start starts a process of the subject.
func (s Subject) start(ctx context.Context) (_ *process, err error) {
	limit := cmp.Or(s.StartTimeout, DefaultStartTimeout)
	ctx, cancel := adapter.WithStartTime(ctx, limit, fmt.Errorf("no answer within %v (--start-timeout)", limit))
	defer cancel()
	starter := s.Starter
	p := &process{subject: s, slots: make(chan struct{}, s.each)}
	defer func() {
		if err != nil {
			p.discard()
			err = whyNotStarted(err)
		}
	}()
	if p.dir, err = os.MkdirTemp("", "packetspec-fuzz-"); err != nil {
		return nil, environment.Explain("make a folder for named pipes", err)
	}
	program, counts := starter.(Instrumented)
	if counts {
		if p.edges, err = afl.New(); err != nil {
			return nil, err
		}
		if program.Env == nil {
			program.Env = os.Environ()
		}
		program.Env = slices.Concat(program.Env, p.edges.Environment())
		starter = program.Process
	}
	session, err := starter.Start(ctx)
	if err != nil {
		return nil, err
	}
	p.Process = play.NewProcess(session, p.dir)
	p.can = plan.AbilitiesOf(p.Can)
	if counts {
		err = p.edges.Seal()
		if len(p.edges.Take()) == 0 {
			err = &adapter.StartError{Command: starter.String(), Err: errNoEdges}
		}
		if err != nil {
			_ = session.Stop()
		}
	}
	return p, err
}

// reachTime is how long a subject may take to open its first connection.
const reachTime = 5 * time.Second

// replyTimes is by how much more than [Subject.Timeout] a process may take to reply to a command that
// a busy machine alone can delay: open, and those of the codec. Waiting costs nothing if the process is
// slow, and a process that is silent is not used again.
const replyTimes = 5

// replyTime returns how long a process may take to reply to open, or to a command of its codec.
func (s Subject) replyTime() time.Duration { return replyTimes * cmp.Or(s.Timeout, DefaultTimeout) }

// reach returns an error if the subject cannot open the pipes of connections.
func (p *process) reach(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, reachTime)
	defer cancel()
	return p.Reach(ctx)
}

// discard removes the folder and the map of edges.
func (p *process) discard() {
	_ = os.RemoveAll(p.dir)
	if p.edges != nil {
		_ = p.edges.Close()
	}
}

// end stops the process, which may be in any state, and removes its folder.
func (p *process) end() {
	if p.Err() != nil || p.silent.Load() { // it would not end by itself
		p.Kill()
	} else {
		_ = p.End()
	}
	p.discard()
}

// slowest bounds the patience with a slow process, so that an input that hangs costs little.
var slowest = play.Patience{Due: 600 * time.Millisecond}

// patience returns how long to wait for what this process owes, in a campaign: eight times what an
// input usually takes, so that a slow subject, or one on a busy machine, is not suspected at once.
func (p *process) patience() play.Patience {
	q := p.subject.patience(play.Quick)
	q.Due = min(max(q.Due, 8*time.Duration(p.usual.Load())), p.subject.patience(slowest).Due)
	q.End = max(q.End, 2*q.Due)
	return q
}

// took takes the time of an input into the moving average of the last 16 or so.
func (p *process) took(d time.Duration) {
	usual := p.usual.Load()
	p.usual.Store(usual + (int64(d)-usual)/16)
}

// A result is what one input showed on a process.
type result struct {
	input     *Case
	found     []judge.Difference // of this input
	grown     []judge.Difference // of the process, up to this input
	crash     *Crash             // nil: the process went on, or printed a line that is no reply
	died      bool               // the process, while the input was played
	silent    bool               // the process did not reply to open, to a command of its codec, or to any other
	short     error              // the machine gave too little for this input; nil: enough
	record    *judge.Record      // nil: no connection
	edges     []uint64           // that the process ran, if it counts them
	core      *core              // nil: none of the edges is new
	codecOnly bool               // no connection played the input
}

// shows returns the difference with a signature, or the first if the signature is empty.
func (r result) shows(signature string) (judge.Difference, bool) {
	for _, d := range r.found {
		if signature == "" || d.Signature() == signature || d.Kind == crashKind && r.crash.shows(signature) {
			return d, true
		}
	}
	return judge.Difference{}, false
}

// hung reports whether the connection was left hanging.
func (r result) hung() bool { return r.record != nil && r.record.Hung }

// isRefused reports whether the subject replied that it opens no connection.
func (r result) isRefused() bool {
	return slices.ContainsFunc(r.found, func(d judge.Difference) bool { return d.Kind == refused })
}

// unplayed reports whether the input was not played: the process did not reply, or opened no connection.
func (r result) unplayed() bool {
	return r.record == nil && (r.silent || !r.codecOnly && r.crash == nil)
}

// cutShort reports whether a time limit had passed before the input was played to its end.
func (r result) cutShort() bool {
	if r.record == nil || r.died {
		return false
	}
	last := r.record.LastRequest
	return r.silent || r.record.Hung || r.record.Aborted >= 0 && r.record.Waited > 0 || last.Sent && !last.Done
}

// play plays an input. It plays on even if ctx ends, since patience bounds it: a reply for which
// nobody waited would look like one that never came.
func (p *process) play(ctx context.Context, c *Case, patience play.Patience) result {
	ctx = context.WithoutCancel(ctx)
	r := p.playBoth(ctx, c, patience)
	if r.cutShort() && !p.replies(ctx, 2*patience.End) { // then nothing was due from this connection in particular
		r.silent = true
	}
	if p.edges != nil {
		r.edges = p.edges.Take()
	}
	return r
}

// playBoth has the codec read and write the input, then plays it on a connection.
func (p *process) playBoth(ctx context.Context, c *Case, patience play.Patience) result {
	r := result{input: c}
	r.found, r.silent = p.codec(ctx, c)
	r.codecOnly = c.CodecOnly || p.codecOnly.Load()
	switch {
	case p.Err() != nil:
		return p.dead(r)
	case r.codecOnly:
		return r
	}
	p.subject.all <- struct{}{}
	p.slots <- struct{}{}
	defer func() { <-p.slots; <-p.subject.all }()
	limit := p.subject.replyTime()
	opening, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	end, err := p.Open(opening, c.Plan)
	switch {
	case adapter.KindOf(err) == adapter.Unsupported:
		p.codecOnly.Store(true)
		r.codecOnly = true
		return r
	case err != nil && p.Err() == nil:
		r.short = whyNotOpen(err)
		r.found = append(r.found, noConnection(err, limit))
		if errors.Is(err, context.DeadlineExceeded) {
			r.silent = true
			p.silent.Store(true)
		}
		return r
	case err != nil:
		return p.dead(r)
	}
	began := time.Now()
	r.record = play.Play(end, c.Plan, patience)
	if r.record.Aborted < 0 && !r.record.Hung {
		p.took(time.Since(began))
	}
	end.Close()
	if p.Err() != nil || r.record.Died {
		return p.dead(r)
	}
	r.found = append(r.found, judge.Judge(c.Plan, r.record, p.Can(adapter.CanEndReason))...)
	return r
}

const (
	// NoRequirement is the Requirement of a difference from the adapter guide.
	NoRequirement = "-"
	// refused is the Kind reported when the subject refuses to open a connection.
	refused = "connection refused"
)

// noConnection returns the difference that the subject opened no connection within a limit.
func noConnection(err error, limit time.Duration) judge.Difference {
	d := judge.Difference{Requirement: NoRequirement, Kind: "no connection", State: "open", Expected: "a connection", Came: err.Error()}
	switch reply := new(adapter.Error); {
	case errors.As(err, &reply):
		d.Kind = refused
	case errors.Is(err, context.DeadlineExceeded):
		d.Came, d.Timed = fmt.Sprintf("no reply to open within %v", limit), true
	}
	return d
}

// dead returns a result with what it means that the process replies no more: it has ended, or its
// adapter has printed a line that is no reply.
func (p *process) dead(r result) result {
	r.died = true
	if r.record != nil {
		r.record.Died = true
	}
	if stray := new(adapter.StrayError); errors.As(p.Err(), &stray) {
		r.found = []judge.Difference{{
			Requirement: NoRequirement, Kind: "no reply", State: "adapter",
			Expected: "a reply to each command, as the adapter guide requires, and no other line", Came: stray.Error(),
		}}
		return r
	}
	r.crash = crashOf(p)
	words := r.crash.words()
	if shortage.MatchString(r.crash.Stderr) {
		r.short = scarce("run the adapter", errors.New(strings.Join(words[max(0, len(words)-1):], "")))
	}
	r.found = []judge.Difference{r.crash.difference(sameWords(r.crash, r.crash))}
	return r
}

// codec has the codec read and write the input's frames that are new. It reports whether a reply did
// not come in time.
func (p *process) codec(ctx context.Context, c *Case) (found []judge.Difference, silent bool) {
	type asked struct {
		reading judge.Reading
		pending *adapter.Pending
	}
	var all []asked
	for _, r := range c.Codec {
		for _, m := range r.Commands(p.Can) {
			all = append(all, asked{r, p.Send(m)})
		}
	}
	for _, a := range all {
		reply, inTime, err := await(ctx, a.pending, p.subject.replyTime())
		if p.Err() != nil {
			return nil, false
		}
		if !inTime {
			p.silent.Store(true)
			return append(found, judge.Difference{Requirement: "DEC-1", Kind: "codec does not return", State: judge.Codec, Expected: "a reply", Came: "nothing", Timed: true}), true
		}
		if d, differs := a.reading.Judge(a.pending.Command, reply, err); differs {
			found = append(found, d)
		}
	}
	return found, false
}

// replies reports whether the process still replies to a command that asks for nothing.
func (p *process) replies(ctx context.Context, limit time.Duration) bool {
	if p.silent.Load() {
		return false
	}
	_, inTime, _ := await(ctx, p.Send(adapter.Message{Op: adapter.OpDecode, Bytes: new(adapter.Hex)}), limit)
	if !inTime {
		p.silent.Store(true)
	}
	return inTime
}

// await waits for a reply. Of several commands each may take the limit after the reply to the one
// before.
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

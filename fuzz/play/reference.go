package play

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/fuzz/input"
	"github.com/packetspec/packetspec/fuzz/plan"
	"github.com/packetspec/packetspec/reference"
)

// A Reference opens connections of the reference in this process, over memory.
type Reference struct{}

// Open opens a connection as a plan says, but without a grace, which changes nothing.
func (Reference) Open(_ context.Context, plan *plan.Plan) (Line, error) {
	l := &memoryLine{plan: plan, changed: make(chan struct{}, 1), gates: map[string]chan struct{}{}, calls: map[string]*reference.Call{}, closed: make(chan struct{})}
	l.readable = sync.NewCond(&l.mu)
	var h reference.Handler
	if !plan.NoHandler {
		h = l.handle
	}
	opened := make(chan struct{})
	l.opened = opened
	l.conn = reference.New(receiver{l}, sender{l}, h, reference.WithGrace(0))
	close(opened)
	return l, nil
}

// A memoryLine is a connection of the reference.
type memoryLine struct {
	plan   *plan.Plan
	conn   *reference.PacketConnection
	opened <-chan struct{}

	mu       sync.Mutex
	in       []byte
	inEnded  bool
	readable *sync.Cond
	out      []byte
	sent     int // octets, those taken from out included
	outEnded bool
	changed  chan struct{}
	gates    map[string]chan struct{}
	calls    map[string]*reference.Call
	seen     []adapter.Seen
	closed   chan struct{}
}

type receiver struct{ l *memoryLine }

func (r receiver) Read(b []byte) (int, error) {
	r.l.mu.Lock()
	defer r.l.mu.Unlock()
	for len(r.l.in) == 0 && !r.l.inEnded {
		r.l.readable.Wait()
	}
	if len(r.l.in) == 0 {
		return 0, io.EOF
	}
	n := copy(b, r.l.in)
	r.l.in = r.l.in[n:]
	return n, nil
}

func (r receiver) Close() error { r.l.CloseSend(); return nil }

type sender struct{ l *memoryLine }

func (s sender) Write(b []byte) (int, error) {
	s.l.mu.Lock()
	defer s.l.mu.Unlock()
	s.l.out = append(s.l.out, b...)
	s.l.sent += len(b)
	s.l.signal()
	return len(b), nil
}

func (s sender) Close() error {
	s.l.mu.Lock()
	defer s.l.mu.Unlock()
	s.l.outEnded = true
	s.l.signal()
	return nil
}

func (l *memoryLine) signal() {
	select {
	case l.changed <- struct{}{}:
	default:
	}
}

func (l *memoryLine) Write(octets []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.in = append(l.in, octets...)
	l.readable.Broadcast()
}

func (l *memoryLine) CloseSend() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inEnded = true
	l.readable.Broadcast()
}

func (l *memoryLine) Drain(time.Duration) {}

func (l *memoryLine) Take() ([]byte, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	octets := l.out
	l.out = nil
	return octets, l.outEnded
}

func (l *memoryLine) SentByNow() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sent
}

func (l *memoryLine) Changed() <-chan struct{} { return l.changed }
func (l *memoryLine) Dead() <-chan struct{}    { return nil }

func (l *memoryLine) Close() {
	close(l.closed)
	_ = l.conn.Close()
}

// A returned is a command that was carried out.
type returned struct {
	done  chan struct{}
	reply adapter.Reply
	err   error
}

func (r *returned) Done() <-chan struct{} { return r.done }

func (r *returned) Wait(context.Context) (adapter.Reply, error) {
	<-r.done
	return r.reply, r.err
}

var noReply = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

func (l *memoryLine) Do(m adapter.Message) Pending {
	switch m.Op {
	case adapter.OpWait, adapter.OpShutdown, adapter.OpJoin:
		r := &returned{done: make(chan struct{})}
		go func() {
			r.reply, r.err = l.slow(m)
			close(r.done)
		}()
		return r
	}
	r := &returned{done: noReply}
	r.reply, r.err = l.quick(m)
	return r
}

func (l *memoryLine) quick(m adapter.Message) (adapter.Reply, error) {
	switch m.Op {
	case adapter.OpRelease:
		gate := l.gate(m.Gate)
		select {
		case <-gate:
		default:
			close(gate)
		}
	case adapter.OpSeen:
		l.mu.Lock()
		defer l.mu.Unlock()
		seen := slices.Clone(l.seen)
		return adapter.Reply{Calls: &seen}, nil
	case adapter.OpRequest:
		return adapter.Reply{}, l.request(m)
	}
	return adapter.Reply{}, nil
}

func (l *memoryLine) request(m adapter.Message) error {
	r := reference.Request{Payload: m.Payload}
	r.Type, _ = m.RqType.Uint64()
	r.Flags, _ = m.Flags.Uint64()
	r.Channel, _ = m.Channel.Uint64()
	if r.Channel != 0 && l.plan.NoChannels {
		return adapter.Errorf(adapter.Invalid, "channel %d is not offered", r.Channel)
	}
	switch m.Decode {
	case adapter.DecodeReverse:
		r.Decode = func(_ uint64, payload []byte) (any, error) { return reversed(payload), nil }
	case adapter.DecodeRaise:
		r.Decode = func(uint64, []byte) (any, error) { return nil, errDecoder }
	case adapter.DecodeFlags:
		r.Decode = func(flags uint64, _ []byte) (any, error) { return strconv.AppendUint(nil, flags, 10), nil }
	}
	call, err := l.conn.Request(r)
	if err != nil {
		return kindOf(err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls[m.Call] = call
	return nil
}

var errDecoder = errors.New("the decoder was asked to fail")

func (l *memoryLine) slow(m adapter.Message) (adapter.Reply, error) {
	switch m.Op {
	case adapter.OpShutdown:
		_ = l.conn.Shutdown(*m.Block) // that EOF could not be sent is no failure of the call
		return adapter.Reply{}, nil
	case adapter.OpJoin:
		err := l.conn.Join(context.Background())
		ended := adapter.EndedEOF
		switch {
		case errors.Is(err, reference.ErrCut):
			ended = adapter.EndedCut
		case err != nil:
			ended = adapter.EndedMalformed
		}
		return adapter.Reply{Ended: ended}, nil
	}
	l.mu.Lock()
	call := l.calls[m.Call]
	l.mu.Unlock()
	r, err := call.Wait(context.Background())
	if err != nil {
		return adapter.Reply{}, kindOf(err)
	}
	payload := adapter.Hex(r.Payload)
	if decoded, ok := r.Value.([]byte); ok {
		payload = decoded
	}
	return adapter.Reply{OK: &r.OK, Flags: adapter.Int(r.Flags), Payload: &payload}, nil
}

func kindOf(err error) error {
	kind := adapter.Internal
	switch {
	case errors.As(err, new(*reference.DecodeError)):
		kind = adapter.BadDecode
	case errors.Is(err, reference.ErrRange):
		kind = adapter.Invalid
	case errors.Is(err, reference.ErrClosed):
		kind = adapter.Closed
	case errors.Is(err, reference.ErrCancelled):
		kind = adapter.Cancelled
	}
	return adapter.Errorf(kind, "%v", err)
}

// gate is closed once it is released.
func (l *memoryLine) gate(name string) chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.gates[name] == nil {
		l.gates[name] = make(chan struct{})
	}
	return l.gates[name]
}

// handle is the standard handler of the adapter guide.
func (l *memoryLine) handle(ctx context.Context, r reference.Request) (reference.Reply, error) {
	l.mu.Lock()
	l.seen = append(l.seen, adapter.Seen{RqType: adapter.Int(r.Type), Flags: adapter.Int(r.Flags), Payload: r.Payload})
	l.mu.Unlock()
	switch r.Type {
	case 0:
		return reference.Reply{}, nil
	case 1:
		return reference.Reply{Flags: r.Flags}, nil
	case 2:
		return reference.Reply{Payload: r.Payload}, nil
	case 3:
		if !utf8.Valid(r.Payload) {
			return reference.Reply{}, errors.New("the payload is not UTF-8")
		}
		return reference.Text(string(r.Payload)), nil
	case 4:
		return reference.Reply{Flags: r.Flags, Payload: r.Payload}, nil
	case 6:
		select {
		case <-l.gate(string(r.Payload)):
		case <-l.closed:
		}
		return reference.Reply{Payload: r.Payload}, nil
	case 7:
		return reference.Reply{Flags: 0x11, Payload: reversed(r.Payload)}, nil
	case 8:
		n, err := strconv.Atoi(string(r.Payload))
		if err != nil || n < 0 || n > input.MaxLarge {
			return reference.Reply{}, errors.New("no size")
		}
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(i % 251)
		}
		return reference.Reply{Payload: b}, nil
	case 9:
		<-l.opened
		answer, err := l.conn.Do(ctx, reference.Request{Type: 2, Payload: r.Payload})
		return reference.Reply{Payload: answer.Payload}, err
	}
	return reference.Reply{}, errors.New("the handler raises")
}

func reversed(b []byte) []byte {
	r := bytes.Clone(b)
	slices.Reverse(r)
	return r
}

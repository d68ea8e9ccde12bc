package conformance_test

import (
	"context"
	"io"
	"sync"
	"sync/atomic"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/adapters/goreference"
)

// A faulty is the reference with something done wrongly: what a hook does instead.
// Without any it is the reference. What goes wrong on a connection is hooked into
// each [link] by open.
type faulty struct {
	goreference.Implementation

	supports []adapter.Ability // beside the reference's
	encode   func(adapter.Packet) ([]byte, error)
	decode   func([]byte) (adapter.Packet, int, error)
	equal    func(a, b adapter.Packet) bool
	text     func(adapter.Packet) string
	options  func(*adapter.OpenOptions)
	open     func(*link)
	reply    func(line []byte) []byte // of the adapter itself

	ticked atomic.Int64 // octets of ticks for the standard error
}

// Hello implements [adapter.Implementation].
func (f *faulty) Hello() adapter.Hello {
	h := f.Implementation.Hello()
	h.Supports = append(h.Supports, f.supports...)
	return h
}

// Encode implements [adapter.Implementation].
func (f *faulty) Encode(p adapter.Packet) ([]byte, error) {
	if f.encode != nil {
		return f.encode(p)
	}
	return f.Implementation.Encode(p)
}

// Decode implements [adapter.Implementation].
func (f *faulty) Decode(b []byte) (adapter.Packet, int, error) {
	if f.decode != nil {
		return f.decode(b)
	}
	return f.Implementation.Decode(b)
}

// Equal implements [adapter.Equaler].
func (f *faulty) Equal(a, b adapter.Packet) (bool, error) {
	if f.equal != nil {
		return f.equal(a, b), nil
	}
	return f.Implementation.Equal(a, b)
}

// String implements [adapter.Stringer].
func (f *faulty) String(p adapter.Packet) (string, error) {
	if f.text != nil {
		return f.text(p), nil
	}
	return f.Implementation.String(p)
}

// Open implements [adapter.Implementation].
func (f *faulty) Open(o adapter.OpenOptions, h adapter.Handler) (adapter.Connection, error) {
	if f.options != nil {
		f.options(&o)
	}
	if o.TickStderr { // the test's own standard error would tell nobody anything
		o.TickStderr = false
		o.Tick = func(b []byte) { f.ticked.Add(int64(len(b))) }
	}
	l := newLink()
	if f.open != nil {
		f.open(l)
	}
	if l.handler != nil {
		h = l.handler(h)
	}
	return l.connect(o, func(o adapter.OpenOptions) (adapter.Connection, error) {
		return f.Implementation.Open(o, h)
	})
}

// A subject starts a faulty implementation inside this process.
type subject struct{ *faulty }

// String implements [adapter.Starter].
func (s subject) String() string { return "" }

// Start implements [adapter.Starter].
func (s subject) Start(ctx context.Context) (*adapter.Session, error) {
	commands, in := io.Pipe()
	out, replies := io.Pipe()
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = adapter.Serve(context.WithoutCancel(ctx), s.faulty, commands, rewriter{replies, s.reply})
		_ = replies.Close()
	}()
	end := sync.OnceFunc(func() {
		_ = in.Close()
		_ = out.Close()
		<-served
	})
	session := &adapter.Session{
		Client: adapter.NewClient(in, out),
		Stop:   func() error { end(); return nil }, Kill: end,
		Epitaph:     func() string { return "" },
		Stderr:      func(int64) string { return "" },
		StderrTotal: func() (int64, bool) { return s.ticked.Load(), true },
	}
	return session, session.Greet(ctx)
}

// A rewriter writes lines, each of which comes in one write.
type rewriter struct {
	w       io.Writer
	rewrite func([]byte) []byte // nil: as they are
}

func (r rewriter) Write(line []byte) (int, error) {
	if r.rewrite == nil {
		return r.w.Write(line)
	}
	_, err := r.w.Write(r.rewrite(line))
	return len(line), err
}

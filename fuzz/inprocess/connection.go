package inprocess

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/packetspec/packetspec/reference"
)

// Connection takes data as all that the peer of a live connection ever sends, and as
// fast as it is read. The connection ends, for the right reason, and leaves nothing
// behind; it answers every well-formed request exactly once, and as its handler says;
// its own requests end with the peer's answer or are cancelled; and it sends whole
// packets, of which the last is its one EOF.
func Connection(data []byte) error { return opener(reference.New).connectionTarget(data, patience) }

func (open opener) connectionTarget(data []byte, limit time.Duration) error {
	data = cut(data)
	return guarded(limit, func(ctx context.Context) error {
		return bounded(len(data), func() error { return open.hear(ctx, data) })
	})
}

// hear has a connection hear data, and checks all that it does.
func (open opener) hear(ctx context.Context, data []byte) error {
	want := hearing(data)
	recv, send, user := newFeed(data), new(sink), &listener{release: make(chan struct{})}
	c := open(recv, send, user.handle, reference.WithGrace(0))
	defer func() { _ = c.Close() }()

	// The last request is one that the peer does not answer: it ends when the peer's
	// stream does, and then the handlers go on that were held.
	requests := append(localRequests(), reference.Request{Channel: want.unanswered})
	var calls []*reference.Call
	for _, r := range requests {
		call, err := c.Request(r)
		if err != nil {
			return breaks("RQS-1", "requesting %+v", r).expected("no error").got("%v", err)
		}
		calls = append(calls, call)
	}
	close(recv.begin)
	last := calls[len(calls)-1]
	if _, err := last.Wait(ctx); !errors.Is(err, reference.ErrCancelled) {
		return breaks("EOS-1", "waiting for the end of the peer's stream").expected("%v", reference.ErrCancelled).got("%v", err)
	}
	close(user.release)
	if err := want.checkEnd(c.Join(ctx)); err != nil {
		return err
	}
	for i, call := range calls {
		r, err := call.Wait(ctx)
		if err := want.checkAnswer(id{requests[i].Channel, uint64(i + 1)}, r, err); err != nil {
			return err
		}
	}
	if _, err := c.Request(reference.Request{}); !errors.Is(err, reference.ErrClosed) {
		return breaks("EOS-8", "requesting after the end").expected("%v", reference.ErrClosed).got("%v", err)
	}
	if err := c.Shutdown(true); err != nil {
		return breaks("SHD-4", "shutting down after the end").expected("no error").got("%v", err)
	}
	sent, err := send.packets()
	if err != nil {
		return err
	}
	if sent, err = checkLocalRequests(sent, requests); err != nil {
		return err
	}
	return want.checkAnswers(sent, user.seen)
}

// localRequests are what the local user asks before the peer says anything.
func localRequests() []reference.Request {
	return []reference.Request{{Type: 0, Flags: 5, Payload: []byte("first")}, {Channel: 5, Type: 300}}
}

// checkLocalRequests takes out of what was sent the local requests, in order and with
// the tags 1, 2 and so on.
func checkLocalRequests(sent []reference.Packet, requests []reference.Request) (rest []reference.Packet, err error) {
	next := 0
	for _, p := range sent {
		if !p.IsRequest {
			rest = append(rest, p)
			continue
		}
		var want reference.Packet
		if next < len(requests) {
			r := requests[next]
			next++
			want = reference.Packet{
				IsRequest: true, Channel: r.Channel, Tag: uint64(next), Flags: r.Flags, Type: r.Type + 1, Payload: r.Payload,
			}
		}
		if !sameAs(p, want) {
			return nil, breaks("RQS-1", "sending request %d", next).expected("%s", show(want)).got("%s", show(p))
		}
	}
	if next < len(requests) {
		return nil, breaks("SHD-3", "sending the local requests").expected("%d", len(requests)).got("%d", next)
	}
	return rest, nil
}

// A listener is the local user as a handler: what it answers depends on the type, and
// some types it answers only once it is released.
type listener struct {
	release chan struct{}

	mu   sync.Mutex
	seen []reference.Request
}

func (l *listener) handle(_ context.Context, r reference.Request) (reference.Reply, error) {
	l.mu.Lock()
	l.seen = append(l.seen, r)
	l.mu.Unlock()
	if isHeld(r.Type) {
		<-l.release
	}
	return planFor(r).end()
}

// isHeld reports whether requests of a type are held.
func isHeld(rqType uint64) bool { return rqType%16 >= 10 }

// planFor is how a request is to be answered: in each of the ways there are.
func planFor(r reference.Request) plan {
	all := plans()
	p := all[r.Type%16%uint64(len(all))]
	if p.named == "both" {
		p.reply = reference.Reply{Flags: r.Flags, Payload: r.Payload}
	}
	return p
}

// An opener starts a connection: [reference.New], or one with a fault.
type opener func(recv io.Reader, send io.Writer, h reference.Handler, opts ...reference.Option) *reference.PacketConnection

// A feed is what a connection receives: some octets in pieces, from when it begins.
type feed struct {
	begin chan struct{}
	once  sync.Once
	ended chan struct{} // closed by Close
	rest  pieces
}

func newFeed(data []byte) *feed {
	return &feed{
		begin: make(chan struct{}), ended: make(chan struct{}),
		rest: pieces{rest: data, next: sizes(data, 1)},
	}
}

func (f *feed) Read(b []byte) (int, error) {
	select {
	case <-f.begin:
		return f.rest.Read(b)
	case <-f.ended:
		return 0, io.ErrClosedPipe
	}
}

func (f *feed) Close() error {
	f.once.Do(func() { close(f.ended) })
	return nil
}

// A sink keeps what a connection sends.
type sink struct {
	mu     sync.Mutex
	octets []byte
	closed bool
	late   int // octets that came after the end
}

func (s *sink) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		s.late += len(b)
		return 0, io.ErrClosedPipe
	}
	s.octets = append(s.octets, b...)
	return len(b), nil
}

func (s *sink) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return nil
}

// packets are what was sent: whole packets in their shortest form, one EOF packet, which
// is last, and then the end. (ENC-1, EOS-4, EOS-7)
func (s *sink) packets() ([]reference.Packet, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	got, err := wholePackets(s.octets)
	if err != nil {
		return nil, err
	}
	sent := breaks("EOS-4", "looking at all that was sent, % x", s.octets)
	for i, p := range got {
		if p.IsRequest && p.Type == 0 && i < len(got)-1 {
			return nil, sent.expected("EOF last").got("%s as packet %d of %d", show(p), i+1, len(got))
		}
	}
	switch {
	case len(got) == 0 || !sameAs(got[len(got)-1], reference.Packet{IsRequest: true}):
		return nil, sent.expected("EOF last").got("none")
	case !s.closed:
		sent.Requirement = "EOS-7"
		return nil, sent.expected("the stream to be closed").got("it open")
	case s.late > 0:
		return nil, sent.expected("nothing behind the end").got("%d octets", s.late)
	}
	return got[:len(got)-1], nil
}

// wholePackets reads octets that must be whole packets in their shortest form.
func wholePackets(octets []byte) (packets []reference.Packet, err error) {
	for rest := octets; len(rest) > 0; {
		r := oracleRead(rest)
		if r.verdict != whole || r.beyond || r.consumed != len(r.packet.encode(wireForm{})) {
			return nil, breaks("ENC-1", "looking at what was sent, % x", octets).
				expected("whole packets in their shortest form").
				got("%s at octet %d", r.verdict, len(octets)-len(rest))
		}
		packets = append(packets, r.packet.reference())
		rest = rest[r.consumed:]
	}
	return packets, nil
}

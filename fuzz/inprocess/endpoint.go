package inprocess

import (
	"io"
	"sync"

	"github.com/packetspec/packetspec/reference"
)

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

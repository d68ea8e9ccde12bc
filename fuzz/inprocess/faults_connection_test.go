package inprocess

import (
	"context"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/packetspec/packetspec/reference"
)

// Each check can fail: a connection with a mistake is found out by the corpus alone. Each
// is the reference between streams, or with a handler, that make the mistake.
func TestFaultyConnectionsAreFoundOut(t *testing.T) {
	never := make(chan struct{})
	defer close(never)
	type packets = []reference.Packet
	eof := reference.Packet{IsRequest: true}
	for _, fault := range []struct {
		named
		requirement string // that a live connection breaks; in a session that depends on who is first
		plant       func(*plugs)
	}{
		{"sends EOF twice", "EOS-4", sending(func(p reference.Packet) packets {
			if p.IsEOF() {
				return packets{p, p}
			}
			return packets{p}
		})},
		{"sends no EOF", "EOS-4", sending(func(p reference.Packet) packets {
			if p.IsEOF() {
				return nil
			}
			return packets{p}
		})},
		{"sends EOF before an answer", "EOS-4", sending(func(p reference.Packet) packets {
			if !p.IsRequest {
				return packets{eof, p}
			}
			return packets{p}
		})},
		{"loses an answer", "RSP-1", sending(func(p reference.Packet) packets {
			if !p.IsRequest {
				return nil
			}
			return packets{p}
		})},
		{"answers twice", "RSP-1", sending(func(p reference.Packet) packets {
			if !p.IsRequest {
				return packets{p, p}
			}
			return packets{p}
		})},
		{"answers another tag", "RSP-1", sending(func(p reference.Packet) packets {
			if !p.IsRequest {
				p.Tag++
			}
			return packets{p}
		})},
		{"answers without the ok bit", "RSP-1", sending(func(p reference.Packet) packets {
			if !p.IsRequest {
				p.Flags &^= 1
			}
			return packets{p}
		})},
		{"refuses on channel 0", "CHN-1", sending(func(p reference.Packet) packets {
			if !p.IsRequest {
				p.Channel = 0
			}
			return packets{p}
		})},
		{"requests with another type", "RQS-1", sending(func(p reference.Packet) packets {
			if p.IsRequest && p.Type > 0 {
				p.Type++
			}
			return packets{p}
		})},
		{"writes overlong integers", "ENC-1", func(p *plugs) {
			p.form = wireForm{Length: 1}
		}},
		{"leaves its stream open", "EOS-7", func(p *plugs) { p.staysOpen = true }},
		{"hangs at the end of the stream", "JOI-1", func(p *plugs) { p.end = func() { <-never } }},
		{"leaves a goroutine behind", "JOI-1", func(p *plugs) { p.start = func() { <-never } }},
		{"gives the handler other flags", "RQS-2", handling(func(h reference.Handler, r reference.Request) (reference.Reply, error) {
			r.Flags |= 1 << 9
			return h(context.Background(), r)
		})},
		{"calls the handler twice", "RQS-2", handling(func(h reference.Handler, r reference.Request) (reference.Reply, error) {
			_, _ = h(context.Background(), r)
			return h(context.Background(), r)
		})},
		{"hears responses with other flags", "RSP-2", hearingOf(func(p reference.Packet) packets {
			if !p.IsRequest {
				p.Flags ^= 2
			}
			return packets{p}
		})},
		{"hears no responses", "RSP-2", hearingOf(func(p reference.Packet) packets {
			if !p.IsRequest {
				return nil
			}
			return packets{p}
		})},
		{"hears requests twice", "RSP-1", hearingOf(func(p reference.Packet) packets {
			if p.IsRequest && !p.IsEOF() {
				return packets{p, p}
			}
			return packets{p}
		})},
		{"takes a cut for EOF", "JOI-2", func(p *plugs) { p.behind = oracleOf(eof).encode(wireForm{}) }},
	} {
		t.Run("connection "+fault.String(), func(t *testing.T) {
			foundOut(t, fault.requirement, streamSeeds(t), func(data []byte) error {
				return plugged(fault.plant).connectionTarget(data, timeFor(fault.requirement))
			})
		})
		t.Run("session "+fault.String(), func(t *testing.T) {
			foundOut(t, "", corpus(t, "FuzzSession"), func(data []byte) error {
				return plugged(fault.plant).sessionTarget(data, time.Second/2)
			})
		})
	}
}

func sending(f func(reference.Packet) []reference.Packet) func(*plugs) {
	return func(p *plugs) { p.sent = f }
}

func hearingOf(f func(reference.Packet) []reference.Packet) func(*plugs) {
	return func(p *plugs) { p.heard = f }
}

func handling(f func(reference.Handler, reference.Request) (reference.Reply, error)) func(*plugs) {
	return func(p *plugs) { p.handled = f }
}

// plugs stand between a connection and its streams, and its handler.
type plugs struct {
	sent, heard func(reference.Packet) []reference.Packet // what becomes of a packet
	form        wireForm                                  // of what is sent
	behind      []byte                                    // what is heard behind the end
	end         func()                                    // before the end is heard
	staysOpen   bool
	start       func() // beside it
	handled     func(reference.Handler, reference.Request) (reference.Reply, error)
}

// plugged opens a connection with plugs.
func plugged(plant func(*plugs)) opener {
	return func(recv io.Reader, send io.Writer, h reference.Handler, opts ...reference.Option) *reference.PacketConnection {
		same := func(p reference.Packet) []reference.Packet { return []reference.Packet{p} }
		p := plugs{sent: same, heard: same}
		plant(&p)
		handler := h
		if p.handled != nil && h != nil {
			handler = func(_ context.Context, r reference.Request) (reference.Reply, error) { return p.handled(h, r) }
		}
		if p.start != nil {
			go p.start()
		}
		return reference.New(&pluggedRecv{plugs: &p, recv: recv}, &pluggedSend{plugs: &p, send: send}, handler, opts...)
	}
}

// A pluggedSend sends whole packets as plugs make them.
type pluggedSend struct {
	*plugs
	send io.Writer
	cut  []byte
}

func (s *pluggedSend) Write(b []byte) (int, error) {
	whole, rest := replaced(append(s.cut, b...), s.sent, s.form)
	s.cut = slices.Clone(rest)
	if _, err := s.send.Write(whole); err != nil {
		return 0, err
	}
	return len(b), nil
}

func (s *pluggedSend) Close() error {
	if s.staysOpen {
		return nil
	}
	return s.send.(io.Closer).Close()
}

// A pluggedRecv hears whole packets as plugs make them.
type pluggedRecv struct {
	*plugs
	recv       io.Reader
	ready, cut []byte
	ended      bool
}

func (r *pluggedRecv) Read(b []byte) (int, error) {
	for len(r.ready) == 0 {
		if r.ended {
			return 0, io.EOF
		}
		n, err := r.recv.Read(b)
		r.ready, r.cut = replaced(append(r.cut, b[:n]...), r.heard, wireForm{})
		r.cut = slices.Clone(r.cut)
		if err != nil {
			if r.end != nil {
				r.end()
			}
			r.ended = true
			r.ready = slices.Concat(r.ready, r.cut, r.behind)
		}
	}
	n := copy(b, r.ready)
	r.ready = r.ready[n:]
	return n, nil
}

func (r *pluggedRecv) Close() error { return r.recv.(io.Closer).Close() }

// replaced is whole packets as f makes them, and the octets behind them.
func replaced(b []byte, f func(reference.Packet) []reference.Packet, form wireForm) (made, rest []byte) {
	for {
		r := oracleRead(b)
		if r.verdict != whole || r.beyond {
			return made, b
		}
		for _, p := range f(r.packet.reference()) {
			made = append(made, oracleOf(p).encode(form)...)
		}
		b = b[r.consumed:]
	}
}

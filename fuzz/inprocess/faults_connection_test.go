package inprocess

import (
	"context"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/adapters/goreference"
	"github.com/packetspec/packetspec/fuzz/input"
	"github.com/packetspec/packetspec/reference"
)

// TestFaultyConnections plants faults around the reference: between it and its streams,
// and between it and its handler. The seeds alone must show each fault, both to Judged and
// to Session.
func TestFaultyConnections(t *testing.T) {
	never := make(chan struct{})
	defer close(never)
	hang := func() { <-never }
	eof := reference.Packet{IsRequest: true}
	for _, fault := range []struct {
		named
		want  string // the requirement or the kind that Judged must report; Session may report another
		plant func(*faults)
	}{
		{"sends EOF twice", "EOS-4", sending(eofs(func(p reference.Packet) packets { return packets{p, p} }))},
		{"sends no EOF", "no EOF", sending(eofs(func(reference.Packet) packets { return nil }))},
		{"sends EOF before an answer", "no answer", sending(responses(func(p reference.Packet) packets { return packets{eof, p} }))},
		{"loses an answer", "no answer", sending(responses(func(reference.Packet) packets { return nil }))},
		{"answers twice", "extra answer", sending(responses(func(p reference.Packet) packets { return packets{p, p} }))},
		{"answers another tag", "no answer", sending(responses(func(p reference.Packet) packets {
			p.Tag++
			return packets{p}
		}))},
		{"answers without the ok bit", "failure for ok", sending(responses(func(p reference.Packet) packets {
			p.Flags &^= 1
			return packets{p}
		}))},
		{"refuses on channel 0", "CHN-1", sending(responses(func(p reference.Packet) packets {
			p.Channel = 0
			return packets{p}
		}))},
		{"requests with another type", "RQS-1", sending(requests(func(p reference.Packet) packets {
			p.Type++
			return packets{p}
		}))},
		{"writes overlong integers", "longer form", func(f *faults) { f.form = input.Encoding{Length: 1} }},
		{"leaves its stream open", "EOS-7", func(f *faults) { f.staysOpen = true }},
		{"hangs at the end of the stream", "wait does not return", func(f *faults) { f.atEnd = hang }},
		{"leaves a goroutine behind", "JOI-1", func(f *faults) { f.background = hang }},
		{"gives the handler other flags", "flags", func(f *faults) { f.handlerFlags = 1 << 9 }},
		{"calls the handler twice", "handler called", func(f *faults) { f.handlerTwice = true }},
		{"receives responses with other flags", "RSP-2", receiving(responses(func(p reference.Packet) packets {
			p.Flags ^= 2
			return packets{p}
		}))},
		{"receives no responses", "RSP-2", receiving(responses(func(reference.Packet) packets { return nil }))},
		{"receives requests twice", "extra answer", receiving(requests(func(p reference.Packet) packets { return packets{p, p} }))},
		{"reads EOF at a cut", "told", func(f *faults) { f.behind = encoded(eof, input.Encoding{}) }},
	} {
		t.Run("judged "+fault.String(), func(t *testing.T) {
			requireFound(t, fault.want, judgedSeeds(t), func(data []byte) error {
				return subject{faultyReference{plant: fault.plant}}.runJudged(data, 4*time.Second)
			})
		})
		t.Run("session "+fault.String(), func(t *testing.T) {
			requireFound(t, "", corpus(t, "FuzzSession"), func(data []byte) error {
				return faultyOpener(fault.plant).runSession(data, time.Second/2)
			})
		})
	}
}

type packets = []reference.Packet

// A replacement returns the packets that take the place of a packet.
type replacement = func(reference.Packet) packets

func responses(f replacement) replacement {
	return only(f, func(p reference.Packet) bool { return !p.IsRequest })
}

func requests(f replacement) replacement {
	return only(f, func(p reference.Packet) bool { return p.IsRequest && !p.IsEOF() })
}

func eofs(f replacement) replacement { return only(f, reference.Packet.IsEOF) }

// only returns f for the packets that match, and leaves others as they are.
func only(f replacement, matches func(reference.Packet) bool) replacement {
	return func(p reference.Packet) packets {
		if matches(p) {
			return f(p)
		}
		return packets{p}
	}
}

func sending(f replacement) func(*faults) {
	return func(all *faults) { all.sent = f }
}

func receiving(f replacement) func(*faults) {
	return func(all *faults) { all.received = f }
}

// faults are the planted faults of one connection.
type faults struct {
	sent, received replacement    // of packets
	form           input.Encoding // of what is sent
	behind         []byte         // received behind the end of the stream
	atEnd          func()         // called before the end of the stream is received
	staysOpen      bool           // the sending stream is never closed
	background     func()         // runs in a goroutine of its own
	handlerFlags   uint64         // added to what the handler is given
	handlerTwice   bool           // the handler is called twice
}

// plantFaults returns the faults of a connection that starts now.
func plantFaults(plant func(*faults)) *faults {
	same := func(p reference.Packet) packets { return packets{p} }
	f := &faults{sent: same, received: same}
	plant(f)
	if f.background != nil {
		go f.background()
	}
	return f
}

// A faultyReference is the reference with planted faults, as an implementation under test.
type faultyReference struct {
	goreference.Implementation
	plant func(*faults)
}

func (i faultyReference) Open(recv io.ReadCloser, send io.WriteCloser, o adapter.OpenOptions, h adapter.Handler) (adapter.Connection, error) {
	f := plantFaults(i.plant)
	handler := h
	if h != nil {
		handler = func(ctx context.Context, rqType, flags adapter.Integer, payload []byte) (adapter.Result, error) {
			v, err := flags.Uint64()
			if err != nil {
				return adapter.Result{}, err
			}
			flags = adapter.Int(v | f.handlerFlags)
			if f.handlerTwice {
				_, _ = h(ctx, rqType, flags, payload)
			}
			return h(ctx, rqType, flags, payload)
		}
	}
	return i.Implementation.Open(&faultyReceiver{faults: f, recv: recv}, &faultySender{faults: f, send: send}, o, handler)
}

// faultyOpener returns an opener of connections with planted faults.
func faultyOpener(plant func(*faults)) opener {
	return func(recv io.Reader, send io.Writer, h reference.Handler, opts ...reference.Option) *reference.PacketConnection {
		f := plantFaults(plant)
		handler := h
		if h != nil {
			handler = func(ctx context.Context, r reference.Request) (reference.Reply, error) {
				r.Flags |= f.handlerFlags
				if f.handlerTwice {
					_, _ = h(ctx, r)
				}
				return h(ctx, r)
			}
		}
		return reference.New(&faultyReceiver{faults: f, recv: recv}, &faultySender{faults: f, send: send}, handler, opts...)
	}
}

// A faultySender replaces the packets that a connection sends.
type faultySender struct {
	*faults
	send io.Writer
	rest []byte // of a packet that is not complete
}

func (s *faultySender) Write(b []byte) (int, error) {
	made, rest := replacePackets(append(s.rest, b...), s.sent, s.form)
	s.rest = slices.Clone(rest)
	if _, err := s.send.Write(made); err != nil {
		return 0, err
	}
	return len(b), nil
}

func (s *faultySender) Close() error {
	if s.staysOpen {
		return nil
	}
	return s.send.(io.Closer).Close()
}

// A faultyReceiver replaces the packets that a connection receives.
type faultyReceiver struct {
	*faults
	recv        io.Reader
	ready, rest []byte // to be read, and of a packet that is not complete
	ended       bool
}

func (r *faultyReceiver) Read(b []byte) (int, error) {
	for len(r.ready) == 0 {
		if r.ended {
			return 0, io.EOF
		}
		n, err := r.recv.Read(b)
		r.ready, r.rest = replacePackets(append(r.rest, b[:n]...), r.received, input.Encoding{})
		r.rest = slices.Clone(r.rest)
		if err != nil {
			if r.atEnd != nil {
				r.atEnd()
			}
			r.ended = true
			r.ready = slices.Concat(r.ready, r.rest, r.behind)
		}
	}
	n := copy(b, r.ready)
	r.ready = r.ready[n:]
	return n, nil
}

func (r *faultyReceiver) Close() error { return r.recv.(io.Closer).Close() }

// replacePackets returns what f makes of the complete packets of b, and the octets behind
// them.
func replacePackets(b []byte, f replacement, form input.Encoding) (made, rest []byte) {
	for {
		frame := input.Read(b)
		if frame.Shape != input.Whole || frame.Beyond {
			return made, b
		}
		for _, p := range f(reference.Packet(frame.Packet)) {
			made = append(made, encoded(p, form)...)
		}
		b = b[len(frame.Octets):]
	}
}

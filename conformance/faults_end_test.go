package conformance_test

import (
	"context"
	"slices"
	"sync/atomic"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/peer"
	"github.com/packetspec/packetspec/conformance/report"
)

// endFaults are those of how the peer's stream ends, and of what ends it.
var endFaults = []fault{
	{"only the shortest EOF is one", "EOS-1", report.Timeout, onEOF(func(l *link, m message) {
		if len(m.octets) == 4 {
			l.toSubject(m.octets)
		}
	})},
	{"EOF cancels nothing", "EOS-1", report.Timeout, cancels(func(l *link, _ int32) error {
		l.hang()
		return adapter.Errorf(adapter.Cancelled, "at last")
	})},
	{"EOF cancels one request", "EOS-1", report.Timeout, cancels(func(l *link, n int32) error {
		if n > 1 {
			l.hang()
		}
		return adapter.Errorf(adapter.Cancelled, "the one")
	})},
	{"a cancellation says closed", "EOS-1", "", cancels(func(*link, int32) error { return adapter.Errorf(adapter.Closed, "not cancelled") })},
	{"the end of the octets is not noticed", "EOS-2", report.Timeout, opens(func(l *link) { l.peerEnds = l.toSubject })},
	{"EOF is not answered", "EOS-3", report.Timeout, opens(func(l *link) {
		withoutEOF(l)
		l.subjectEnds = func() {}
	})},
	{"EOF is not sent", "EOS-4", "", opens(withoutEOF)},
	{"EOF is sent twice", "EOS-4", "", onOwnEOF(func(l *link, m message) {
		l.toPeer(m.octets)
		l.toPeer(m.octets)
	})},
	{"EOF is not the last", "EOS-4", "", onOwnEOF(func(l *link, m message) {
		l.toPeer(m.octets)
		l.toPeer([]byte{2, 1, 4})
	})},
	{"EOF has a tag", "EOS-4", "", onOwnEOF(func(l *link, m message) {
		m.Tag = plus(m.Tag, 1)
		l.toPeer(m.Encode())
	})},
	{"what comes behind EOF is dealt with before it", "EOS-5", "", opens(func(l *link) {
		var eof []byte
		l.fromPeer = func(m message) {
			if m.Same(peer.EOF) {
				eof = m.octets
				return
			}
			l.toSubject(m.octets)
		}
		l.afterRead = func([]byte) {
			l.toSubject(eof)
			eof = nil
		}
	})},
	{"EOF drops what was accepted", "EOS-6", "", opens(func(l *link) {
		ended := false
		l.fromPeer = func(m message) {
			ended = ended || m.Same(peer.EOF)
			l.toSubject(m.octets)
		}
		l.fromSubject = func(m message) {
			if m.IsRequest || !ended {
				l.toPeer(m.octets)
			}
		}
	})},
	{"the stream is not closed", "EOS-7", report.Timeout, opens(func(l *link) { l.subjectEnds = func() {} })},
	{"requests are taken after the end", "EOS-8", "", takesAfterTheEnd},

	{"a malformed EOF is ignored", "MEO-1", report.Timeout, onMalformedEOF(func(*link, message, bool) {})},
	{"a malformed EOF reaches the handler", "MEO-1", "", func(f *faulty) {
		var next adapter.Handler
		onMalformedEOF(func(l *link, m message, _ bool) {
			_, _ = next(l.ctx, "-1", "0", m.Payload)
			l.toSubject(m.octets)
		})(f)
		hook := f.open
		f.open = func(l *link) {
			hook(l)
			l.handler = func(h adapter.Handler) adapter.Handler {
				next = h
				return h
			}
		}
	}},
	{"a malformed EOF on another channel ends the stream", "MEO-2", "", onChannels(func(l *link, m message) {
		if m.Type.Sign() == 0 {
			l.inner.EndSending()
			return
		}
		l.toSubject(m.octets)
	})},
	{"a malformed EOF is told as EOF", "MEO-3", "", tells(func(string) string { return adapter.EndedEOF })},
	{"a malformed EOF is ignored after a shutdown", "MEO-4", report.Timeout, onMalformedEOF(func(l *link, m message, shut bool) {
		if !shut {
			l.toSubject(m.octets)
		}
	})},

	{"a malformed packet is ignored", "BAD-1", report.Timeout, opens(func(l *link) { l.malformed = func([]byte) {} })},
	{"after a malformed packet no EOF is sent", "BAD-1", "", opens(func(l *link) {
		withoutEOF(l)
		l.malformed = l.toSubject
	})},
	{"the end inside a packet is not noticed", "BAD-2", report.Timeout, opens(func(l *link) { l.peerEnds = l.toSubject })},
	{"malformed input is told as a cut", "BAD-3", "", tells(func(ended string) string {
		if ended == adapter.EndedMalformed {
			return adapter.EndedCut
		}
		return ended
	})},
	{"a huge length kills the receiver", "BAD-4", report.Timeout, opens(func(l *link) {
		l.peerEnds = func(rest []byte) {
			if length, _ := cutInteger(append(rest, 0)); length > 1<<40 {
				return
			}
			l.toSubject(rest)
			l.inner.EndSending()
		}
	})},
	{"EOF drops requests that wait for a handler", "EOS-6", "", opens(func(l *link) {
		q := l.limit(4)
		next := l.fromPeer
		l.fromPeer = func(m message) {
			if m.Same(peer.EOF) {
				q.waiting = nil
			}
			next(m)
		}
	})},
	{"a malformed EOF with channel 0 written is refused", "MEO-1", report.Timeout, onMalformedEOF(func(l *link, m message, _ bool) {
		if len(m.octets) > len(m.Encode()) {
			l.toPeer(response(m, 0, nil))
			return
		}
		l.toSubject(m.octets)
	})},
	{"a cut response answers its request", "BAD-2", "", opens(func(l *link) {
		l.peerEnds = func(rest []byte) {
			whole := slices.Concat(rest, make([]byte, 1))
			if p, n, err := peer.Decode(whole); n > 0 && err == nil && !p.IsRequest {
				rest = whole
			}
			l.toSubject(rest)
			l.inner.EndSending()
		}
	})},
}

// onEOF deals with the peer's EOF.
func onEOF(deal func(*link, message)) func(*faulty) {
	return opens(func(l *link) {
		l.fromPeer = func(m message) {
			if m.Same(peer.EOF) {
				deal(l, m)
				return
			}
			l.toSubject(m.octets)
		}
	})
}

// onOwnEOF deals with the reference's.
func onOwnEOF(deal func(*link, message)) func(*faulty) {
	return opens(func(l *link) {
		l.fromSubject = func(m message) {
			if m.Same(peer.EOF) {
				deal(l, m)
				return
			}
			l.toPeer(m.octets)
		}
	})
}

func withoutEOF(l *link) {
	l.fromSubject = func(m message) {
		if !m.Same(peer.EOF) {
			l.toPeer(m.octets)
		}
	}
}

// onMalformedEOF deals with a malformed EOF, before a shutdown or after.
func onMalformedEOF(deal func(l *link, m message, shut bool)) func(*faulty) {
	return opens(func(l *link) {
		var shut atomic.Bool
		l.shutdown = func(block bool) error {
			shut.Store(true)
			return l.Connection.Shutdown(block)
		}
		l.fromPeer = func(m message) {
			if m.IsRequest && m.Channel.Sign() == 0 && m.Type.Sign() == 0 && !m.Same(peer.EOF) {
				deal(l, m, shut.Load())
				return
			}
			l.toSubject(m.octets)
		}
	})
}

// cancels has another error in the place of each cancellation, which are counted.
func cancels(instead func(l *link, n int32) error) func(*faulty) {
	return opens(func(l *link) {
		var n atomic.Int32
		l.wait = func(ctx context.Context, _ adapter.Request, call adapter.Call) (adapter.Response, error) {
			r, err := call.Wait(ctx)
			if adapter.KindOf(err) == adapter.Cancelled {
				err = instead(l, n.Add(1))
			}
			return r, err
		}
	})
}

// takesAfterTheEnd takes requests when they should be refused.
func takesAfterTheEnd(f *faulty) {
	f.open = func(l *link) {
		l.request = func(ctx context.Context, r adapter.Request) (adapter.Call, error) {
			call, err := l.Connection.Request(ctx, r)
			if adapter.KindOf(err) == adapter.Closed {
				return never{l}, nil
			}
			return call, err
		}
	}
}

// tells has join tell another end.
func tells(instead func(ended string) string) func(*faulty) {
	return opens(func(l *link) {
		l.join = func() (string, error) {
			ended, err := l.Connection.Join()
			return instead(ended), err
		}
	})
}

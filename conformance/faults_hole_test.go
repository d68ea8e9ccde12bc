package conformance_test

import (
	"context"
	"slices"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/peer"
	"github.com/packetspec/packetspec/conformance/report"
)

// holes are faults that no scenario catches.
var holes = []fault{
	{"a duplicate of a request that waits for a handler is taken", "TAG-4", report.Timeout, atATime(4)},
	{"a response with channel 0 written answers nothing", "CHN-3", report.Timeout, opens(func(l *link) {
		l.fromPeer = func(m message) {
			if m.IsRequest || len(m.octets) == len(m.Encode()) {
				l.toSubject(m.octets)
			}
		}
	})},
	{"connections share their pending requests", "RSP-5", report.Timeout, func(f *faulty) {
		requester := map[string]*link{} // by tag, of all connections
		f.open = func(l *link) {
			l.fromSubject = func(m message) {
				if m.IsRequest && !m.Same(peer.EOF) {
					requester[m.Tag.String()] = l
				}
				l.toPeer(m.octets)
			}
			l.fromPeer = func(m message) {
				if of := requester[m.Tag.String()]; of != nil && !m.IsRequest {
					of.toSubject(m.octets)
					return
				}
				l.toSubject(m.octets)
			}
		}
	}},
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
	{"a shutdown drops requests that wait for a handler", "SHD-2", "", opens(func(l *link) {
		q := l.limit(4)
		l.shutdown = func(block bool) error {
			l.mu.Lock()
			q.waiting = nil
			l.mu.Unlock()
			return l.Connection.Shutdown(block)
		}
	})},
	{"a blocking shutdown waits for one handler", "SHD-6", "", opens(func(l *link) {
		answered := make(chan struct{}, 100)
		accepted := 0
		l.fromPeer = func(m message) {
			if m.IsRequest && m.Channel.Sign() == 0 && !m.Same(peer.EOF) {
				accepted++
			}
			l.toSubject(m.octets)
		}
		l.fromSubject = func(m message) {
			l.toPeer(m.octets)
			if !m.IsRequest && m.Channel.Sign() == 0 {
				accepted--
				answered <- struct{}{}
			}
		}
		l.shutdown = l.shutdownThatAwaitsOne(answered, &accepted)
	})},
	{"a blocking shutdown waits for one pending request", "SHD-7", "", opens(func(l *link) {
		answered := make(chan struct{}, 100)
		pending := 0
		l.fromSubject = func(m message) {
			if m.IsRequest && !m.Same(peer.EOF) {
				pending++
			}
			l.toPeer(m.octets)
		}
		l.wait = func(ctx context.Context, _ adapter.Request, call adapter.Call) (adapter.Response, error) {
			r, err := call.Wait(ctx)
			answered <- struct{}{}
			return r, err
		}
		l.shutdown = l.shutdownThatAwaitsOne(answered, &pending)
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

// shutdownThatAwaitsOne blocks for the next of what there are some of.
func (l *link) shutdownThatAwaitsOne(next <-chan struct{}, some *int) func(bool) error {
	return func(block bool) error {
		l.mu.Lock()
		outstanding := *some
		for len(next) > 0 {
			<-next
		}
		l.mu.Unlock()
		if block && outstanding == 0 {
			return l.Connection.Shutdown(true)
		}
		_ = l.Connection.Shutdown(false)
		if block {
			select {
			case <-next:
			case <-l.closed:
			}
		}
		return nil
	}
}

package conformance_test

import (
	"context"
	"errors"
	"slices"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/peer"
	"github.com/packetspec/packetspec/conformance/report"
)

// bothFaults are those of doing several things at once.
var bothFaults = []fault{
	{"one handler runs at a time", "HND-9", report.Timeout, atATime(1)},

	{"no answer is heard while a handler runs", "BID-1", report.Timeout, opens(deafWhileServing)},
	{"a handler cannot request", "BID-2", report.Timeout, opens(func(l *link) {
		l.request = func(context.Context, adapter.Request) (adapter.Call, error) {
			return nil, errors.New("not inside a handler")
		}
	})},
	{"four requests are served at a time, those that wait included", "BID-3", report.Timeout, atATime(4)},
	{"nothing comes in while an answer goes out", "BID-4", report.Timeout, opens(func(l *link) {
		answered := make(chan struct{}, 100)
		l.fromPeer = func(m message) {
			l.toSubject(m.octets)
			if m.IsRequest && !m.Same(peer.EOF) {
				l.mu.Unlock()
				defer l.mu.Lock()
				select {
				case <-answered:
				case <-l.closed:
				}
			}
		}
		l.fromSubject = func(m message) {
			l.toPeer(m.octets)
			if !m.IsRequest {
				answered <- struct{}{}
			}
		}
	})},
}

// atATime lets n requests at a time reach the reference.
func atATime(n int) func(*faulty) {
	return opens(func(l *link) { l.limit(n) })
}

// A queue is requests that wait for their turn.
type queue struct {
	waiting [][]byte
	serving int
}

// limit lets n requests on channel 0 reach the reference at a time.
func (l *link) limit(n int) *queue {
	q := &queue{}
	l.fromPeer = func(m message) {
		if m.IsRequest && m.Channel.Sign() == 0 && !m.Same(peer.EOF) {
			if q.serving == n {
				q.waiting = append(q.waiting, slices.Clone(m.octets))
				return
			}
			q.serving++
		}
		l.toSubject(m.octets)
	}
	l.fromSubject = func(m message) {
		l.toPeer(m.octets)
		if m.IsRequest || m.Channel.Sign() != 0 {
			return
		}
		q.serving--
		if len(q.waiting) > 0 {
			q.serving++
			l.toSubject(q.waiting[0])
			q.waiting = q.waiting[1:]
		}
	}
	return q
}

// deafWhileServing holds responses back while a request of the peer's is unanswered.
func deafWhileServing(l *link) {
	serving := 0
	var held []byte
	l.fromPeer = func(m message) {
		if m.IsRequest {
			serving++
		} else if serving > 0 {
			held = append(held, m.octets...)
			return
		}
		l.toSubject(m.octets)
	}
	l.fromSubject = func(m message) {
		if !m.IsRequest {
			if serving--; serving == 0 {
				l.toSubject(held)
				held = nil
			}
		}
		l.toPeer(m.octets)
	}
}

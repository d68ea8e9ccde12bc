package conformance_test

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/peer"
	"github.com/packetspec/packetspec/conformance/report"
)

// shutdownFaults are those of shutdown and join.
var shutdownFaults = []fault{
	{"requests are taken after a shutdown", "SHD-1", "", takesAfterTheEnd},
	{"requests are refused after a shutdown, but sent", "SHD-1", "", opens(func(l *link) {
		refused := make(chan struct{}, 100)
		l.fromSubject = func(m message) {
			if m.Same(peer.EOF) { // late enough for the request
				select {
				case <-refused:
				case <-l.closed:
				}
			}
			l.toPeer(m.octets)
		}
		l.request = func(ctx context.Context, r adapter.Request) (adapter.Call, error) {
			call, err := l.Connection.Request(ctx, r)
			if adapter.KindOf(err) == adapter.Closed {
				l.toPeer([]byte{3, 99, 2, 3})
				refused <- struct{}{}
			}
			return call, err
		}
	})},
	{"answers are dropped after a shutdown", "SHD-2", "", onceShut(func(l *link, m message) {
		if m.IsRequest {
			l.toPeer(m.octets)
		}
	})},
	{"EOF does not wait for answers", "SHD-2", "", opens(func(l *link) {
		l.fromSubject = func(m message) { l.toPeer(m.octets) }
		l.shutdown = func(block bool) error {
			l.toPeer(peer.EOF.Encode())
			return l.Connection.Shutdown(block)
		}
	})},
	{"a shutdown drops the requests that are queued", "SHD-3", "", opens(func(l *link) {
		var queued []byte
		l.fromSubject = func(m message) {
			if m.IsRequest && !m.Same(peer.EOF) {
				queued = append(queued, m.octets...)
				return
			}
			l.toPeer(m.octets)
		}
		l.fromPeer = func(m message) {
			l.toPeer(queued)
			queued = nil
			l.toSubject(m.octets)
		}
	})},
	{"a second shutdown does not return", "SHD-4", report.Timeout, shuts(func(l *link, n int32, block bool) {
		if n > 1 {
			l.hang()
		}
		_ = l.Connection.Shutdown(block)
	})},
	{"a shutdown cancels pending requests", "SHD-5", "", func(f *faulty) {
		f.open = func(l *link) {
			shut := make(chan struct{})
			once := sync.OnceFunc(func() { close(shut) })
			l.shutdown = func(block bool) error {
				once()
				return l.Connection.Shutdown(block)
			}
			l.wait = func(ctx context.Context, _ adapter.Request, call adapter.Call) (adapter.Response, error) {
				within, cancel := context.WithCancel(ctx)
				defer cancel()
				stop := make(chan struct{})
				defer close(stop)
				go func() {
					select {
					case <-shut:
						cancel()
					case <-stop:
					}
				}()
				r, err := call.Wait(within)
				if err != nil && ctx.Err() == nil {
					err = adapter.Errorf(adapter.Cancelled, "shut down")
				}
				return r, err
			}
		}
	}},
	{"a blocking shutdown does not wait for handlers", "SHD-6", "", shuts(func(l *link, _ int32, _ bool) { _ = l.Connection.Shutdown(false) })},
	{"a blocking shutdown does not wait for pending requests", "SHD-7", "", shuts((*link).shutDownUpToEOF)},
	{"a shutdown waits for pending requests", "SHD-8", report.Timeout, shuts(func(l *link, _ int32, _ bool) { _ = l.Connection.Shutdown(true) })},
	{"a shutdown waits for handlers", "SHD-9", report.Timeout, shuts((*link).shutDownUpToEOF)},
	{"requests reach the handler after a shutdown", "SHD-10", "", func(f *faulty) {
		f.open = func(l *link) {
			var next adapter.Handler
			l.handler = func(h adapter.Handler) adapter.Handler {
				next = h
				return h
			}
			var shut atomic.Bool
			l.shutdown = func(block bool) error {
				shut.Store(true)
				return l.Connection.Shutdown(block)
			}
			l.fromPeer = func(m message) {
				if m.IsRequest && !m.Same(peer.EOF) && shut.Load() {
					_, _ = next(l.ctx, adapter.TypeBytes, "0", m.Payload)
				}
				l.toSubject(m.octets)
			}
		}
	}},
	{"a shutdown waits for the peer to read EOF", "SHD-11", report.Timeout, shuts(func(l *link, n int32, block bool) {
		l.shutDownUpToEOF(n, block)
		if l.lost.Load() {
			l.hang()
		}
	})},

	{"join does not wait", "JOI-1", "", opens(func(l *link) { l.join = func() (string, error) { return adapter.EndedEOF, nil } })},
	{"join does not return", "JOI-1", report.Timeout, opens(func(l *link) {
		l.join = func() (string, error) {
			l.hang()
			return "", nil
		}
	})},
	{"join waits for the own EOF", "JOI-1", "", opens(func(l *link) {
		l.fromSubject = func(m message) { l.toPeer(m.octets) }
		l.join = func() (string, error) {
			select {
			case <-l.eofSent:
			case <-l.closed:
			}
			return adapter.EndedEOF, nil
		}
	})},
	{"every end is told as EOF", "JOI-2", "", tells(func(string) string { return adapter.EndedEOF })},
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
}

// onceShut deals with what the reference sends after a shutdown, but for its EOF.
func onceShut(deal func(*link, message)) func(*faulty) {
	return opens(func(l *link) {
		var shut atomic.Bool
		l.shutdown = func(block bool) error {
			shut.Store(true)
			return l.Connection.Shutdown(block)
		}
		l.fromSubject = func(m message) {
			if shut.Load() && !m.Same(peer.EOF) {
				deal(l, m)
				return
			}
			l.toPeer(m.octets)
		}
	})
}

// shuts has another shutdown, the nth on its connection, and a relay.
func shuts(down func(l *link, n int32, block bool)) func(*faulty) {
	return opens(func(l *link) {
		var n atomic.Int32
		l.fromSubject = func(m message) { l.toPeer(m.octets) }
		l.shutdown = func(block bool) error {
			down(l, n.Add(1), block)
			return nil
		}
	})
}

// shutDownUpToEOF waits for handlers, but for nothing else.
func (l *link) shutDownUpToEOF(int32, bool) {
	_ = l.Connection.Shutdown(false)
	select {
	case <-l.eofSent:
	case <-l.closed:
	}
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

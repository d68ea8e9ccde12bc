package conformance_test

import (
	"context"
	"math/big"
	"slices"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/peer"
	"github.com/packetspec/packetspec/conformance/report"
)

// requesterFaults are those of an implementation that requests.
var requesterFaults = []fault{
	{"the type goes out as it was asked for", "RQS-1", "", requestsGoOut(func(p *peer.Packet) { p.Type = plus(p.Type, -1) })},
	{"the flags do not go out", "RQS-1", "", requestsGoOut(func(p *peer.Packet) { p.Flags = nil })},
	{"the payload goes out cut", "RQS-1", "", requestsGoOut(func(p *peer.Packet) { p.Payload = p.Payload[:min(len(p.Payload), 4096)] })},
	{"a negative type goes out as 0", "RQS-3", "", func(f *faulty) {
		f.supports = []adapter.Ability{adapter.CanNegative}
		f.open = func(l *link) {
			l.request = func(ctx context.Context, r adapter.Request) (adapter.Call, error) {
				if r.RqType == "-1" {
					r.RqType = "0"
				}
				return l.Connection.Request(ctx, r)
			}
		}
	}},

	{"negative flags go out as 31", "RQS-4", "", func(f *faulty) {
		f.supports = []adapter.Ability{adapter.CanNegative}
		f.open = func(l *link) {
			l.request = func(ctx context.Context, r adapter.Request) (adapter.Call, error) {
				if r.Flags == "-1" {
					r.Flags = "31"
				}
				return l.Connection.Request(ctx, r)
			}
		}
	}},

	{"tags count from 0", "TAG-1", "", renumbersTags(func(tag *big.Int) *big.Int { return plus(tag, -1) }, func(tag *big.Int) *big.Int { return plus(tag, 1) })},
	{"tags count by twos", "TAG-1", "", renumbersTags(
		func(tag *big.Int) *big.Int { return new(big.Int).Lsh(tag, 1) },
		func(tag *big.Int) *big.Int { return new(big.Int).Rsh(tag, 1) },
	)},
	{"tags wrap at 128", "TAG-2", "", requestsGoOut(func(p *peer.Packet) { p.Tag = new(big.Int).And(p.Tag, big.NewInt(127)) })},
	{"all requests have the tag 1", "TAG-2", "", requestsGoOut(func(p *peer.Packet) { p.Tag = big.NewInt(1) })},

	{"the channel does not go out", "CHN-2", "", requestsGoOut(func(p *peer.Packet) { p.Channel = nil })},
	{"a response is matched by its tag alone", "CHN-3", "", responsesComeIn(func(p *peer.Packet) { p.Channel = nil })},

	{"the requester's flags have the ok bit", "RSP-2", "", answersAre(func(_ adapter.Request, r *adapter.Response) {
		if v, err := r.Flags.Uint64(); r.OK && err == nil {
			r.Flags = adapter.Int(v<<1 | 1)
		}
	})},
	{"the requester's payload is cut", "RSP-2", "", answersAre(func(_ adapter.Request, r *adapter.Response) {
		r.Payload = r.Payload[:min(len(r.Payload), 4096)]
	})},
	{"a failure is a result", "RSP-3", "", answersAre(func(_ adapter.Request, r *adapter.Response) { r.OK = true })},
	{"a failure has no flags", "RSP-3", "", answersAre(func(_ adapter.Request, r *adapter.Response) {
		if !r.OK {
			r.Flags = "0"
		}
	})},
	{"a failure has a text of its own", "RSP-3", "", answersAre(func(_ adapter.Request, r *adapter.Response) {
		if !r.OK {
			r.Payload = []byte("the peer has refused the request")
		}
	})},
	{"responses are taken in order only", "RSP-4", report.Timeout, opens(takeInOrder)},
	{"a response to no request ends the stream", "RSP-5", "", opens(func(l *link) {
		pending := l.pending()
		l.fromPeer = func(m message) {
			if !m.IsRequest && !pending[m.Tag.String()] {
				l.inner.EndSending()
				return
			}
			l.toSubject(m.octets)
		}
	})},
	{"a response to no request answers another", "RSP-5", "", opens(func(l *link) {
		l.fromPeer = func(m message) {
			if !m.IsRequest {
				m.Tag = big.NewInt(1)
			}
			l.toSubject(m.Encode())
		}
	})},
	{"a second response answers the next request", "RSP-6", "", opens(func(l *link) {
		pending := l.pending()
		var kept *message
		l.fromPeer = func(m message) {
			if !m.IsRequest && !pending[m.Tag.String()] {
				kept = &m
				return
			}
			if !m.IsRequest {
				delete(pending, m.Tag.String())
			}
			l.toSubject(m.octets)
		}
		track := l.fromSubject
		l.fromSubject = func(m message) {
			if kept != nil && m.IsRequest {
				kept.Tag = m.Tag
				l.toSubject(kept.Encode())
				kept = nil
			}
			track(m)
		}
	})},

	{"the decoder is not called", "DCR-1", "", decodersAre(func(r *adapter.Request) { r.Decode = nil })},
	{"the decoder's error is lost", "DCR-2", "", decodersAre(func(r *adapter.Request) {
		if decode := r.Decode; decode != nil {
			r.Decode = func(flags adapter.Integer, payload []byte) ([]byte, error) {
				decoded, _ := decode(flags, payload)
				return decoded, nil
			}
		}
	})},
	{"the decoder's error is a cancellation", "DCR-2", "", opens(func(l *link) {
		l.wait = func(ctx context.Context, _ adapter.Request, call adapter.Call) (adapter.Response, error) {
			r, err := call.Wait(ctx)
			if adapter.KindOf(err) == adapter.BadDecode {
				err = adapter.Errorf(adapter.Cancelled, "%v", err)
			}
			return r, err
		}
	})},
	{"the decoder is called for a failure", "DCR-3", "", answersAre(func(q adapter.Request, r *adapter.Response) {
		if !r.OK && q.Decode != nil {
			r.Payload, _ = q.Decode(r.Flags, r.Payload)
		}
	})},
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
}

func plus(v *big.Int, n int64) *big.Int { return new(big.Int).Add(v, big.NewInt(n)) }

// requestsGoOut changes the reference's requests.
func requestsGoOut(change func(*peer.Packet)) func(*faulty) {
	return packetsGoOut(func(p *peer.Packet) {
		if p.IsRequest && !p.Same(peer.EOF) {
			change(p)
		}
	})
}

// packetsGoOut changes all that the reference sends.
func packetsGoOut(change func(*peer.Packet)) func(*faulty) {
	return opens(func(l *link) {
		l.fromSubject = func(m message) {
			change(&m.Packet)
			l.toPeer(m.Encode())
		}
	})
}

// responsesComeIn changes the peer's responses.
func responsesComeIn(change func(*peer.Packet)) func(*faulty) {
	return opens(func(l *link) {
		l.fromPeer = func(m message) {
			if m.IsRequest {
				l.toSubject(m.octets)
				return
			}
			change(&m.Packet)
			l.toSubject(m.Encode())
		}
	})
}

// renumbersTags gives requests other tags, and finds the reference's again.
func renumbersTags(out, in func(*big.Int) *big.Int) func(*faulty) {
	return opens(func(l *link) {
		l.fromSubject = func(m message) {
			if m.IsRequest && !m.Same(peer.EOF) {
				m.Tag = out(m.Tag)
			}
			l.toPeer(m.Encode())
		}
		l.fromPeer = func(m message) {
			if !m.IsRequest {
				m.Tag = in(m.Tag)
			}
			l.toSubject(m.Encode())
		}
	})
}

// answersAre changes what a requester gets.
func answersAre(change func(adapter.Request, *adapter.Response)) func(*faulty) {
	return opens(func(l *link) {
		l.wait = func(ctx context.Context, q adapter.Request, call adapter.Call) (adapter.Response, error) {
			r, err := call.Wait(ctx)
			if err == nil {
				change(q, &r)
			}
			return r, err
		}
	})
}

// decodersAre changes requests that ask for a decoder.
func decodersAre(change func(*adapter.Request)) func(*faulty) {
	return opens(func(l *link) {
		l.request = func(ctx context.Context, r adapter.Request) (adapter.Call, error) {
			change(&r)
			return l.Connection.Request(ctx, r)
		}
	})
}

// pending is the tags of the reference's requests.
func (l *link) pending() map[string]bool {
	tags := map[string]bool{}
	l.fromSubject = func(m message) {
		if m.IsRequest {
			tags[m.Tag.String()] = true
		}
		l.toPeer(m.octets)
	}
	return tags
}

// takeInOrder holds each response back until all requests before are answered.
func takeInOrder(l *link) {
	var tags []string // of requests, in the order in which they went out
	held := map[string][]byte{}
	l.fromSubject = func(m message) {
		if m.IsRequest {
			tags = append(tags, m.Tag.String())
		}
		l.toPeer(m.octets)
	}
	l.fromPeer = func(m message) {
		if m.IsRequest {
			l.toSubject(m.octets)
			return
		}
		held[m.Tag.String()] = slices.Clone(m.octets)
		for len(tags) > 0 && held[tags[0]] != nil {
			l.toSubject(held[tags[0]])
			tags = tags[1:]
		}
	}
}

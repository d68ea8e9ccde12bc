package conformance_test

import (
	"context"
	"math/big"
	"unicode/utf16"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/peer"
	"github.com/packetspec/packetspec/conformance/report"
)

// responderFaults are those of an implementation that answers.
var responderFaults = []fault{
	{"the handler gets the wire type", "RQS-2", "", handles(func(next adapter.Handler) adapter.Handler {
		return func(ctx context.Context, rqType, flags adapter.Integer, payload []byte) (adapter.Result, error) {
			v, _ := rqType.Uint64()
			return next(ctx, adapter.Int(v+1), flags, payload)
		}
	})},
	{"the handler gets no flags", "RQS-2", "", handles(func(next adapter.Handler) adapter.Handler {
		return func(ctx context.Context, rqType, _ adapter.Integer, payload []byte) (adapter.Result, error) {
			return next(ctx, rqType, "0", payload)
		}
	})},

	{"a tag is never free again", "TAG-3", "", opens(func(l *link) {
		used := map[string]bool{}
		l.fromPeer = func(m message) {
			if m.IsRequest && used[m.Tag.String()] {
				return
			}
			used[m.Tag.String()] = m.IsRequest && !m.Same(peer.EOF)
			l.toSubject(m.octets)
		}
	})},
	{"a duplicate is answered by ok", "TAG-4", "", onDuplicates(func(l *link, m message) {
		l.toPeer(response(m, 1, m.Payload))
	}, nil)},
	{"a duplicate is ignored", "TAG-4", report.Timeout, onDuplicates(func(*link, message) {}, nil)},
	{"a duplicate reaches the handler", "TAG-4", "", func(f *faulty) {
		var next adapter.Handler
		onDuplicates(func(l *link, m message) {
			_, _ = next(l.ctx, adapter.TypeBytes, "0", m.Payload)
			l.toPeer(response(m, 0, nil))
		}, &next)(f)
	}},
	{"a refused duplicate takes the first one's answer", "TAG-5", "", opens(func(l *link) {
		inFlight, spoilt := map[string]bool{}, map[string]bool{}
		l.fromPeer = func(m message) {
			tag := m.Tag.String()
			spoilt[tag] = spoilt[tag] || inFlight[tag]
			inFlight[tag] = m.IsRequest
			l.toSubject(m.octets)
		}
		l.fromSubject = func(m message) {
			if !m.IsRequest && spoilt[m.Tag.String()] && m.OK() {
				return
			}
			l.toPeer(m.octets)
		}
	})},
	{"the directions share their tags", "TAG-6", "", opens(func(l *link) {
		pending := l.pending()
		l.fromPeer = func(m message) {
			if m.IsRequest && pending[m.Tag.String()] {
				l.toPeer(response(m, 0, []byte("the tag is in use")))
				return
			}
			l.toSubject(m.octets)
		}
	})},
	{"a large tag is answered with another", "TAG-6", "", packetsGoOut(func(p *peer.Packet) {
		p.Tag = new(big.Int).And(p.Tag, big.NewInt(1<<16-1))
	})},

	{"a request on another channel is ignored", "CHN-1", report.Timeout, onChannels(func(*link, message) {})},
	{"a request on another channel is served", "CHN-1", "", onChannels(func(l *link, m message) {
		m.Channel = nil
		l.toSubject(m.Encode())
	})},
	{"a request on another channel ends the stream", "CHN-1", "", onChannels(func(l *link, _ message) { l.inner.EndSending() })},
	{"a refusal is on the channel 0", "CHN-1", "", packetsGoOut(func(p *peer.Packet) { p.Channel = nil })},
	{"a refusal on another channel takes the answer of a request with its tag", "CHN-1", "", opens(func(l *link) {
		spoilt := map[string]bool{}
		l.fromPeer = func(m message) {
			spoilt[m.Tag.String()] = spoilt[m.Tag.String()] || m.IsRequest && m.Channel.Sign() != 0
			l.toSubject(m.octets)
		}
		l.fromSubject = func(m message) {
			if m.IsRequest || m.Channel.Sign() != 0 || !spoilt[m.Tag.String()] {
				l.toPeer(m.octets)
			}
		}
	})},
	{"a refusal is a template", "CHN-4", "", packetsGoOut(func(p *peer.Packet) {
		if p.Channel.Sign() != 0 {
			p.Payload = []byte("unknown channel %d")
		}
	})},

	{"the ok bit is inverted", "RSP-1", "", packetsGoOut(func(p *peer.Packet) {
		if !p.IsRequest {
			p.Flags = new(big.Int).Xor(p.Flags, big.NewInt(1))
		}
	})},
	{"the handler's flags are not shifted", "RSP-1", "", packetsGoOut(func(p *peer.Packet) {
		if !p.IsRequest {
			p.Flags = new(big.Int).Or(p.ReplyFlags(), big.NewInt(1))
		}
	})},

	{"nothing is answered by a text", "HND-1", "", returns(adapter.FormNone, func(r *adapter.Result) { *r = adapter.Result{Form: adapter.FormText, Text: "None"} })},
	{"flags are answered by a text", "HND-2", "", returns(adapter.FormFlags, func(r *adapter.Result) {
		*r = adapter.Result{Form: adapter.FormText, Text: string(r.Flags)}
	})},
	{"octets are answered with flags", "HND-3", "", returns(adapter.FormBytes, func(r *adapter.Result) { r.Form, r.Flags = adapter.FormBoth, "5" })},
	{"text is answered in Latin-1", "HND-4", "", returns(adapter.FormText, func(r *adapter.Result) {
		r.Form = adapter.FormBytes
		for _, unit := range utf16.Encode([]rune(r.Text)) {
			r.Payload = append(r.Payload, byte(unit))
		}
	})},
	{"flags and octets are answered by the octets", "HND-5", "", returns(adapter.FormBoth, func(r *adapter.Result) { r.Form, r.Flags = adapter.FormBytes, "" })},
	{"a handler's error is swallowed", "HND-6", report.Timeout, opens(func(l *link) {
		l.fromSubject = func(m message) {
			if m.IsRequest || m.OK() {
				l.toPeer(m.octets)
			}
		}
	})},
	{"a handler's error ends the connection", "HND-6", "", opens(func(l *link) {
		l.handler = func(next adapter.Handler) adapter.Handler {
			return func(ctx context.Context, rqType, flags adapter.Integer, payload []byte) (adapter.Result, error) {
				r, err := next(ctx, rqType, flags, payload)
				if err != nil {
					_ = l.Connection.Shutdown(false)
				}
				return r, err
			}
		}
	})},
	{"what is no result is answered by nothing", "HND-7", "", func(f *faulty) {
		returns(adapter.FormInvalid, func(r *adapter.Result) { *r = adapter.Result{} })(f)
		f.supports = []adapter.Ability{adapter.CanInvalidReply}
	}},
	{"without a handler a request is answered by nothing", "HND-8", "", handles(func(next adapter.Handler) adapter.Handler {
		if next != nil {
			return next
		}
		return func(context.Context, adapter.Integer, adapter.Integer, []byte) (adapter.Result, error) {
			return adapter.Result{}, nil
		}
	})},
	{"a duplicate of a request that waits for a handler is taken", "TAG-4", report.Timeout, atATime(4)},
}

// response is the octets of a response to m.
func response(m message, flags int64, payload []byte) []byte {
	return peer.Packet{Channel: m.Channel, Tag: m.Tag, Flags: big.NewInt(flags), Payload: payload}.Encode()
}

// handles wraps the handler.
func handles(wrap func(adapter.Handler) adapter.Handler) func(*faulty) {
	return opens(func(l *link) { l.handler = wrap })
}

// returns changes what the handler returns in one form.
func returns(form adapter.Form, change func(*adapter.Result)) func(*faulty) {
	return handles(func(next adapter.Handler) adapter.Handler {
		return func(ctx context.Context, rqType, flags adapter.Integer, payload []byte) (adapter.Result, error) {
			r, err := next(ctx, rqType, flags, payload)
			if err == nil && r.Form == form {
				change(&r)
			}
			return r, err
		}
	})
}

// onDuplicates deals with requests whose tag is in flight; handler, if it is asked
// for, is where to put the connection's.
func onDuplicates(deal func(*link, message), handler *adapter.Handler) func(*faulty) {
	return opens(func(l *link) {
		if handler != nil {
			l.handler = func(next adapter.Handler) adapter.Handler {
				*handler = next
				return next
			}
		}
		inFlight := map[string]bool{}
		l.fromPeer = func(m message) {
			if m.IsRequest && inFlight[m.Tag.String()] {
				deal(l, m)
				return
			}
			inFlight[m.Tag.String()] = m.IsRequest
			l.toSubject(m.octets)
		}
		l.fromSubject = func(m message) {
			if !m.IsRequest {
				delete(inFlight, m.Tag.String())
			}
			l.toPeer(m.octets)
		}
	})
}

// onChannels deals with requests on other channels than 0.
func onChannels(deal func(*link, message)) func(*faulty) {
	return opens(func(l *link) {
		l.fromPeer = func(m message) {
			if m.IsRequest && m.Channel.Sign() != 0 {
				deal(l, m)
				return
			}
			l.toSubject(m.octets)
		}
	})
}

package steps

import (
	"bytes"
	"cmp"
	"fmt"
	"math/big"
	"slices"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/peer"
)

// subjectRequest is a request that the subject has been commanded to send.
type subjectRequest struct {
	wait   *adapter.Pending // for the answer; nil: the subject does not wait yet
	packet *peer.Received   // nil: no step has read it yet
}

func (w *World) requestNamed(name string) (*subjectRequest, error) {
	c := w.current.sent[name]
	if c == nil {
		return nil, mistake("no request has the name %q", name)
	}
	return c, nil
}

func (w *World) requestAndFields(name, fields string) (*subjectRequest, peer.Packet, error) {
	c, err := w.requestNamed(name)
	if err != nil {
		return nil, peer.Packet{}, err
	}
	p, err := parseFields(fields)
	return c, p, err
}

// isRequest reports whether p is a request in the subject's dialect, EOF included.
func (w *World) isRequest(p peer.Packet) bool {
	return p.IsRequest && (!w.HasERQ || !p.Same(peer.ERQ))
}

func (w *World) takeRequests(n int) (requests []peer.Received, err error) {
	for i := range n {
		expected := fmt.Sprintf("request %d of %d of the subject, before the peer answers any", i+1, n)
		r, err := w.findPacket(expected, func(p peer.Packet) bool { return w.isRequest(p) && !p.Same(peer.EOF) })
		if err != nil {
			return nil, tally(err, i, n, "requests")
		}
		requests = append(requests, r)
	}
	return requests, nil
}

func (w *World) subjectHasSentRequests(n int) error {
	requests, err := w.takeRequests(n)
	w.current.backlog = append(requests, w.current.backlog...)
	return err
}

func (w *World) subjectSendsRequest(fields string) error {
	want, err := parseFields(fields)
	if err != nil {
		return err
	}
	expected := fmt.Sprintf("a request (%s)", fields)
	r, err := w.nextPacket(expected)
	if err != nil {
		return err
	}
	want.IsRequest, want.Tag = true, r.Tag
	if !r.Same(want) {
		return failf(expected, "%s", describe(r.Octets))
	}
	return nil
}

func (w *World) subjectSendsRequestOf(name, fields string) error {
	return w.readRequestOf(name, fields, false)
}

// readRequestOf requires these fields of the subject's next request or, in any order, of one
// of its requests.
func (w *World) readRequestOf(name, fields string, inAnyOrder bool) error {
	c, want, err := w.requestAndFields(name, fields)
	if err != nil {
		return err
	}
	same := func(p peer.Packet) bool {
		like := want
		like.IsRequest, like.Tag = true, cmp.Or(want.Tag, p.Tag)
		return p.Same(like)
	}
	wanted := w.isRequest
	if inAnyOrder {
		wanted = same
	}
	expected := fmt.Sprintf("the request of %q (%s)", name, fields)
	r, err := w.findPacket(expected, wanted)
	if err != nil {
		return err
	}
	if !same(r.Packet) {
		return failf(expected, "%s", describe(r.Octets))
	}
	c.packet = &r
	return nil
}

func (w *World) subjectSendsRequestsOf(inAnyOrder string, n int, name, fields string) error {
	return w.each(n, name, fields, func(name, fields string) error {
		return w.readRequestOf(name, fields, inAnyOrder != "")
	})
}

func (w *World) expectTagsDiffer(a, b string) error { return w.checkTagsDiffer(a, b) }

func (w *World) expectManyTagsDiffer(n int, name string) error {
	var names []string
	for i := range n {
		numbered, _ := ofMany(name, "", i+1)
		names = append(names, numbered)
	}
	return w.checkTagsDiffer(names...)
}

func (w *World) checkTagsDiffer(names ...string) error {
	var requests []peer.Received
	for _, name := range names {
		c, err := w.requestNamed(name)
		if err != nil {
			return err
		}
		if c.packet == nil {
			return mistake("no step has read the request of %q", name)
		}
		requests = append(requests, *c.packet)
	}
	return tagsDiffer(requests)
}

// tagsDiffer requires different tags of requests that are unanswered at the same time, all
// on one channel.
func tagsDiffer(requests []peer.Received) error {
	for i, r := range requests {
		if slices.ContainsFunc(requests[:i], func(s peer.Received) bool { return s.Tag.Cmp(r.Tag) == 0 }) {
			return failf(fmt.Sprintf("%d different tags", len(requests)), "tag %s for two unanswered requests", r.Tag)
		}
	}
	return nil
}

func (w *World) expectAnswer(name, fields string) error {
	_, want, err := w.requestAndFields(name, fields)
	if err != nil {
		return err
	}
	r, err := w.await(w.waitFor(name))
	if err != nil {
		return replyFailure(fmt.Sprintf("%q to be answered (%s)", name, fields), err)
	}
	wantFlags := integer(want.ReplyFlags())
	if *r.OK != want.OK() || r.Flags != wantFlags || !bytes.Equal(*r.Payload, want.Payload) {
		return failf(describeResult(want.OK(), wantFlags, want.Payload), "%s", describeResult(*r.OK, r.Flags, *r.Payload))
	}
	return nil
}

func describeResult(ok bool, flags adapter.Integer, payload []byte) string {
	if !ok {
		return "failed" + describeFields(flags, payload)
	}
	return "ok" + describeFields(flags, payload)
}

// describeFields returns flags and a payload as the lines of the wire write them: without flags 0, and
// without an empty payload.
func describeFields(flags adapter.Integer, payload []byte) (text string) {
	if flags != "0" {
		n, ok := new(big.Int).SetString(string(flags), 10)
		if !ok {
			return fmt.Sprintf(", flags %q, payload %s", flags, peer.ShowPayload(payload))
		}
		text = fmt.Sprintf(", flags %#x", n)
	}
	if len(payload) > 0 {
		text += ", payload " + peer.ShowPayload(payload)
	}
	return text
}

func (w *World) expectAnswers(n int, name, fields string) error {
	return w.each(n, name, fields, w.expectAnswer)
}

func (w *World) expectError(name, how string) error {
	kind, expected := adapter.Cancelled, "a cancellation"
	if how == "ends with the decoder's error" {
		kind, expected = adapter.BadDecode, "the decoder's error"
	}
	if _, err := w.requestNamed(name); err != nil {
		return err
	}
	r, err := w.await(w.waitFor(name))
	switch {
	case kindOf(err) == kind:
		return nil
	case err != nil:
		return replyFailure(expected, err)
	}
	return failf(expected, "%s", describeResult(*r.OK, r.Flags, *r.Payload))
}

func (w *World) expectCancelled(n int, name string) error {
	return w.each(n, name, "", func(name, _ string) error { return w.expectError(name, "is cancelled") })
}

func (w *World) expectNoAnswer(name string) error {
	c, err := w.requestNamed(name)
	if err != nil {
		return err
	}
	if away, err := w.staysAway(c.wait.Done()); away || err != nil {
		return err
	}
	r, err := w.await(c.wait)
	if err != nil {
		return replyFailure("no result yet", err)
	}
	return failf("no result yet", "%s", describeResult(*r.OK, r.Flags, *r.Payload))
}

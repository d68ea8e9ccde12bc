package steps

import (
	"bytes"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/peer"
)

// supportedRequest is the command for a request that the subject is to take.
func (w *World) supportedRequest(op, rqType, fields, decode string) (adapter.Message, error) {
	m, err := w.requestCommand(op, rqType, fields, decode)
	if err == nil && m.Channel != "" {
		err = w.need(adapter.CanChannels)
	}
	return m, err
}

// requestCommand is the command that has the subject request rqType, the caller's.
func (w *World) requestCommand(op, rqType, fields, decode string) (adapter.Message, error) {
	p, err := parseFields(fields)
	if err != nil {
		return adapter.Message{}, err
	}
	typ, err := parseInteger(rqType)
	if err != nil {
		return adapter.Message{}, err
	}
	m := adapter.Message{Op: op, RqType: integer(typ), Payload: p.Payload, Decode: decode}
	if decode != "" {
		if err := w.need(decoderAbility(decode)); err != nil {
			return m, err
		}
	}
	if p.Flags != nil {
		m.Flags = integer(p.Flags)
	}
	if p.Channel != nil {
		m.Channel = integer(p.Channel)
	}
	for _, v := range []*big.Int{typ, p.Flags} {
		if v != nil && v.Sign() < 0 {
			return m, w.need(adapter.CanNegative)
		}
	}
	return m, nil
}

func decoderAbility(decode string) adapter.Ability {
	if decode == adapter.DecodeFlags {
		return adapter.CanDecodeFlags
	}
	return adapter.CanDecode
}

// subjectRequests has the subject submit a request and wait for its answer from then on.
func (w *World) subjectRequests(rqType, name, fields, decode string) error {
	if err := w.submit(rqType, name, fields, decode); err != nil {
		return err
	}
	w.waitFor(name)
	return w.waits()
}

// waits waits until the waits that the subject was told to begin are under way, as far as
// the adapter can tell: it has read the commands. What comes then finds them waiting.
func (w *World) waits() error {
	_, err := w.command(adapter.Message{Op: adapter.OpSeen})
	return err
}

// waitFor has the subject wait for the answer to a request, unless it does already.
func (w *World) waitFor(name string) *adapter.Pending {
	c := w.current.sent[name]
	if c.wait == nil {
		c.wait = w.Session.Send(adapter.Message{Op: adapter.OpWait, Conn: w.current.name, Call: name})
	}
	return c.wait
}

func (w *World) subjectSubmits(rqType, name, fields string) error {
	return w.submit(rqType, name, fields, "")
}

func (w *World) submit(rqType, name, fields, decode string) error {
	submission, err := w.startSubmitting(rqType, name, fields, decode)
	if err != nil {
		return err
	}
	return w.awaitSubmission(name, submission)
}

// startSubmitting sends the command to submit a request.
func (w *World) startSubmitting(rqType, name, fields, decode string) (*adapter.Pending, error) {
	m, err := w.supportedRequest(adapter.OpRequest, rqType, fields, decode)
	if err != nil {
		return nil, err
	}
	m.Conn, m.Call = w.current.name, name
	w.current.sent[name] = &subjectRequest{}
	return w.Session.Send(m), nil
}

// awaitSubmission waits for the reply to a command to submit a request.
func (w *World) awaitSubmission(name string, submission *adapter.Pending) error {
	_, err := w.await(submission)
	return replyFailure(fmt.Sprintf("the request %q to be submitted", name), err)
}

// subjectRequestsUnlessHeld skips the scenario when the subject holds a request back for as long as
// others, which the peer does not read, are to go out: how many wait is its choice.
func (w *World) subjectRequestsUnlessHeld(rqType, name, fields string) error {
	submission, err := w.startSubmitting(rqType, name, fields, "")
	if err != nil {
		return err
	}
	if held, err := w.staysAway(submission.Done()); err != nil {
		return err
	} else if held {
		return fmt.Errorf("%w: the subject holds requests back while the peer does not read", ErrSkip)
	}
	if err := w.awaitSubmission(name, submission); err != nil {
		return err
	}
	w.waitFor(name)
	return nil
}

// subjectDoes has the subject submit a request and wait for its answer in one.
func (w *World) subjectDoes(rqType, name, fields string) error {
	m, err := w.supportedRequest(adapter.OpDo, rqType, fields, "")
	if err != nil {
		return err
	}
	m.Conn = w.current.name
	w.current.sent[name] = &subjectRequest{wait: w.Session.Send(m)}
	return nil
}

func (w *World) requestNamed(name string) (*subjectRequest, error) {
	c := w.current.sent[name]
	if c == nil {
		return nil, mistake("no request is called %q", name)
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

// subjectSendsRequestOf takes the subject's next request, which is to have these fields;
// its tag is the subject's to choose.
func (w *World) subjectSendsRequestOf(name, fields string) error {
	c, want, err := w.requestAndFields(name, fields)
	if err != nil {
		return err
	}
	want.IsRequest = true
	expected := fmt.Sprintf("the request of %q (%s)", name, fields)
	r, err := w.findPacket(expected, w.isRequest)
	if err != nil {
		return err
	}
	if want.Tag == nil {
		want.Tag = r.Tag
	}
	if !r.Same(want) {
		return failf(expected, "%s", describe(r.Octets))
	}
	c.request = &r
	return nil
}

// isRequest tells requests from what is none in the subject's dialect.
func (w *World) isRequest(p peer.Packet) bool {
	return p.IsRequest && (!w.HasERQ || !p.Same(peer.ERQ))
}

// peerAnswers sends the response to a request of the subject's; its fields may
// name another channel or tag than the request's.
func (w *World) peerAnswers(name, fields, how string) error {
	answer, err := w.answerOf(name, fields)
	if err != nil {
		return err
	}
	octets := answer.Encode()
	switch how {
	case "one octet at a time":
		return w.sendSlowly(octets)
	case "cut before its last octet":
		octets = octets[:len(octets)-1]
	case "with channel 0 written":
		octets = answer.EncodeWithChannel()
	}
	return w.send(octets)
}

func (w *World) answerOf(name, fields string) (peer.Packet, error) {
	c, p, err := w.requestAndFields(name, fields)
	if err != nil {
		return p, err
	}
	if c.request == nil {
		return p, mistake("the request of %q has not come when the peer answers it", name)
	}
	if p.Tag == nil {
		p.Tag = c.request.Tag
	}
	if p.Channel == nil {
		p.Channel = c.request.Channel
	}
	return p, nil
}

func (w *World) peerAnswersTag(tag, fields string) error {
	p, err := parseFields(fields)
	if err != nil {
		return err
	}
	if p.Tag, err = parseInteger(tag); err != nil {
		return err
	}
	return w.send(p.Encode())
}

// expectAnswer waits for the result of a call, in the fields that a response has for
// its requester: ok or failed, flags without the ok bit, payload.
func (w *World) expectAnswer(name, fields string) error {
	_, want, err := w.requestAndFields(name, fields)
	if err != nil {
		return err
	}
	r, err := w.await(w.waitFor(name))
	if err != nil {
		return replyFailure(fmt.Sprintf("%q answered (%s)", name, fields), err)
	}
	wantFlags := integer(want.ReplyFlags())
	if *r.OK != want.OK() || r.Flags != wantFlags || !bytes.Equal(*r.Payload, want.Payload) {
		return failf(describeResult(want.OK(), wantFlags, want.Payload), "%s", describeResult(*r.OK, r.Flags, *r.Payload))
	}
	return nil
}

func describeResult(ok bool, flags adapter.Integer, payload []byte) string {
	return fmt.Sprintf("ok %t, flags %s, payload [%s]", ok, flags, peer.ShowHex(payload))
}

// expectError waits for the error with which a call ends.
func (w *World) expectError(name, how string) error {
	kind, expected := adapter.Cancelled, "a cancellation"
	if how == "ends with the decoder's error" {
		kind, expected = adapter.BadDecode, "the decoder's error"
	}
	if _, err := w.requestNamed(name); err != nil {
		return err
	}
	r, err := w.await(w.waitFor(name))
	if got := kindOf(err); got == kind {
		return nil
	}
	if err != nil {
		return replyFailure(expected, err)
	}
	return failf(expected, "%s", describeResult(*r.OK, r.Flags, *r.Payload))
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

func (w *World) expectTagsDiffer(a, b string) error { return w.checkTagsDiffer(a, b) }

// expectRefusal has the subject request, in one way or the other, what it is to refuse.
func (w *World) expectRefusal(how, rqType, fields, kind string) error {
	op := adapter.OpRequest
	if how == "doing" {
		op = adapter.OpDo
	}
	m, err := w.requestCommand(op, rqType, fields, "")
	if err != nil {
		return err
	}
	return w.expectRefused(m, adapter.Kind(kind))
}

// subjectRefusesChannel has the subject request on a channel that it does not offer. The adapter
// says that the implementation refuses the channel, or that it cannot do such a thing.
func (w *World) subjectRefusesChannel(op, rqType, fields string) error {
	m, err := w.requestCommand(op, rqType, fields, "")
	if err != nil || w.Session.Can(adapter.CanChannels) {
		return err
	}
	return w.expectRefused(m, adapter.Invalid, adapter.Unsupported)
}

// expectRefused gives a command to request that is to fail with an error of one of these kinds.
func (w *World) expectRefused(m adapter.Message, kinds ...adapter.Kind) error {
	if m.Op == adapter.OpRequest {
		m.Call = "refused"
	}
	var quoted []string
	for _, kind := range kinds {
		quoted = append(quoted, strconv.Quote(string(kind)))
	}
	expected := "the error " + strings.Join(quoted, " or ")
	reply, err := w.replyUnlessSent(m, expected)
	if err != nil {
		return err
	}
	switch _, err := w.await(reply); {
	case slices.Contains(kinds, kindOf(err)):
		return nil
	case err != nil:
		return replyFailure(expected, err)
	}
	return failf(expected, "the request was taken")
}

// replyUnlessSent sends a command that is to have the subject request nothing, and waits for
// its reply or, as a failure, for a request.
func (w *World) replyUnlessSent(m adapter.Message, expected string) (*adapter.Pending, error) {
	m.Conn = w.current.name
	reply := w.Session.Send(m)
	for {
		select {
		case <-reply.Done():
			return reply, nil
		case <-w.Ctx.Done():
			return reply, nil
		case <-w.current.peer.Changed():
		}
		if w.current.peer.Ended() {
			return reply, nil
		}
		r, err := w.readPacket(expected)
		if err != nil {
			return nil, err
		}
		if w.isRequest(r.Packet) && !r.Same(peer.EOF) {
			return nil, failf(expected+", and nothing sent", "%s", describe(r.Octets))
		}
		if err := w.current.addToBacklog(r, expected); err != nil {
			return nil, err
		}
	}
}

package steps

import (
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/peer"
)

// supportedRequest returns the command for a request that the subject must accept. It skips
// the scenario if the request has a channel and the adapter supports none.
func (w *World) supportedRequest(op, rqType, fields, decode string) (adapter.Message, error) {
	m, err := w.requestCommand(op, rqType, fields, decode)
	if err == nil && m.Channel != "" {
		err = w.need(adapter.CanChannels)
	}
	return m, err
}

// requestCommand returns the command to request rqType, the caller's type, with these
// fields. It skips the scenario if the adapter lacks the ability for the decoder or a
// negative integer.
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
		ability := adapter.CanDecode
		if decode == adapter.DecodeFlags {
			ability = adapter.CanDecodeFlags
		}
		if err := w.need(ability); err != nil {
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

func (w *World) subjectRequests(rqType, name, fields, decode string) error {
	if err := w.submit(rqType, name, fields, decode); err != nil {
		return err
	}
	w.waitFor(name)
	return w.barrier()
}

// waitFor has the subject wait for the answer to a request, if it does not wait already.
func (w *World) waitFor(name string) *adapter.Pending {
	c := w.current.sent[name]
	if c.wait == nil {
		c.wait = w.start(adapter.Message{Op: adapter.OpWait, Conn: w.current.name, Call: name})
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
	return w.start(m), nil
}

// awaitSubmission waits for the reply to the command to submit a request.
func (w *World) awaitSubmission(name string, submission *adapter.Pending) error {
	_, err := w.await(submission)
	return replyFailure(fmt.Sprintf("the request %q to be submitted", name), err)
}

// subjectRequestsUnlessHeld skips the scenario if the subject holds the request back: the
// implementation chooses how many requests may wait to be written.
func (w *World) subjectRequestsUnlessHeld(rqType, name, fields string) error {
	submission, err := w.startSubmitting(rqType, name, fields, "")
	if err != nil {
		return err
	}
	if held, err := w.staysAway(submission.Done()); err != nil {
		return err
	} else if held && !w.comesLate(submission.Done()) {
		return fmt.Errorf("%w: the subject holds requests back while the peer does not read", ErrSkip)
	}
	if err := w.awaitSubmission(name, submission); err != nil {
		return err
	}
	w.waitFor(name)
	return nil
}

func (w *World) subjectDoes(rqType, name, fields string) error {
	m, err := w.supportedRequest(adapter.OpDo, rqType, fields, "")
	if err != nil {
		return err
	}
	m.Conn = w.current.name
	w.current.sent[name] = &subjectRequest{wait: w.start(m)}
	return nil
}

// each performs a step for n requests, in their order. Their names end in a number from 1 to n.
func (w *World) each(n int, name, fields string, step func(name, fields string) error) error {
	for i := 1; i <= n; i++ {
		if err := step(ofMany(name, fields, i)); err != nil {
			return tally(err, i-1, n, fmt.Sprintf("of %q done", name))
		}
	}
	return nil
}

// ofMany returns the name of the request with number i, and its fields with i in the place
// of each #.
func ofMany(name, fields string, i int) (string, string) {
	return fmt.Sprintf("%s-%d", name, i), strings.ReplaceAll(fields, "#", fmt.Sprint(i))
}

func (w *World) subjectRequestsMany(rqType string, n int, name, fields string) error {
	err := w.each(n, name, fields, func(name, fields string) error {
		if err := w.submit(rqType, name, fields, ""); err != nil {
			return err
		}
		w.waitFor(name)
		return nil
	})
	if err != nil {
		return err
	}
	return w.barrier()
}

func (w *World) subjectSubmitsMany(rqType string, n int, name, fields string) error {
	submissions := map[string]*adapter.Pending{}
	err := w.each(n, name, fields, func(name, fields string) (err error) {
		submissions[name], err = w.startSubmitting(rqType, name, fields, "")
		return err
	})
	if err != nil {
		return err
	}
	return w.each(n, name, "", func(name, _ string) error {
		return w.awaitSubmission(name, submissions[name])
	})
}

func (w *World) expectRefusal(how, rqType, fields, kind string) error {
	op := map[string]string{"requesting": adapter.OpRequest, "doing": adapter.OpDo}[how]
	m, err := w.requestCommand(op, rqType, fields, "")
	if err != nil {
		return err
	}
	return w.expectRefused(m, adapter.Kind(kind))
}

// subjectRefusesChannel accepts two errors: the adapter reports the implementation's refusal
// as invalid, or that it cannot ask for a channel as unsupported.
func (w *World) subjectRefusesChannel(op, rqType, fields string) error {
	m, err := w.requestCommand(op, rqType, fields, "")
	if err != nil || w.Session.Can(adapter.CanChannels) {
		return err
	}
	return w.expectRefused(m, adapter.Invalid, adapter.Unsupported)
}

// expectRefused sends a command to request, and requires an error of one of these kinds.
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
	return failf(expected, "no error")
}

// replyUnlessSent sends a command to request and returns it once its reply has come. If the
// subject sends a request instead, it returns that as a failure: a refused request may not
// reach the wire, and a subject that sends it might never reply.
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
		if _, ended := w.current.peer.Unread(); ended {
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

package steps

import (
	"bytes"
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/cucumber/godog"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/peer"
)

// takeRequests takes the subject's next n requests.
func (w *World) takeRequests(n int) (requests []peer.Received, err error) {
	for i := range n {
		expected := fmt.Sprintf("%d requests of the subject's before any is answered, now request %d", n, i+1)
		r, err := w.findPacket(expected, func(p peer.Packet) bool { return w.isRequest(p) && !p.Same(peer.EOF) })
		if err != nil {
			return nil, err
		}
		requests = append(requests, r)
	}
	return requests, nil
}

// subjectHasSentRequests awaits n requests of the subject's and leaves them for later steps.
func (w *World) subjectHasSentRequests(n int) error {
	requests, err := w.takeRequests(n)
	w.current.backlog = append(requests, w.current.backlog...)
	return err
}

// answerTo finds the subject's response to the peer's request with this tag.
func (w *World) answerTo(tag, channel *big.Int, expected string) (peer.Received, error) {
	return w.findPacket(expected, func(p peer.Packet) bool {
		return !p.IsRequest && p.Tag.Cmp(tag) == 0 && p.Channel.Cmp(channel) == 0
	})
}

// subjectAnswers takes the response with the tag and channel that octets have,
// whatever comes before it: the order of responses is the responder's choice. A failure
// response may come in its place or, to a duplicate of the request, before it.
func (w *World) subjectAnswers(text, meaning, or string) error {
	want, r, err := w.answerLike(text, meaning)
	if err == nil && !r.OK() {
		switch or {
		case "or with a failure":
			return nil
		case "with or without a refusal before it":
			want, r, err = w.answerLike(text, meaning)
		}
	}
	if err != nil {
		return err
	}
	return samePacket(want, r.Octets)
}

// answerLike is the subject's response with the tag and channel that octets have.
func (w *World) answerLike(text, meaning string) (octets []byte, r peer.Received, err error) {
	if octets, err = parsePackets(text, meaning); err != nil {
		return nil, r, err
	}
	want, _, err := peer.Decode(octets)
	if err != nil {
		return nil, r, mistake("%q is no packet", text)
	}
	r, err = w.answerTo(want.Tag, want.Channel, describe(octets))
	return octets, r, err
}

// subjectFails takes a failure response, whose payload is to have words in it.
func (w *World) subjectFails(tag, channel, words string) error {
	t, err := parseInteger(tag)
	if err != nil {
		return err
	}
	c, err := parseInteger(cmp.Or(channel, "0"))
	if err != nil {
		return err
	}
	expected := fmt.Sprintf("a failure response to tag %s on channel %s", t, c)
	r, err := w.answerTo(t, c, expected)
	if err != nil {
		return err
	}
	if words != "" {
		expected += fmt.Sprintf(" with %q in its text", words)
	}
	if r.OK() || !bytes.Contains(r.Payload, []byte(words)) {
		return failf(expected, "%s", describe(r.Octets))
	}
	return nil
}

func (w *World) subjectFailsTags(from, to int) error {
	for tag := from; tag <= to; tag++ {
		if err := w.subjectFails(fmt.Sprint(tag), "", ""); err != nil {
			return err
		}
	}
	return nil
}

func (w *World) subjectAnswersTags(from, to int, fields string) error {
	want, err := parseFields(fields)
	if err != nil {
		return err
	}
	for tag := from; tag <= to; tag++ {
		packet := want
		packet.Tag = big.NewInt(int64(tag))
		packet.Payload = withNumber(want.Payload, tag)
		expected := packet.Encode()
		r, err := w.answerTo(packet.Tag, new(big.Int), describe(expected))
		if err != nil {
			return err
		}
		if err := samePacket(expected, r.Octets); err != nil {
			return err
		}
	}
	return nil
}

func (w *World) subjectAnswersLarge(tag string, n int) error {
	t, err := parseInteger(tag)
	if err != nil {
		return err
	}
	payload := make([]byte, n)
	for i := range payload {
		payload[i] = byte(i % 251)
	}
	expected := peer.Packet{Tag: t, Flags: big.NewInt(1), Payload: payload}.Encode()
	r, err := w.answerTo(t, new(big.Int), describe(expected))
	if err != nil {
		return err
	}
	return samePacket(expected, r.Octets)
}

func (w *World) subjectAnswersTagsLarge(from, to, n int) error {
	for tag := from; tag <= to; tag++ {
		if err := w.subjectAnswersLarge(fmt.Sprint(tag), n); err != nil {
			return err
		}
	}
	return nil
}

// subjectSends takes the subject's next packet, whatever it is.
func (w *World) subjectSends(exactly, text, meaning string) error {
	octets, err := parsePackets(text, meaning)
	if err != nil {
		return err
	}
	r, err := w.nextPacket(describe(octets))
	if err != nil {
		return err
	}
	return compare(exactly, octets, r.Octets)
}

// subjectSendsRequest takes the subject's next packet, which is to be a request with these
// fields; its tag is the subject's to choose.
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

func (w *World) subjectHasSentNothingMore() error {
	if away, err := w.staysAway(w.current.peer.Changed()); away && len(w.current.backlog) == 0 || err != nil {
		return err
	}
	rest, ended := w.current.peer.Unread()
	switch {
	case len(w.current.backlog) > 0:
		return failf("nothing more", "%s", w.current.describeBacklog())
	case len(rest) > 0:
		return failf("nothing more", "%s", describe(rest))
	case ended && !w.current.sawEOF:
		return failf("nothing more, and the stream still open", "the end of the subject's stream")
	}
	return nil
}

func (w *World) subjectReleasesGate(gate string) error {
	_, err := w.command(adapter.Message{Op: adapter.OpRelease, Gate: gate})
	return err
}

func firstColumn(table *godog.Table) (cells []string) {
	for _, row := range table.Rows[1:] {
		cells = append(cells, row.Cells[0].Value)
	}
	return cells
}

func (w *World) expectHandled(fields string) error { return w.checkHandled(fields) }

func (w *World) expectHandledTable(table *godog.Table) error {
	return w.checkHandled(firstColumn(table)...)
}

func (w *World) expectNotHandled() error { return w.checkHandled() }

// checkHandled compares all that the handler got so far, in order, with calls in words.
func (w *World) checkHandled(calls ...string) error {
	want, err := parseCalls(calls)
	if err != nil {
		return err
	}
	got, err := w.handledAtMost(len(want))
	if err != nil {
		return err
	}
	if !slices.Equal(want, got) {
		return failf("the handler called with: "+listCalls(want), "%s", listCalls(got))
	}
	return nil
}

// expectHandledInAnyOrder waits until the handler has got as many calls as the table has, and
// compares them. It is for handlers that run at once: when each begins, and so the
// order, is open.
func (w *World) expectHandledInAnyOrder(table *godog.Table) error {
	want, err := parseCalls(firstColumn(table))
	if err != nil {
		return err
	}
	got, err := w.handledAtLeast(len(want))
	if err != nil {
		return err
	}
	slices.Sort(want)
	slices.Sort(got)
	if slices.Equal(want, got) {
		return nil
	}
	f := failf("the handler called with: "+listCalls(want), "%s", listCalls(got))
	f.TimedOut = len(got) < len(want)
	return f
}

// expectHandledTimes waits until the handler has got so many calls.
func (w *World) expectHandledTimes(n int) error {
	got, err := w.handledAtLeast(n)
	if err != nil || len(got) == n {
		return err
	}
	f := failf(fmt.Sprintf("%d calls of the handler", n), "%d", len(got))
	f.TimedOut = len(got) < n
	return f
}

// parseCalls reads calls of the handler in words: type, flags, payload.
func parseCalls(calls []string) (told []string, err error) {
	for _, words := range calls {
		p, err := parseFields(words)
		if err != nil {
			return nil, err
		}
		told = append(told, describeCall(integer(p.Type), integer(p.Flags), p.Payload))
	}
	return told, nil
}

// lateReplies is how often a step asks what the handler got before it says that no more came.
// A request may have been read and its handler not begun yet, and nothing tells of that:
// but each reply gives all that is to run in the subject a turn. No time is waited.
const lateReplies = 20

// handledAtMost is what the handler got in the end, or, once it is more, more than n calls.
func (w *World) handledAtMost(n int) (got []string, err error) {
	for range lateReplies {
		if got, err = w.handled(); err != nil || len(got) > n {
			break
		}
	}
	return got, err
}

// handledAtLeast waits until the handler has got n calls, and is what it got in the end.
func (w *World) handledAtLeast(n int) ([]string, error) {
	got, err := poll(w, w.handled, func(got []string) bool { return len(got) >= n })
	if err != nil || len(got) != n {
		return got, err
	}
	return w.handledAtMost(n)
}

// handled is what the handler got so far.
func (w *World) handled() (told []string, err error) {
	r, err := w.command(adapter.Message{Op: adapter.OpSeen})
	if err != nil {
		return nil, replyFailure("what the handler got", err)
	}
	for _, seen := range *r.Calls {
		told = append(told, describeCall(seen.RqType, seen.Flags, seen.Payload))
	}
	return told, nil
}

func describeCall(rqType, flags adapter.Integer, payload []byte) string {
	return fmt.Sprintf("type %s, flags %s, payload [%s]", rqType, flags, peer.ShowHex(payload))
}

func listCalls(calls []string) string {
	if len(calls) == 0 {
		return "nothing"
	}
	return strings.Join(calls, "; ")
}

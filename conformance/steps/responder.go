package steps

import (
	"bytes"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/cucumber/godog"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/peer"
)

// Steps in which the subject is the responder.
var responderSteps = []definition{
	on(`the subject has sent {n} requests`, func(w *World) any { return w.hasSentRequests }),
	on(`the subject answers {octets}`, func(w *World) any { return w.subjectAnswers }),
	on(`the subject answers {octets}, with or without a refusal before it`, func(w *World) any { return w.subjectAnswersBesideRefusal }),
	on(`the subject answers {octets}, or with a failure`, func(w *World) any { return w.subjectAnswersOrFails }),
	on(`the subject answers tag {integer} with a failure`, func(w *World) any {
		return func(tag string) error { return w.subjectRefuses(tag, "0", "") }
	}),
	on(`the subject answers tag {integer} on channel {integer} with a failure`, func(w *World) any {
		return func(tag, channel string) error { return w.subjectRefuses(tag, channel, "") }
	}),
	on(`the subject answers tag {integer} on channel {integer} with a failure that tells {name}`, func(w *World) any { return w.subjectRefuses }),
	on(`the subject answers the tags {n} to {n} \(([^)]*)\)`, func(w *World) any { return w.subjectAnswersRange }),
	on(`the subject answers the tags {n} to {n} with failures`, func(w *World) any { return w.subjectRefusesRange }),
	on(`the subject answers the tags {n} to {n} with {n} octets each, octet i being i mod 251`, func(w *World) any { return w.subjectAnswersLargeRange }),
	on(`the subject answers tag {integer} with {n} octets, octet i being i mod 251`, func(w *World) any { return w.subjectAnswersLarge }),
	on(`the subject sends a request{fields}`, func(w *World) any { return w.sendsRequest }),
	on(`the subject sends {octets}`, func(w *World) any { return w.subjectSends(sameOctets) }),
	on(`the subject sends exactly {octets}`, func(w *World) any { return w.subjectSends(exactOctets) }),
	on(`the subject has sent nothing more`, func(w *World) any { return w.nothingMore }),
	on(`gate {name} is released`, func(w *World) any { return w.release }),
	on(`the handler got{fields}`, func(w *World) any {
		return func(fields string) error { return w.handlerGot(fields) }
	}),
	on(`the handler got:`, func(w *World) any {
		return func(table *godog.Table) error { return w.handlerGot(firstColumn(table)...) }
	}),
	on(`the handler gets, in any order:`, func(w *World) any { return w.handlerGets }),
	on(`the handler was called {n} times`, func(w *World) any { return w.handlerCalled }),
	on(`the handler was not called`, func(w *World) any { return func() error { return w.handlerGot() } }),
	on(`the implementation can give invalid replies`, func(w *World) any {
		return func() error { return w.need(adapter.CanInvalidReply) }
	}),
}

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

// hasSentRequests awaits n requests of the subject's and leaves them for later steps.
func (w *World) hasSentRequests(n int) error {
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
// whatever comes before it: the order of responses is the responder's choice.
func (w *World) subjectAnswers(text, meaning string) error {
	want, r, err := w.answerLike(text, meaning)
	if err != nil {
		return err
	}
	return sameOctets(want, r.Octets)
}

// subjectAnswersOrFails takes a failure response as well.
func (w *World) subjectAnswersOrFails(text, meaning string) error {
	want, r, err := w.answerLike(text, meaning)
	if err != nil || !r.OK() {
		return err
	}
	return sameOctets(want, r.Octets)
}

// subjectAnswersBesideRefusal lets a failure response to a duplicate of the request come
// before its answer.
func (w *World) subjectAnswersBesideRefusal(text, meaning string) error {
	want, r, err := w.answerLike(text, meaning)
	if err == nil && !r.OK() {
		want, r, err = w.answerLike(text, meaning)
	}
	if err != nil {
		return err
	}
	return sameOctets(want, r.Octets)
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

// subjectRefuses takes a failure response, whose payload is to have words in it.
func (w *World) subjectRefuses(tag, channel, words string) error {
	t, err := parseInteger(tag)
	if err != nil {
		return err
	}
	c, err := parseInteger(channel)
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

func (w *World) subjectRefusesRange(from, to int) error {
	for tag := from; tag <= to; tag++ {
		if err := w.subjectRefuses(fmt.Sprint(tag), "0", ""); err != nil {
			return err
		}
	}
	return nil
}

func (w *World) subjectAnswersRange(from, to int, fields string) error {
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
		if err := sameOctets(expected, r.Octets); err != nil {
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
	return sameOctets(expected, r.Octets)
}

func (w *World) subjectAnswersLargeRange(from, to, n int) error {
	for tag := from; tag <= to; tag++ {
		if err := w.subjectAnswersLarge(fmt.Sprint(tag), n); err != nil {
			return err
		}
	}
	return nil
}

// subjectSends takes the subject's next packet, whatever it is.
func (w *World) subjectSends(compare comparison) func(text, meaning string) error {
	return func(text, meaning string) error {
		octets, err := parsePackets(text, meaning)
		if err != nil {
			return err
		}
		r, err := w.nextPacket(describe(octets))
		if err != nil {
			return err
		}
		return compare(octets, r.Octets)
	}
}

// sendsRequest takes the subject's next packet, which is to be a request with these
// fields; its tag is the subject's to choose.
func (w *World) sendsRequest(fields string) error {
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

func (w *World) nothingMore() error {
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

func (w *World) release(gate string) error {
	_, err := w.command(adapter.Message{Op: adapter.OpRelease, Gate: gate})
	return err
}

func firstColumn(table *godog.Table) (cells []string) {
	for _, row := range table.Rows[1:] {
		cells = append(cells, row.Cells[0].Value)
	}
	return cells
}

// handlerGot compares all that the handler got so far, in order, with calls in words.
func (w *World) handlerGot(calls ...string) error {
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

// handlerGets waits until the handler has got as many calls as the table has, and
// compares them. It is for handlers that run at once: when each begins, and so the
// order, is open.
func (w *World) handlerGets(table *godog.Table) error {
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

// handlerCalled waits until the handler has got so many calls.
func (w *World) handlerCalled(n int) error {
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

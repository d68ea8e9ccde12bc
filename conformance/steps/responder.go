package steps

import (
	"bytes"
	"cmp"
	"fmt"
	"math/big"

	"github.com/packetspec/packetspec/conformance/peer"
)

// answerTo returns the subject's response with this tag and channel, wherever it comes: the
// responder chooses the order of its responses.
func (w *World) answerTo(tag, channel *big.Int, expected string) (peer.Received, error) {
	return w.findPacket(expected, func(p peer.Packet) bool {
		return !p.IsRequest && p.Tag.Cmp(tag) == 0 && p.Channel.Cmp(channel) == 0
	})
}

// tallyResponses adds to a timeout how many of the awaited responses had come: those that the step has
// read, and those behind the missing one.
func (w *World) tallyResponses(err error, read, of int) error {
	for _, r := range w.current.backlog {
		if !r.IsRequest {
			read++
		}
	}
	return tally(err, read, of, "responses")
}

func (w *World) subjectAnswers(want []byte, or string) error {
	r, err := w.answerLike(want)
	if err == nil && !r.OK() {
		switch or {
		case "or with a failure":
			return nil
		case "with or without a refusal before it":
			r, err = w.answerLike(want)
		}
	}
	if err != nil {
		return err
	}
	return samePacket(want, r.Octets)
}

// answerLike returns the subject's response with the tag and channel that the octets have.
func (w *World) answerLike(octets []byte) (peer.Received, error) {
	want, _, err := peer.Decode(octets)
	if err != nil {
		return peer.Received{}, mistake("%s is not a packet", peer.ShowHex(octets))
	}
	return w.answerTo(want.Tag, want.Channel, describe(octets))
}

func (w *World) subjectFails(tag, channel *big.Int, words string) error {
	channel = cmp.Or(channel, new(big.Int))
	expected := fmt.Sprintf("a failure response to tag %s on channel %s", tag, channel)
	r, err := w.answerTo(tag, channel, expected)
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
		if err := w.subjectFails(big.NewInt(int64(tag)), nil, ""); err != nil {
			return w.tallyResponses(err, tag-from, to-from+1)
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
			return w.tallyResponses(err, tag-from, to-from+1)
		}
		if err := samePacket(expected, r.Octets); err != nil {
			return err
		}
	}
	return nil
}

func (w *World) subjectAnswersLarge(tag *big.Int, n int) error {
	payload := make([]byte, n)
	for i := range payload {
		payload[i] = byte(i % 251)
	}
	expected := peer.Packet{Tag: tag, Flags: big.NewInt(1), Payload: payload}.Encode()
	r, err := w.answerTo(tag, new(big.Int), describe(expected))
	if err != nil {
		return err
	}
	return samePacket(expected, r.Octets)
}

func (w *World) subjectAnswersTagsLarge(from, to, n int) error {
	for tag := from; tag <= to; tag++ {
		if err := w.subjectAnswersLarge(big.NewInt(int64(tag)), n); err != nil {
			return w.tallyResponses(err, tag-from, to-from+1)
		}
	}
	return nil
}

func (w *World) subjectSends(exactly string, octets []byte) error {
	r, err := w.nextPacket(describe(octets))
	if err != nil {
		return err
	}
	return compare(exactly, octets, r.Octets)
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

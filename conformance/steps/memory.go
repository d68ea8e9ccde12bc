package steps

import (
	"fmt"
	"math/big"
	"strconv"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/peer"
)

// So many octets go over the connection before memory says anything: what is kept at
// first may go where garbage was, of which there is more in a subject that has much
// memory from the scenarios before.
const (
	fewestOctets int64 = 4 << 20
	mostAtFirst  int64 = 16 << 20
)

// batch is how many requests are open at a time.
const batch = 16

// memory is how much memory the subject has now; what cannot be seen skips the scenario.
func (w *World) memory() (octets int64, err error) {
	octets, ok := w.Session.Memory()
	if !ok {
		err = fmt.Errorf("%w: the subject's memory is not the runner's to see", ErrSkip)
	}
	return octets, err
}

// doesNotGrow plays requests, batch by batch, until the subject has grown by less than
// half of the octets that have gone over the connection.
func (w *World) doesNotGrow(requests, octets int, play func(firstTag, requests, octets int) error) error {
	before, err := w.memory()
	if err != nil {
		return err
	}
	var grown, passed int64
	next := min(max(fewestOctets, before/4), mostAtFirst) // to have passed when memory is looked at
	for played := 0; played < requests; played += batch {
		if err := play(played, batch, octets); err != nil {
			return err
		}
		if passed += int64(batch * octets); passed < next {
			continue
		}
		next = passed + passed/4
		now, _ := w.Session.Memory()
		if grown = now - before; grown < passed/2 {
			return nil
		}
	}
	return failf(fmt.Sprintf("less than %d more octets of memory for %d that went over the connection", passed/2, passed), "%d more", grown)
}

func (w *World) expectNoGrowthFromAnswers(requests, octets int) error {
	return w.doesNotGrow(requests, octets, w.answersOf)
}

func (w *World) expectNoGrowthFromRefusals(requests, channel, octets int) error {
	return w.doesNotGrow(requests, octets, func(firstTag, requests, octets int) error {
		return w.refusals(channel, requests, octets, func(i int) int { return firstTag + i })
	})
}

func (w *World) expectNoGrowthFromDuplicates(requests, tag, octets int) error {
	return w.doesNotGrow(requests, octets, func(_, requests, octets int) error {
		return w.refusals(0, requests, octets, func(int) int { return tag })
	})
}

// expectNoGrowthFromDropping sends packets that the subject does not answer: requests, which
// come after its shutdown and may be refused, or responses to no request. That it reads the
// next ones shows that it has done with those before.
func (w *World) expectNoGrowthFromDropping(packets int, kind string, octets int) error {
	return w.doesNotGrow(packets, octets, func(firstTag, packets, octets int) error {
		p := peer.Packet{IsRequest: kind == "requests", Type: big.NewInt(octetsType), Payload: make([]byte, octets)}
		for i := range packets {
			p.Tag = big.NewInt(int64(100 + firstTag + i))
			if err := w.send(p.Encode()); err != nil {
				return err
			}
		}
		return nil
	})
}

// expectNoGrowthFromConnections opens connections, has an answer of so many octets sent on each,
// ends them and closes them.
func (w *World) expectNoGrowthFromConnections(connections, octets int) error {
	before, canSee := w.Session.Descriptors()
	gone := 0
	err := w.doesNotGrow(connections, octets, func(_, connections, octets int) error {
		for range connections {
			if err := w.comesAndGoes(octets); err != nil {
				return err
			}
		}
		gone += connections
		return nil
	})
	if err != nil || !canSee {
		return err
	}
	if now, _ := w.Session.Descriptors(); now-before > gone/2 {
		return failf(fmt.Sprintf("about %d files open after %d connections, as before", before, gone), "%d", now)
	}
	return nil
}

func (w *World) expectNoGrowthFromRequests(requests, octets int) error {
	return w.doesNotGrow(requests, octets, w.requestsAnsweredWith)
}

// answersOf has the subject answer requests for so many octets each.
func (w *World) answersOf(firstTag, requests, octets int) error {
	size := strconv.Itoa(octets)
	var written []byte
	for i := range requests {
		written = append(written, numbered(firstTag+i, 9, size)...)
	}
	if err := w.send(written); err != nil {
		return err
	}
	for i := range requests {
		tag := big.NewInt(int64(firstTag + i))
		expected := fmt.Sprintf("the response to tag %s, of %s octets", tag, size)
		r, err := w.answerTo(tag, new(big.Int), expected)
		if err != nil {
			return err
		}
		if len(r.Payload) != octets {
			return failf(expected, "%d octets", len(r.Payload))
		}
	}
	return nil
}

// refusals has the subject refuse requests on a channel with so many octets each.
func (w *World) refusals(channel, requests, octets int, tag func(i int) int) error {
	request := peer.Packet{
		IsRequest: true, Channel: big.NewInt(int64(channel)), Type: big.NewInt(octetsType), Payload: make([]byte, octets),
	}
	for i := range requests {
		request.Tag = big.NewInt(int64(tag(i)))
		if err := w.send(request.Encode()); err != nil {
			return err
		}
	}
	for i := range requests {
		if err := w.subjectFails(strconv.Itoa(tag(i)), strconv.Itoa(channel), ""); err != nil {
			return err
		}
	}
	return nil
}

func (w *World) comesAndGoes(octets int) error {
	before := w.current
	if err := w.subjectOpens(); err != nil {
		return err
	}
	if err := w.answersOf(1, 1, octets); err != nil {
		return err
	}
	if err := w.send(peer.EOF.Encode()); err != nil {
		return err
	}
	if err := w.endStream(); err != nil {
		return err
	}
	if err := w.subjectCloses(); err != nil {
		return err
	}
	w.current = before
	return nil
}

// requestsAnsweredWith has the subject request, and get so many octets for each answer.
// A decoder that fails keeps them from coming back as a reply, which would take longer
// than all the rest.
func (w *World) requestsAnsweredWith(_, requests, octets int) error {
	if err := w.need(adapter.CanDecode); err != nil {
		return err
	}
	var replies []*adapter.Pending
	for range requests {
		m := adapter.Message{Op: adapter.OpDo, Conn: w.current.name, RqType: adapter.TypeBytes.Integer(), Decode: adapter.DecodeRaise}
		replies = append(replies, w.Session.Send(m))
	}
	received, err := w.takeRequests(requests)
	if err != nil {
		return err
	}
	answer := peer.Packet{Flags: big.NewInt(1), Payload: make([]byte, octets)}
	for _, r := range received {
		answer.Tag = r.Tag
		if err := w.send(answer.Encode()); err != nil {
			return err
		}
	}
	for _, reply := range replies {
		_, err := w.await(reply)
		switch {
		case err == nil:
			return failf("the decoder's error", "a result")
		case kindOf(err) != adapter.BadDecode:
			return replyFailure("the decoder's error", err)
		}
	}
	return nil
}

// expectLittleMemory sends on each of n connections a request and the beginning of a packet,
// which the subject has come to read when the request is answered.
func (w *World) expectLittleMemory(n int, text, meaning string, most int) error {
	before, err := w.memory()
	if err != nil {
		return err
	}
	for range n {
		if err := w.subjectOpens(); err != nil {
			return err
		}
		if err := w.peerSends(text, meaning, ""); err != nil {
			return err
		}
		if err := w.subjectAnswersTags(1, 1, `ok, payload "a"`); err != nil {
			return err
		}
	}
	if _, err := w.staysAway(nil); err != nil {
		return err
	}
	if now, _ := w.Session.Memory(); now-before >= int64(most) {
		return failf(fmt.Sprintf("less than %d more octets of memory", most), "%d more", now-before)
	}
	return nil
}

package steps

import (
	"fmt"
	"math/big"
	"strconv"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/peer"
)

// Steps about memory, measured from outside. An implementation that keeps what goes over
// the connection grows by that, however long it goes on; one that only collects its
// garbage late stops growing at some time.
var memorySteps = []definition{
	on(`the subject answers up to {n} requests with {n} octets each, and does not grow by half of that`, func(w *World) any {
		return func(requests, octets int) error { return w.doesNotGrow(requests, octets, w.answersOf) }
	}),
	on(`the subject refuses up to {n} requests with {n} octets each, and does not grow by half of that`, func(w *World) any {
		return func(requests, octets int) error { return w.doesNotGrow(requests, octets, w.refusalsOf) }
	}),
	on(`the subject does up to {n} requests that are answered with {n} octets each, and does not grow by half of that`, func(w *World) any {
		return func(requests, octets int) error { return w.doesNotGrow(requests, octets, w.requestsAnsweredWith) }
	}),
}

// fewestOctets go over the connection before memory says anything: what is kept at
// first may go where garbage was.
const fewestOctets = 4 << 20

// batch is how many requests are open at a time.
const batch = 16

// doesNotGrow plays requests, batch by batch, until the subject has grown by less than
// half of the octets that have gone over the connection.
func (w *World) doesNotGrow(requests, octets int, play func(firstTag, requests, octets int) error) error {
	before, ok := w.Session.Memory()
	if !ok {
		return fmt.Errorf("%w: the subject's memory is not the runner's to see", ErrSkip)
	}
	var grown, passed int64
	next := int64(fewestOctets) // to have passed when memory is looked at
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

// refusalsOf has the subject refuse requests, on a channel that it does not serve, with
// so many octets each.
func (w *World) refusalsOf(firstTag, requests, octets int) error {
	request := peer.Packet{IsRequest: true, Channel: big.NewInt(5), Type: big.NewInt(3), Payload: make([]byte, octets)}
	for i := range requests {
		request.Tag = big.NewInt(int64(firstTag + i))
		if err := w.send(request.Encode()); err != nil {
			return err
		}
	}
	for i := range requests {
		tag := big.NewInt(int64(firstTag + i))
		if _, err := w.answerTo(tag, request.Channel, fmt.Sprintf("a failure response to tag %s on channel 5", tag)); err != nil {
			return err
		}
	}
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
		m := adapter.Message{Op: adapter.OpDo, Conn: w.current.name, RqType: adapter.TypeBytes, Decode: adapter.DecodeRaise}
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
			return subjectError("the decoder's error", err)
		}
	}
	return nil
}

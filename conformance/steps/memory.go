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

// Steps about memory, which the runner measures from outside. A subject that keeps what goes
// over the connection grows by that, for as long as it goes on. A subject that only collects
// its garbage late stops growing at some point. So a step fails only if the subject still
// grows at the end.

// Memory is first looked at when a quarter of what the subject holds has gone over the
// connection, within these bounds, in bytes. Sooner, a subject that keeps octets may put them
// where garbage was, and not grow: there is more garbage in a subject that has grown in earlier
// scenarios. 4 MiB are four batches of the features' usual 64 KiB.
const (
	fewestOctets int64 = 4 << 20
	mostAtFirst  int64 = 16 << 20
)

// batch is how many requests are unanswered at a time.
const batch = 16

// memory returns how much memory the subject uses, in bytes. It skips the scenario if the
// runner does not see that.
func (w *World) memory() (octets int64, err error) {
	octets, ok := w.Session.Memory()
	if !ok {
		err = fmt.Errorf("%w: the runner does not see the subject's memory", ErrSkip)
	}
	return octets, err
}

// longest is how many times as many requests as a step names are played while the subject still grows. The
// heap of a runtime that collects late, as an untuned JVM does, levels off by then; a leak does not.
const longest = 3

// doesNotGrow plays requests, batch by batch, until the subject has grown by less than half of the octets
// that have gone over the connection. When all requests have been played, it goes on up to longest times
// as many, until the subject has levelled off. It fails if the subject still grows.
func (w *World) doesNotGrow(requests, octets int, play func(firstTag, requests, octets int) error) error {
	before, err := w.memory()
	if err != nil {
		return err
	}
	var g growth
	next := min(max(fewestOctets, before/4), mostAtFirst) // look when this much has passed
	for played := 0; played < longest*requests; played += batch {
		if err := play(played, batch, octets); err != nil {
			return err
		}
		passed := int64(played+batch) * int64(octets)
		if passed < next {
			continue
		}
		next = passed + passed/4
		now, _ := w.Session.Memory()
		g.add(passed, now-before)
		if g.isSmall() || played >= requests && g.hasLevelledOff() {
			return nil
		}
	}
	return failf("the resident memory of the adapter's processes to level off, or to grow by less than half of the octets over the connection",
		"growth that goes on (%s); if the runtime's heap may grow for longer before it collects, limit it, as java -Xmx64m does", g)
}

// A growth holds how much the subject had grown when it was weighed.
type growth []weighing

type weighing struct{ passed, grown int64 } // octets over the connection, and bytes of memory, since the beginning

func (g *growth) add(passed, grown int64) { *g = append(*g, weighing{passed, grown}) }

// isSmall reports whether the subject has grown by less than half of the octets.
func (g growth) isSmall() bool {
	last := g[len(g)-1]
	return last.grown < last.passed/2
}

// hasLevelledOff reports whether the subject has grown by less than half of the octets since half of them
// had passed. A shorter span could be one in which a leak fills the room of garbage.
func (g growth) hasLevelledOff() bool {
	last := g[len(g)-1]
	for _, half := range slices.Backward(g) {
		if half.passed <= last.passed/2 {
			return last.grown-half.grown < (last.passed-half.passed)/2
		}
	}
	return false
}

// String returns every weighing, as in "3 MiB after 4 MiB".
func (g growth) String() string {
	var all []string
	for _, w := range g {
		all = append(all, fmt.Sprintf("%d MiB after %d MiB", w.grown>>20, w.passed>>20))
	}
	return strings.Join(all, ", ")
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

// expectNoGrowthFromDropping needs no answers: a subject that reads the next packets has
// finished with the ones before.
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

// expectNoGrowthFromConnections allows one open file for two connections: each has two pipes.
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
		return failf(fmt.Sprintf("about %d files open after %d connections, as before them", before, gone), "%d files open", now)
	}
	return nil
}

func (w *World) expectNoGrowthFromRequests(requests, octets int) error {
	return w.doesNotGrow(requests, octets, w.requestsAnsweredWith)
}

// answersOf sends requests and waits for answers with this many octets each.
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
			return w.tallyResponses(err, i, requests)
		}
		if len(r.Payload) != octets {
			return failf(expected, "%d octets", len(r.Payload))
		}
	}
	return nil
}

// refusals sends requests on a channel, with this many octets each, and waits for their refusals.
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
		if err := w.subjectFails(big.NewInt(int64(tag(i))), big.NewInt(int64(channel)), ""); err != nil {
			return w.tallyResponses(err, i, requests)
		}
	}
	return nil
}

// comesAndGoes opens a connection, has one request answered, ends the connection and closes it.
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

// requestsAnsweredWith has the subject request, and answers with this many octets each. The
// decoder fails, so that no payload comes back in a reply of the adapter, which would take
// longer than everything else.
func (w *World) requestsAnsweredWith(_, requests, octets int) error {
	var replies []*adapter.Pending
	for range requests {
		m := adapter.Message{Op: adapter.OpDo, Conn: w.current.name, RqType: adapter.TypeBytes.Integer(), Decode: adapter.DecodeRaise}
		replies = append(replies, w.start(m))
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
			return failf("the decoder's error", "an answer")
		case kindOf(err) != adapter.BadDecode:
			return replyFailure("the decoder's error", err)
		}
	}
	return nil
}

// expectLittleMemory sends on each connection a request and the beginning of a packet. When
// the request is answered, the subject is about to read the beginning.
func (w *World) expectLittleMemory(n int, octets []byte, most int) error {
	before, err := w.memory()
	if err != nil {
		return err
	}
	for range n {
		if err := w.subjectOpens(); err != nil {
			return err
		}
		if err := w.peerSends(octets, ""); err != nil {
			return err
		}
		if err := w.subjectAnswersTags(1, 1, `ok, payload "a"`); err != nil {
			return err
		}
	}
	if err := w.pause(); err != nil {
		return err
	}
	return w.expectMemoryBelow(before, most)
}

// expectMemoryBelow fails if the subject uses as much memory as most bytes more than before.
func (w *World) expectMemoryBelow(before int64, most int) error {
	if now, _ := w.Session.Memory(); now-before >= int64(most) {
		return failf(fmt.Sprintf("less than %d bytes more memory", most), "%d bytes more", now-before)
	}
	return nil
}

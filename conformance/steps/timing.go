package steps

import (
	"fmt"
	"math/big"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/peer"
)

// Steps about time. A step requires a lower bound of a time, or an upper bound that one of many tries
// has to keep: a busy machine delays some answers, but not every one. See untilCalm.

// The wire types of requests that the standard handler answers with their payload, and with
// a failure.
const (
	octetsType = int64(adapter.TypeBytes) + 1
	failType   = int64(adapter.TypeFail) + 1
)

// exchange sends n requests of a wire type in one write, with successive tags from first on,
// and waits for their answers. It also returns when the write began.
func (w *World) exchange(wireType int64, first, n int) (answers []peer.Received, began time.Time, err error) {
	var octets []byte
	for tag := first; tag < first+n; tag++ {
		p := peer.Packet{IsRequest: true, Tag: big.NewInt(int64(tag)), Type: big.NewInt(wireType), Payload: []byte("time")}
		octets = append(octets, p.Encode()...)
	}
	began = time.Now()
	if err := w.send(octets); err != nil {
		return nil, began, err
	}
	for tag := first; tag < first+n; tag++ {
		r, err := w.answerTo(big.NewInt(int64(tag)), new(big.Int), fmt.Sprintf("the response to tag %d", tag))
		if err != nil {
			return nil, began, w.tallyResponses(err, tag-first, n)
		}
		answers = append(answers, r)
	}
	return answers, began, nil
}

// roundTrip returns the time from the write of one request to the arrival of its answer.
func (w *World) roundTrip(wireType int64, tag int) (time.Duration, error) {
	answers, began, err := w.exchange(wireType, tag, 1)
	if err != nil {
		return 0, err
	}
	return answers[0].At.Sub(began), nil
}

// fewestTries is how many late answers the step sees before it may give up: when they have
// taken as long together as all n may take. It spares a subject that is always slow from n
// of its answers.
const fewestTries = 5

// A fastest holds the fastest of several answers.
type fastest struct {
	took  time.Duration // 0: none has come
	last  time.Duration // that the last of them took
	tries int
}

// try has another request answered on the connection in use.
func (f *fastest) try(w *World) error {
	f.tries++
	took, err := w.roundTrip(octetsType, f.tries)
	if err != nil {
		return err
	}
	f.last = took
	if f.took == 0 || took < f.took {
		f.took = took
	}
	return nil
}

// enough returns a function that reports, from the fewest calls on, that late answers have taken as long
// as n answers may take, or that it was called n times.
func enough(n int, limit time.Duration, f *fastest) func() bool {
	calls, total := 0, time.Duration(0)
	return func() bool {
		calls++
		total += f.last
		return calls >= n || calls >= fewestTries && total >= time.Duration(n)*limit
	}
}

func (w *World) expectFastAnswer(n int, limit time.Duration) error {
	var f fastest
	return w.untilCalm(limit/4, func() error {
		if err := f.try(w); err != nil || f.took < limit {
			return err
		}
		return tooLate{failf(fmt.Sprintf("the fastest of %d answers in less than %v", n, limit), "%v for the fastest of %d", f.took, f.tries)}
	}, enough(n, limit, &f))
}

// expectFasterAnswer compares answers on the connection in use, whose grace is 0, with answers on a
// connection with the default grace. An implementation that reads 0 as "not set" has the same grace on
// both. Where the default grace delays nothing either, there is nothing to compare. An implementation that
// is slow anyway passes if the default grace makes it slower by half of the limit.
func (w *World) expectFasterAnswer(n int, limit time.Duration) error {
	atOnce := w.current
	if err := w.subjectOpensWithDefaultGrace(); err != nil {
		return err
	}
	byDefault := w.current
	defer func() { w.current = atOnce }()
	var f, g fastest
	seen, lost := enough(n, limit, &f), false
	err := w.untilCalm(limit/4, func() error {
		w.current = atOnce
		if err := f.try(w); err != nil {
			return err
		}
		w.current = byDefault
		if err := g.try(w); err != nil {
			return err
		}
		if f.took < limit && (f.took < g.took/2 || g.took < limit/2) {
			return nil
		}
		return tooLate{failf(fmt.Sprintf("the fastest of %d answers in less than %v, and in less than half of the time with the default grace", n, limit),
			"%v for the fastest of %d, and %v with the default grace", f.took, f.tries, g.took)}
	}, func() bool {
		lost = seen()
		return lost
	})
	if lost && g.took-f.took >= limit/2 {
		return nil
	}
	return err
}

func (w *World) expectSlowAnswers(n int, kind string, limit time.Duration) error {
	wireType := map[string]int64{"answers": octetsType, "failures": failType}[kind]
	for tag := 1; tag <= n; tag++ {
		took, err := w.roundTrip(wireType, tag)
		if err != nil {
			return err
		}
		if took < limit {
			return failf(fmt.Sprintf("each answer after at least %v", limit), "answer %d came after %v", tag, took)
		}
	}
	return nil
}

func (w *World) expectAnswersTogether(n int, limit time.Duration) error {
	return w.together("answer", limit, func(try int) ([]peer.Received, time.Time, error) {
		return w.exchange(octetsType, 1+try*n, n)
	})
}

func (w *World) expectRequestsTogether(n int, limit time.Duration) error {
	return w.together("request", limit, func(try int) ([]peer.Received, time.Time, error) {
		began := time.Now()
		for i := range n {
			if err := w.subjectRequests("0", fmt.Sprintf("together-%d-%d", try, i), "", ""); err != nil {
				return nil, began, err
			}
		}
		requests, err := w.takeRequests(n)
		return requests, began, err
	})
}

// togetherTries is how often packets may come apart on a calm machine. Once, the scheduler may have
// delayed a command on its way to the subject, so that a packet missed the flush.
const togetherTries = 2

// together requires that the packets of one of several tries come together, and none of any too soon.
func (w *World) together(what string, limit time.Duration, play func(try int) (packets []peer.Received, began time.Time, err error)) error {
	tries, apart := 0, 0
	return w.untilCalm(limit/4, func() error {
		packets, began, err := play(tries)
		tries++
		if err != nil {
			return err
		}
		if err := checkNotBefore(what, packets, began, limit); err != nil {
			return err
		}
		return checkTogether(what, packets, limit)
	}, func() bool {
		apart++
		return apart >= togetherTries
	})
}

// checkNotBefore requires that no packet came sooner than limit after began.
func checkNotBefore(what string, packets []peer.Received, began time.Time, limit time.Duration) error {
	for i, r := range packets {
		if took := r.At.Sub(began); took < limit {
			return failf(fmt.Sprintf("each %s after at least %v", what, limit), "%s %d came after %v", what, i+1, took)
		}
	}
	return nil
}

// checkTogether requires that one flush brought the packets: they came in the read of the
// first, or within half of limit after it. Another flush would come at least limit later.
func checkTogether(what string, packets []peer.Received, limit time.Duration) error {
	for i, r := range packets {
		if apart := r.At.Sub(packets[0].At); r.Read != packets[0].Read && apart > limit/2 {
			return tooLate{failf(fmt.Sprintf("each %s together with the first", what), "%s %d came %v later", what, i+1, apart)}
		}
	}
	return nil
}

// ticks returns the number of ticks recorded so far. A tick that wrote no octets does not count.
func (w *World) ticks() (int, error) {
	r, err := w.command(adapter.Message{Op: adapter.OpTicks})
	if err != nil {
		return 0, replyFailure("the ticks recorded", err)
	}
	ticks := 0
	for _, octets := range *r.Ticks {
		if len(octets) > 0 {
			ticks++
		}
	}
	return ticks, nil
}

func (w *World) expectNoTicks() error {
	n, err := w.ticks()
	if err != nil || n == 0 {
		return err
	}
	return failf("no ticks", "%d ticks", n)
}

// awaitMore performs an activity and waits until the count has grown by more.
func (w *World) awaitMore(what string, more int, count func() (int, error), activity func() error) error {
	before, err := count()
	if err != nil {
		return err
	}
	if err := activity(); err != nil {
		return err
	}
	now, err := poll(w, count, func(now int) bool { return now-before >= more })
	if err != nil || now-before >= more {
		return err
	}
	return w.timedOut(fmt.Sprintf("at least %d more %s", more, what), fmt.Sprintf("%d more", max(0, now-before)))
}

func (w *World) expectTicksFromReceiving(n, ticks int) error {
	return w.awaitMore("ticks", ticks, w.ticks, func() error {
		for tag := range n {
			p := peer.Packet{Tag: big.NewInt(int64(tag + 1000)), Flags: big.NewInt(1)}
			if err := w.send(p.Encode()); err != nil {
				return err
			}
		}
		return nil
	})
}

func (w *World) expectTicksFromSending(n, ticks int) error {
	return w.awaitMore("ticks", ticks, w.ticks, func() error {
		for i := range n {
			if err := w.subjectRequests("2", fmt.Sprintf("tick-%d", i), "", ""); err != nil {
				return err
			}
		}
		return nil
	})
}

func (w *World) expectStderr(n, octets int) error {
	return w.awaitMore("bytes on standard error", octets, w.stderr, func() error {
		_, _, err := w.exchange(octetsType, 1, n)
		return err
	})
}

func (w *World) expectStderrAboveNoted(n, octets int) error {
	return w.expectStderr(n, w.stderrNoted+octets)
}

func (w *World) noteStderr(n int) error {
	before, err := w.stderr()
	if err != nil {
		return err
	}
	if _, _, err := w.exchange(octetsType, 1, n); err != nil {
		return err
	}
	if err := w.pause(); err != nil {
		return err
	}
	after, err := w.stderr()
	w.stderrNoted = after - before
	return err
}

// stderr returns how many bytes the subject has written to its standard error. It skips the
// scenario if the runner does not see them.
func (w *World) stderr() (int, error) {
	err := w.barrier()
	total, ok := w.Session.StderrTotal()
	if !ok {
		return 0, fmt.Errorf("%w: the runner does not see the subject's standard error", ErrSkip)
	}
	return int(total), err
}

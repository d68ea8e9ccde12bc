package steps

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/peer"
)

// The wire types of requests that are answered with their octets, and with a failure.
const (
	octetsType = int64(adapter.TypeBytes) + 1
	failType   = int64(adapter.TypeFail) + 1
)

// exchange sends n requests of a wire type, tags from first on, in one write, and takes
// their answers; it tells when the write began.
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
			return nil, began, err
		}
		answers = append(answers, r)
	}
	return answers, began, nil
}

// roundTrip measures an exchange of one request, from its write to the arrival of its
// answer.
func (w *World) roundTrip(wireType int64, tag int) (time.Duration, error) {
	answers, began, err := w.exchange(wireType, tag, 1)
	if err != nil {
		return 0, err
	}
	return answers[0].At.Sub(began), nil
}

// fewestTries are as many answers as tell that none is fast, if they have taken as long
// as all there might be should take together.
const fewestTries = 5

// expectFastAnswer asks for answers until one is fast enough.
func (w *World) expectFastAnswer(n int, seconds string) error {
	limit, err := parseSeconds(seconds)
	if err != nil {
		return err
	}
	fastest, total := time.Duration(math.MaxInt64), time.Duration(0)
	tried := 0
	for tried < n && (tried < fewestTries || total < time.Duration(n)*limit) {
		tried++
		took, err := w.roundTrip(octetsType, tried)
		if err != nil {
			return err
		}
		if took < limit {
			return nil
		}
		fastest, total = min(fastest, took), total+took
	}
	return failf(fmt.Sprintf("the fastest of %d answers in less than %v", n, limit), "the fastest of %d took %v", tried, fastest)
}

func (w *World) expectSlowAnswers(n int, kind, seconds string) error {
	limit, err := parseSeconds(seconds)
	if err != nil {
		return err
	}
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

// expectAnswersTogether asks for answers that one flush brings.
func (w *World) expectAnswersTogether(n int, seconds string) error {
	limit, err := parseSeconds(seconds)
	if err != nil {
		return err
	}
	answers, began, err := w.exchange(octetsType, 1, n)
	if err != nil {
		return err
	}
	if err := checkNotBefore("answer", answers, began, limit); err != nil {
		return err
	}
	return checkTogether("answer", answers, limit)
}

// togetherTries are as many tries as tell that requests leave apart, and not that one of
// them was held up on its way to the subject.
const togetherTries = 2

// expectRequestsTogether has the subject request in succession, and takes requests that one
// flush brings.
func (w *World) expectRequestsTogether(n int, seconds string) error {
	limit, err := parseSeconds(seconds)
	if err != nil {
		return err
	}
	var apart error
	for try := range togetherTries {
		began := time.Now()
		for i := range n {
			if err := w.subjectRequests("0", fmt.Sprintf("together-%d-%d", try, i), "", ""); err != nil {
				return err
			}
		}
		requests, err := w.takeRequests(n)
		if err != nil {
			return err
		}
		if err := checkNotBefore("request", requests, began, limit); err != nil {
			return err
		}
		if apart = checkTogether("request", requests, limit); apart == nil {
			return nil
		}
	}
	return apart
}

// checkNotBefore tells packets that came too early.
func checkNotBefore(what string, packets []peer.Received, began time.Time, limit time.Duration) error {
	for i, r := range packets {
		if took := r.At.Sub(began); took < limit {
			return failf(fmt.Sprintf("each %s after at least %v", what, limit), "%s %d came after %v", what, i+1, took)
		}
	}
	return nil
}

// checkTogether tells packets that one flush did not bring: they come in another read than the
// first, and half of the time later that they were to wait.
func checkTogether(what string, packets []peer.Received, limit time.Duration) error {
	for i, r := range packets {
		if apart := r.At.Sub(packets[0].At); r.Read != packets[0].Read && apart > limit/2 {
			return failf(fmt.Sprintf("each %s together with the first", what), "%s %d came %v later", what, i+1, apart)
		}
	}
	return nil
}

func parseSeconds(text string) (time.Duration, error) {
	s, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, mistake("%v", err)
	}
	return time.Duration(s * float64(time.Second)), nil
}

// ticks counts the ticks recorded so far; one without octets is none.
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
	if err := w.need(adapter.CanTick); err != nil {
		return err
	}
	n, err := w.ticks()
	if err != nil {
		return err
	}
	if n > 0 {
		return failf("no ticks", "%d ticks", n)
	}
	return nil
}

// awaitMore asks count again and again until it is at least so many above what it
// was before activity.
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
	return &Failure{
		Expected: fmt.Sprintf("at least %d more %s", more, what), TimedOut: true,
		Actual: fmt.Sprintf("%d more within %v", max(0, now-before), w.Timeout),
	}
}

// expectTicksFromReceiving lets only the receiver work: a response to no request is ignored.
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

// expectTicksFromSending lets only the sender work: nobody answers the requests.
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
	return w.awaitMore("octets on standard error", octets, w.stderr, func() error {
		_, _, err := w.exchange(octetsType, 1, n)
		return err
	})
}

func (w *World) expectStderrAboveNoted(n, octets int) error {
	return w.expectStderr(n, w.stderrBefore+octets)
}

// noteStderr keeps how much the standard error gets without a tick, be it a log.
func (w *World) noteStderr(n int) error {
	before, err := w.stderr()
	if err != nil {
		return err
	}
	if _, _, err := w.exchange(octetsType, 1, n); err != nil {
		return err
	}
	if _, err := w.staysAway(nil); err != nil {
		return err
	}
	after, err := w.stderr()
	w.stderrBefore = after - before
	return err
}

// stderr is how many octets the subject has written to its standard error.
func (w *World) stderr() (int, error) {
	_, err := w.command(adapter.Message{Op: adapter.OpSeen})
	total, ok := w.Session.StderrTotal()
	if !ok {
		return 0, fmt.Errorf("%w: the subject's standard error is not the runner's to see", ErrSkip)
	}
	return int(total), err
}

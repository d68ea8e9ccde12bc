package steps

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strconv"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/peer"
)

func (w *World) subjectEndsStream(tag *big.Int) error {
	if tag == nil {
		return w.endStream()
	}
	r, err := w.nextPacket(fmt.Sprintf("03 00 02 00 (EOF), or a failure response to tag %s", tag))
	if err != nil {
		return err
	}
	if r.IsRequest || r.OK() || r.Tag.Cmp(tag) != 0 {
		w.current.backlog = slices.Insert(w.current.backlog, 0, r)
	}
	return w.endStream()
}

// endStream requires EOF as the only packet that no step has read, and then the end of the
// octets. In the 2024 dialect ERQ may come before EOF, and the subject may wait for the
// peer's EOF before it ends the octets.
func (w *World) endStream() error {
	expected := "03 00 02 00 (EOF) and nothing else"
	r, err := w.nextPacket(expected)
	if err == nil && w.HasERQ && r.Same(peer.ERQ) {
		r, err = w.nextPacket(expected)
	}
	if err != nil {
		return err
	}
	if !r.Same(peer.EOF) {
		return failf(expected, "%s", describe(r.Octets))
	}
	if w.HasERQ && !w.current.requests.ended {
		if err := w.send(peer.EOF.Encode()); err != nil {
			return err
		}
	}
	return w.subjectStreamEnds()
}

func (w *World) subjectStreamEnds() error {
	if len(w.current.backlog) > 0 {
		return failf("the end of the stream", "%s", w.current.describeBacklog())
	}
	if w.Program != nil && w.Program.KeepsStream {
		return w.nothingFollows()
	}
	rest, err := w.current.peer.AwaitEnd(w.Ctx)
	if len(rest) > 0 {
		return failf("the end of the stream", "%s", describe(rest))
	}
	if err != nil {
		return w.waitFailure("the end of the subject's octets", "", err)
	}
	w.watch.served()
	return nil
}

func (w *World) subjectIsShutDown() error {
	_, err := w.command(adapter.Message{Op: adapter.OpShutdown, Block: ptr(false)})
	return replyFailure("shutdown to return", err)
}

func (w *World) subjectShutsDown(blocking, name string) error {
	return w.startNamed(name, adapter.Message{Op: adapter.OpShutdown, Block: ptr(blocking != "")})
}

func (w *World) subjectJoins(name string) error {
	return w.startNamed(name, adapter.Message{Op: adapter.OpJoin})
}

func (w *World) subjectTakesNoMoreRequests() error {
	if w.HasERQ {
		return w.awaitERQ()
	}
	defer w.watch.during(regardNothing)() // a subject that never refuses would move its answers for ever
	tries := 0
	attempt := func() (bool, error) {
		tries++
		return w.isClosed("attempt-" + strconv.Itoa(tries))
	}
	refused, err := poll(w, attempt, func(refused bool) bool { return refused })
	if err != nil || refused {
		return err
	}
	return w.timedOut(`a request to be refused with the error "closed"`, fmt.Sprintf("%d requests submitted", tries))
}

// isClosed submits a request and reports whether it is refused as closed. If it is not, the
// peer answers it when it comes.
func (w *World) isClosed(name string) (bool, error) {
	_, err := w.command(adapter.Message{Op: adapter.OpRequest, Call: name, RqType: adapter.TypeNone.Integer()})
	if kindOf(err) == adapter.Closed {
		return true, nil
	}
	if err != nil {
		return false, replyFailure(`a request to be refused with the error "closed"`, err)
	}
	isAttempt := func(p peer.Packet) bool { return p.IsRequest && p.Type.IsInt64() && p.Type.Int64() == 1 }
	r, err := w.findPacket("the request that the subject accepted after the call of shutdown", isAttempt)
	if err != nil {
		return false, err
	}
	return false, w.send(peer.Packet{Channel: r.Channel, Tag: r.Tag, Flags: big.NewInt(1)}.Encode())
}

// awaitERQ waits for ERQ, unless a step has read it.
func (w *World) awaitERQ() error {
	if w.current.sawERQ {
		return nil
	}
	_, err := w.findPacket("03 01 02 00 (ERQ)", func(p peer.Packet) bool { return p.Same(peer.ERQ) })
	return err
}

func (w *World) awaitReturn(name string) (adapter.Reply, error) {
	p, err := w.named(name)
	if err != nil {
		return adapter.Reply{}, err
	}
	r, err := w.await(p)
	return r, replyFailure(fmt.Sprintf("%q to return", name), err)
}

func (w *World) expectReturn(name string) error {
	_, err := w.awaitReturn(name)
	return err
}

// expectReturnAfterEOF waits for the return, and looks at what is in the pipe at that
// moment: what the subject wrote before the return is there.
func (w *World) expectReturnAfterEOF(name string) error {
	if err := w.expectReturn(name); err != nil {
		return err
	}
	if w.current.sawEOF {
		return nil
	}
	octets := w.current.peer.SentByNow()
	for rest := octets; len(rest) > 0; {
		p, n, err := peer.Decode(rest)
		if err != nil {
			break
		}
		if p.Same(peer.EOF) {
			return nil
		}
		rest = rest[n:]
	}
	return failf(fmt.Sprintf("03 00 02 00 (EOF) to be sent before %q returns", name), "%s before it", describe(octets))
}

func (w *World) expectReturnTelling(name, ended string) error {
	r, err := w.awaitReturn(name)
	if err != nil {
		return err
	}
	if r.Ended != ended {
		return failf(fmt.Sprintf("the end reported as %q", ended), "%q", r.Ended)
	}
	return nil
}

func (w *World) expectNoReturn(name string) error {
	p, err := w.named(name)
	if err != nil {
		return err
	}
	if away, err := w.staysAway(p.Done()); away || err != nil {
		return err
	}
	actual := "a return"
	if _, err := w.await(p); errors.Is(err, ErrSkip) {
		return err
	} else if err != nil {
		actual = fmt.Sprintf("the error %v", err)
	}
	return failf(fmt.Sprintf("%q not to return yet", name), "%s", actual)
}

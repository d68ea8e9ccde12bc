package steps

import (
	"fmt"
	"math/big"
	"slices"
	"strconv"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/peer"
)

// subjectEndsStream lets a failure response to one request, if its tag is given, come before
// EOF.
func (w *World) subjectEndsStream(tag string) error {
	if tag == "" {
		return w.endStream()
	}
	t, err := parseInteger(tag)
	if err != nil {
		return err
	}
	r, err := w.nextPacket("03 00 02 00 (EOF), or a refusal")
	if err != nil {
		return err
	}
	if r.IsRequest || r.OK() || r.Tag.Cmp(t) != 0 {
		w.current.backlog = slices.Insert(w.current.backlog, 0, r)
	}
	return w.endStream()
}

// endStream awaits EOF, as the only packet that no step has asked for, and then
// the end of the octets. In the later dialect ERQ may come before EOF, and the peer's
// EOF, if it has not been sent, before the end of the octets.
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
	if w.HasERQ && !w.current.requests.over {
		if err := w.send(peer.EOF.Encode()); err != nil {
			return err
		}
	}
	return w.subjectStreamEnds()
}

// subjectStreamEnds awaits the end of the octets, before which there are none that no
// step has asked for.
func (w *World) subjectStreamEnds() error {
	if len(w.current.backlog) > 0 {
		return failf("the end of the stream", "%s", w.current.describeBacklog())
	}
	rest, err := w.current.peer.AwaitEnd(w.Ctx)
	if len(rest) > 0 {
		return failf("the end of the stream", "%s", describe(rest))
	}
	if err != nil {
		return w.waitFailure("the end of the subject's octets", err)
	}
	return nil
}

// subjectIsShutDown shuts down without blocking and waits for the call to return.
func (w *World) subjectIsShutDown() error {
	_, err := w.command(adapter.Message{Op: adapter.OpShutdown, Block: ptr(false)})
	return replyFailure("shutdown to return", err)
}

// subjectShutsDown begins a shutdown, blocking unless blocking is empty.
func (w *World) subjectShutsDown(blocking, name string) error {
	return w.start(name, adapter.Message{Op: adapter.OpShutdown, Block: ptr(blocking != "")})
}

func (w *World) subjectJoins(name string) error {
	return w.start(name, adapter.Message{Op: adapter.OpJoin})
}

// subjectTakesNoMoreRequests waits until a shutdown under way has begun, which shows in that
// requests are refused as closed. Those taken before that go out and are answered. In
// the later dialect ERQ shows it.
func (w *World) subjectTakesNoMoreRequests() error {
	if w.HasERQ {
		return w.awaitERQ()
	}
	tries := 0
	refused, err := poll(w, func() (bool, error) { tries++; return w.isClosed("attempt-" + strconv.Itoa(tries)) }, func(refused bool) bool { return refused })
	if err != nil || refused {
		return err
	}
	f := failf(`a request to be refused with the error "closed"`, "%d were taken within %v", tries, w.Timeout)
	f.TimedOut = true
	return f
}

// isClosed asks for a request, and reports whether it is refused as closed. If it is taken it
// is answered, as soon as it comes.
func (w *World) isClosed(name string) (bool, error) {
	_, err := w.command(adapter.Message{Op: adapter.OpRequest, Call: name, RqType: adapter.TypeNone.Integer()})
	if kindOf(err) == adapter.Closed {
		return true, nil
	}
	if err != nil {
		return false, replyFailure(`a request to be refused with the error "closed"`, err)
	}
	isAttempt := func(p peer.Packet) bool { return p.IsRequest && p.Type.IsInt64() && p.Type.Int64() == 1 }
	r, err := w.findPacket("the request that the subject took after its shutdown was called", isAttempt)
	if err != nil {
		return false, err
	}
	return false, w.send(peer.Packet{Channel: r.Channel, Tag: r.Tag, Flags: big.NewInt(1)}.Encode())
}

func (w *World) awaitERQ() error {
	if w.current.sawERQ {
		return nil
	}
	_, err := w.findPacket("03 01 02 00 (ERQ)", func(p peer.Packet) bool { return p.Same(peer.ERQ) })
	return err
}

func (w *World) expectReturn(name string) error {
	p, err := w.started(name)
	if err != nil {
		return err
	}
	_, err = w.await(p)
	return replyFailure(fmt.Sprintf("%q to return", name), err)
}

// expectReturnAfterEOF awaits the return and then looks at once at what is in the pipe: what was
// sent before the return is there.
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
	return failf(fmt.Sprintf("03 00 02 00 (EOF) to be sent before %q returns", name), "%s by then", describe(octets))
}

func (w *World) expectReturnTelling(name, ended string) error {
	if err := w.need(adapter.CanEndReason); err != nil {
		return err
	}
	p, err := w.started(name)
	if err != nil {
		return err
	}
	r, err := w.await(p)
	if err != nil {
		return replyFailure(fmt.Sprintf("%q to return", name), err)
	}
	if r.Ended != ended {
		return failf("the end told as "+ended, "%q", r.Ended)
	}
	return nil
}

func (w *World) expectNoReturn(name string) error {
	p, err := w.started(name)
	if err != nil {
		return err
	}
	if away, err := w.staysAway(p.Done()); away || err != nil {
		return err
	}
	_, err = w.await(p)
	return failf(fmt.Sprintf("%q to wait", name), "it returned (error: %v)", err)
}

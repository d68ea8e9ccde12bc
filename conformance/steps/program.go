package steps

import (
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/packetspec/packetspec/conformance/adapter"
	"github.com/packetspec/packetspec/conformance/peer"
)

// OutsideTag is the tag of the scenarios that need nothing of a subject but its end of a connection:
// no command, and no answer whose content is known.
const OutsideTag = "@outside"

// A Program describes a subject that no adapter drives, as far as one connection has shown it. What a
// sound program may do breaks no requirement, so the steps allow for it. Its zero value is a program
// that answers, and that leaves every end to the peer.
type Program struct {
	// Asks holds the requests that the peer may send, in turn. If it is empty, the peer sends the types
	// of the standard handler.
	Asks []Ask
	// Unanswered says why no step can await an answer: the program's handler gave none in time, or
	// answers nobody. Empty: it answers.
	Unanswered string
	// EndsItself says when the program ended its stream before the peer did. A scenario in which it
	// does so again is skipped. Empty: it did not.
	EndsItself string
	// KeepsStream is set if the stream stays open after the program's EOF. A process keeps its standard
	// output open, whatever the connection does with its own copy.
	KeepsStream bool
	// Single is set if each connection has a program of its own, so that two of them show nothing.
	Single bool
}

// An Ask is a request that may be sent to a subject, and what is known of its answer.
type Ask struct {
	Type    *big.Int // the requester's: one less than on the wire
	Flags   *big.Int // nil: 0
	Payload []byte
	Expect  *Expectation // nil: any answer
}

// An Expectation is what is known of an answer.
type Expectation struct {
	OK      bool
	Flags   *big.Int // without the ok bit; nil: any
	Payload *[]byte  // nil: any
}

// Packet returns the request with a tag.
func (a Ask) Packet(tag *big.Int) peer.Packet {
	wireType := new(big.Int).Add(a.Type, big.NewInt(1))
	return peer.Packet{IsRequest: true, Tag: tag, Flags: a.Flags, Type: wireType, Payload: a.Payload}
}

// Matches reports whether a response is as expected.
func (e *Expectation) Matches(p peer.Packet) bool {
	return e == nil || p.OK() == e.OK && (e.Flags == nil || p.ReplyFlags().Cmp(e.Flags) == 0) &&
		(e.Payload == nil || slices.Equal(p.Payload, *e.Payload))
}

// String describes the expectation.
func (e *Expectation) String() string {
	if e == nil {
		return "any response"
	}
	text := "a failure response"
	if e.OK {
		text = "an ok response"
	}
	if e.Flags != nil {
		text += fmt.Sprintf(", flags %#x", e.Flags)
	}
	if e.Payload != nil {
		text += ", payload " + peer.ShowPayload(*e.Payload)
	}
	return text
}

// standardAsks are requests of the standard handler, with every kind of answer.
var standardAsks = []Ask{
	{Type: typeOf(adapter.TypeBytes), Flags: big.NewInt(5), Payload: []byte("hi"), Expect: &Expectation{OK: true, Flags: new(big.Int), Payload: ptr([]byte("hi"))}},
	{Type: typeOf(adapter.TypeFail), Payload: []byte("no"), Expect: &Expectation{}},
	{Type: typeOf(adapter.TypeBoth), Flags: big.NewInt(300), Expect: &Expectation{OK: true, Flags: big.NewInt(300), Payload: ptr([]byte{})}},
}

// nestedAsks are requests whose handler requests from the peer, which refuses that.
var nestedAsks = []Ask{{Type: typeOf(adapter.TypeCall), Payload: []byte("n"), Expect: &Expectation{OK: true, Payload: ptr([]byte{})}}}

func typeOf(t adapter.Type) *big.Int { return new(big.Int).SetUint64(uint64(t)) }

// ask returns the next request that the peer may send on the connection, with a tag: one of those given
// or, of a program, of its own. From then on the peer refuses what the subject requests.
func (w *World) ask(asks []Ask, tag *big.Int) (peer.Packet, error) {
	if p := w.Program; p != nil {
		if p.Unanswered != "" {
			return peer.Packet{}, fmt.Errorf("%w: %s", ErrSkip, p.Unanswered)
		}
		if len(p.Asks) > 0 {
			asks = p.Asks
		}
	}
	c := w.current
	c.refuses = true
	a := asks[c.asks%len(asks)]
	c.asks++
	p := a.Packet(tag)
	if c.asked == nil {
		c.asked = map[requestID]Ask{}
	}
	c.asked[requestIDOf(peer.Packet{Channel: new(big.Int), Tag: tag})] = a
	return p, nil
}

// refuse answers a request that the subject makes by itself with a failure, as a peer without a handler
// does. It waits with that while the peer is inside a packet, and does not answer after the peer's end.
func (w *World) refuse(r peer.Received) error {
	c := w.current
	c.own = append(c.own, r.Packet)
	octets, _ := c.peer.Unread()
	for len(octets) > 0 && c.clash == "" {
		p, n, err := peer.Decode(octets)
		if n == 0 || err != nil {
			break
		}
		// The subject has sent both before it could get the answer to the first.
		if p.IsRequest && !endsStream(p) && requestIDOf(p) == requestIDOf(r.Packet) {
			c.clash = describe(r.Octets) + " and " + describe(octets[:n])
		}
		octets = octets[n:]
	}
	c.owed = append(c.owed, peer.Packet{Channel: r.Channel, Tag: r.Tag}.Encode()...)
	return w.payOwed()
}

// payOwed sends the refusals that are owed to the subject, if the peer may write a packet now.
func (w *World) payOwed() error {
	c := w.current
	if len(c.owed) == 0 || len(c.requests.unread) > 0 {
		return nil
	}
	octets := c.owed
	c.owed = nil
	if c.requests.ended {
		return nil
	}
	if err := c.peer.Send(w.Ctx, octets); err != nil {
		return w.waitFailure("the subject to read what the peer writes", "", err)
	}
	return nil
}

// endedItself skips the scenario if the subject has ended its stream before the peer did, as the program
// does anyway. A request that came after that may be dropped (SHD-10).
func (w *World) endedItself() error {
	if p := w.Program; p != nil && p.EndsItself != "" && (!w.current.requests.ended || w.current.requests.areOpen()) {
		return fmt.Errorf("%w: %s", ErrSkip, p.EndsItself)
	}
	return nil
}

// takenPause is the time between two looks whether the subject has read everything.
const takenPause = 100 * time.Microsecond

// letRead gives a subject the occasion to read what was written alone. The reply of an adapter gives it
// that; without one, an empty pipe does. No verdict rests on it.
func (w *World) letRead() error {
	if err := w.barrier(); err != nil || w.Program == nil {
		return err
	}
	look := time.NewTicker(takenPause)
	defer look.Stop()
	for over := time.Now().Add(absence); !w.current.peer.AllTaken() && time.Now().Before(over); {
		<-look.C
	}
	return nil
}

// anotherConnection opens one more connection, unless the program is another one then.
func (w *World) anotherConnection() error {
	if w.Program != nil && w.Program.Single {
		return fmt.Errorf("%w: each connection has a program of its own", ErrSkip)
	}
	return w.subjectOpens()
}

// expectStreamEnd requires the end of the octets, where it says something about the connection.
func (w *World) expectStreamEnd() error {
	if w.Program != nil && w.Program.KeepsStream {
		return fmt.Errorf("%w: the program keeps its output open after EOF, so nothing shows whether the connection has closed it", ErrSkip)
	}
	return w.subjectStreamEnds()
}

// nothingFollows requires that no octet follows for the time of [absence].
func (w *World) nothingFollows() error {
	if away, err := w.staysAway(w.current.peer.Changed()); away || err != nil {
		return err
	}
	if rest, _ := w.current.peer.Unread(); len(rest) > 0 {
		return failf("no octets after EOF", "%s", describe(rest))
	}
	return nil
}

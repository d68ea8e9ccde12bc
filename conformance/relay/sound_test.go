package relay

import (
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/packetspec/packetspec/conformance/peer"
)

// An actor is one end of a session that keeps every requirement, and uses every freedom that it has: it does
// anything at any time that is allowed.
type actor struct {
	r     *rand.Rand
	later bool
	loose bool // it counts no tags, and writes integers longer than necessary

	out, in  []byte // octets that the relay has not read, and that the actor has not read
	tag      int64
	pending  map[int64]bool
	accepted []peer.Packet // answers that are due
	shut     bool
	sentERQ  bool
	sentEOF  bool
	closed   bool // it has closed its stream
	ended    bool // the other stream has ended
	requests int
}

func (a *actor) send(p peer.Packet) {
	octets := p.Encode()
	if a.loose && a.r.IntN(4) == 0 {
		octets = append([]byte{0x80}, octets...)
	}
	if a.loose && a.r.IntN(8) == 0 {
		octets = p.EncodeWithChannel()
	}
	a.out = append(a.out, octets...)
}

// act does one thing, if what chance picks is allowed.
func (a *actor) act() {
	switch a.r.IntN(12) {
	case 0, 1, 2:
		a.request()
	case 3, 4, 5:
		if n := len(a.accepted); n > 0 {
			i := a.r.IntN(n)
			a.send(a.accepted[i])
			a.accepted = slices.Delete(a.accepted, i, i+1)
		}
	case 6:
		a.shut = a.shut || a.r.IntN(20) == 0 || a.requests > 8
	case 7:
		a.end()
	default:
		a.receive()
	}
}

func (a *actor) request() {
	if a.shut || a.ended || a.requests > 20 {
		return
	}
	a.tag++
	tag := a.tag
	if a.loose {
		tag = a.r.Int64N(1 << a.r.IntN(62))
		for a.pending[tag] {
			tag++
		}
	}
	a.pending[tag] = true
	a.requests++
	p := peer.Packet{
		IsRequest: true, Tag: big.NewInt(tag), Type: big.NewInt(1 + a.r.Int64N(12)), Flags: big.NewInt(a.r.Int64N(1 << a.r.IntN(60))),
		Payload: make([]byte, a.r.IntN(300)),
	}
	if a.r.IntN(6) == 0 {
		p.Channel = big.NewInt(1 + a.r.Int64N(9))
	}
	a.send(p)
}

// end ends the stream, step by step.
func (a *actor) end() {
	switch {
	case !a.shut || a.closed:
	case a.sentEOF:
		a.closed = a.r.IntN(2) == 0
	case a.later && !a.sentERQ:
		a.send(peer.ERQ)
		a.sentERQ = true
	case len(a.accepted) == 0:
		a.send(peer.EOF)
		a.sentEOF = true
	}
}

// receive reads a packet.
func (a *actor) receive() {
	p, n, err := peer.Decode(a.in)
	if n == 0 || err != nil || a.ended {
		return
	}
	a.in = a.in[n:]
	switch {
	case p.Same(peer.EOF):
		a.ended, a.shut = true, true
		a.pending = map[int64]bool{}
	case p.Same(peer.ERQ) && a.later:
	case !p.IsRequest:
		delete(a.pending, p.Tag.Int64())
	case a.sentEOF, a.shut && !a.later && a.r.IntN(2) == 0: // dropped
	default:
		answer := peer.Packet{Channel: p.Channel, Tag: p.Tag, Flags: big.NewInt(0), Payload: make([]byte, a.r.IntN(300))}
		refused := p.Channel.Sign() != 0 || a.shut && !a.later
		if !refused && a.r.IntN(5) > 0 {
			answer.Flags = big.NewInt(2*a.r.Int64N(1000) + 1)
		}
		a.accepted = append(a.accepted, answer)
	}
}

// session plays a session that keeps every requirement, and returns what a judge says of it. The relay reads and
// passes on at any time, in any pieces.
func session(seed uint64, later, loose bool) *Report {
	r := rand.New(rand.NewPCG(seed, 2))
	o := testOptions()
	o.Later = later
	j, at := NewJudge(o, began), began
	var actors [2]*actor
	first := int64(0)
	if later {
		first = 1
	}
	for i := range actors {
		actors[i] = &actor{r: r, later: later, loose: loose, tag: first, pending: map[int64]bool{}}
	}
	var told [2]bool
	for step := 0; !told[0] || !told[1]; step++ {
		at = at.Add(time.Duration(r.IntN(1000)) * time.Microsecond)
		side := Side(r.IntN(2))
		a, b := actors[side], actors[side.Other()]
		switch {
		case step > 3000:
			a.shut, b.shut = true, true
		case r.IntN(5) > 0:
			a.act()
			continue
		}
		a.act()
		n := min(len(a.out), 1+r.IntN(400))
		j.Octets(side, at, a.out[:n])
		b.in = append(b.in, a.out[:n]...)
		a.out = a.out[n:]
		if a.closed && len(a.out) == 0 && !told[side] {
			told[side] = true
			j.End(side, Closed, at)
		}
	}
	return j.Report(at)
}

// TestSoundSessions requires that nothing is found in sessions that keep every requirement.
func TestSoundSessions(t *testing.T) {
	sessions := uint64(10_000)
	if testing.Short() {
		sessions = 1000
	}
	requests, unanswered := int64(0), 0
	for seed := range sessions {
		later, loose := seed%4 == 1, seed%4 == 2
		report := session(seed, later, loose)
		for _, f := range report.Findings {
			if f.Fails(!loose) {
				t.Fatalf("seed %d, later %t, loose %t: %+v", seed, later, loose, f)
			}
		}
		for _, s := range report.Sides {
			requests, unanswered = requests+s.Requests, unanswered+s.Unanswered
		}
	}
	if requests < 5*int64(sessions) || unanswered == 0 {
		t.Errorf("the sessions show little: %d requests, of which %d are unanswered", requests, unanswered)
	}
	t.Logf("%d sessions: %d requests, of which %d are unanswered", sessions, requests, unanswered)
}

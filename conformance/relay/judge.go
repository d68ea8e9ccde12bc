package relay

import (
	"fmt"
	"time"

	"github.com/packetspec/packetspec/conformance/spec"
)

// A Side is one of the two ends of a connection.
type Side int

// The two sides. Which end is which decides whoever makes a judge.
const (
	Left Side = iota
	Right
)

// Other returns the side at the other end.
func (s Side) Other() Side { return 1 - s }

// Options says how to judge. Names and Spec must be set.
type Options struct {
	Names [2]string  // of the sides, for people
	Spec  *spec.Spec // says what level a requirement has
	Later bool       // the dialect is the one of 2024, which has ERQ
	// AnswerWithin is how long a request may be open; 0: for any time.
	AnswerWithin time.Duration
	// KeepPayload is how many octets of each payload an event has; 0: enough for its text.
	KeepPayload int
	// NoPayloads keeps payloads out of the texts of findings.
	NoPayloads bool
	// Observe is called with each event; nil: with none. Its argument is valid until it returns.
	Observe func(*Event)
}

// An Event is something that a judge saw.
type Event struct {
	From     Side
	At       time.Time
	Packet   *Packet       // nil: Note says what happened
	Answers  bool          // the packet is the response to a request
	Took     time.Duration // how long that request was open
	WireType Number        // of the request, or of the one that the response answers
	Number   int64         // of that request among those of its side, from 1
	Note     string
	Findings []Finding // what the event breaks
}

// A phase says what a side's stream has had.
type phase int

const (
	flowing phase = iota
	ended         // EOF
	spoiled       // a malformed packet, so nobody knows how what follows is read
)

// A direction is the stream of one side, with what is open of its requests.
type direction struct {
	split     Splitter
	phase     phase
	eofEnd    int64 // the offset behind EOF
	afterEOF  bool  // octets after EOF were reported
	closed    bool  // its octets have ended
	ending    Ending
	excused   bool // nobody receives what this side sends, so it may stop sending
	sentERQ   bool
	packets   int64
	requests  int64
	responses int64
	nextTag   uint64
	highest   uint64 // tag so far
	tagsSkip  bool   // its tags were reported

	open    openRequests
	early   bool      // the request that is under way was answered already
	lastOK  int64     // the highest number of a request of this side that was answered by a result
	stopped time.Time // when the other side stopped answering; zero: it has not
	took    latencies
}

// A Judge judges both directions of one connection. One goroutine at a time may use it.
type Judge struct {
	o        Options
	began    time.Time
	dirs     [2]direction
	findings findings
	stopping bool // the connection is being stopped from outside
	event    Event
}

// NewJudge returns a judge of a connection that begins at a time.
func NewJudge(o Options, began time.Time) *Judge {
	j := &Judge{o: o, began: began}
	first := uint64(1)
	if o.Later {
		first = 2 // ERQ-10
	}
	for i := range j.dirs {
		j.dirs[i].nextTag = first
		j.dirs[i].split.KeepPayload = o.KeepPayload
	}
	return j
}

// Octets takes the next octets of one side. They must be passed on only when it has returned.
func (j *Judge) Octets(from Side, at time.Time, octets []byte) {
	j.Expire(at)
	d := &j.dirs[from]
	d.split.Add(octets, func(p *Packet) { j.packet(from, p, at) }, nil)
	if d.phase == ended && d.split.offset > d.eofEnd && !d.afterEOF {
		d.afterEOF = true
		j.find(from, at, Finding{Requirement: "EOS-4", Kind: "after EOF", Offset: d.eofEnd, Text: "octets follow the EOF packet, which must be the last ones"})
	}
}

// packet judges a packet.
func (j *Judge) packet(from Side, p *Packet, at time.Time) {
	d := &j.dirs[from]
	d.packets++
	j.event = Event{From: from, At: at, Packet: p}
	switch {
	case d.phase == ended:
		d.afterEOF = true
		kind, text := "after EOF", "a packet follows the EOF packet, which must be the last one"
		if p.IsEOF() {
			kind, text = "EOF twice", "EOF is sent again; it must be sent once"
		}
		j.findIn(p, "EOS-4", kind, text)
	case p.Malformed:
		if d.phase == flowing {
			j.findIn(p, "ENC-1", "malformed packet", fmt.Sprintf("a body of %d octets is too short for its fields", p.Length.low))
			j.spoil(from, at)
		}
	case p.endsStream():
		j.form(p)
		j.end(from, p, at)
	case p.IsRequest():
		d.requests++
		j.event.WireType, j.event.Number = p.Type, d.requests
		j.form(p)
		j.request(from, p, at)
	default:
		d.responses++
		j.form(p)
		j.response(from, p, at)
	}
	j.observe()
}

// observe passes on the event, if anybody wants it.
func (j *Judge) observe() {
	if j.o.Observe != nil {
		j.o.Observe(&j.event)
	}
	j.event = Event{}
}

// form inspects how a packet is written.
func (j *Judge) form(p *Packet) {
	if j.dirs[j.event.From].phase != flowing {
		return
	}
	for _, n := range []struct {
		name string
		Number
	}{{"length", p.Length}, {"tag", p.Tag}, {"word", p.Word}, {"channel", p.Channel}, {"type", p.Type}} {
		if n.octets > 0 && n.overlong() {
			j.findIn(p, "INT-2", "longer form", fmt.Sprintf("the %s takes %d octets; its shortest form takes %d", n.name, n.octets, max(1, (n.bits+6)/7)))
			break
		}
	}
	if p.HasChannel() && p.Channel.is(0) {
		j.findIn(p, "ENC-4", "channel 0 written", "channel 0 is written; has_channel and the channel should be left out")
	}
}

// end judges a packet that ends the stream of its sender, or in the later dialect its requests.
func (j *Judge) end(from Side, p *Packet, at time.Time) {
	d := &j.dirs[from]
	switch {
	case d.phase != flowing:
	case p.IsEOF():
		if j.o.Later && !d.sentERQ {
			j.findIn(p, "ERQ-1", "EOF without ERQ", "EOF is sent without ERQ before it")
		}
		d.phase, d.eofEnd = ended, p.Offset+int64(p.Octets())
		j.stopAnswering(from, at)
	case j.o.Later && p.IsERQ():
		if d.sentERQ {
			j.findIn(p, "ERQ-1", "ERQ twice", "ERQ is sent again; it must be sent once")
		}
		d.sentERQ = true
	default:
		text := "a request on channel 0 with wire type 0 must be EOF, 03 00 02 00: its tag and flags 0, its payload empty"
		if p.IsERQ() {
			text += "; in the dialect of 2024 it is ERQ"
		}
		j.findIn(p, "EOS-4", "malformed EOF", text)
		j.spoil(from, at)
	}
}

// spoil notes that nobody knows how the other side reads what follows.
func (j *Judge) spoil(from Side, at time.Time) {
	j.dirs[from].phase = spoiled
	j.stopClock(from.Other(), at)
}

// request judges a request.
func (j *Judge) request(from Side, p *Packet, at time.Time) {
	d, peer := &j.dirs[from], &j.dirs[from.Other()]
	if d.phase != flowing {
		return
	}
	if p.Type.is(0) {
		j.findIn(p, "RQS-1", "wire type 0", "wire type 0 is reserved for the end of the stream, on channel 0")
	}
	if d.sentERQ {
		j.findIn(p, "ERQ-1", "request after ERQ", "a request follows ERQ, which must be sent after the last request")
	}
	j.tag(from, p)
	if d.early {
		d.early = false
		return
	}
	r := d.open.add(request{
		key: keyOf(p), number: d.requests, at: at, offset: p.Offset, wireType: p.Type, size: p.Size,
		reused: p.Tag.high == 0 && p.Tag.low <= d.highest && d.requests > 1, beyond: p.beyond(),
	})
	d.highest = max(d.highest, p.Tag.low)
	if r != nil && r.duplicate && peer.phase == flowing && !peer.closed {
		j.findIn(p, "TAG-2", "tag in use", fmt.Sprintf("the request has the channel and tag of one that is in flight: octet %d, %s", d.open.byKey[r.key].offset, d.open.byKey[r.key].describe()))
	}
}

// tag judges whether the tags of a side count up. (TAG-1, ERQ-10)
func (j *Judge) tag(from Side, p *Packet) {
	d, peer := &j.dirs[from], &j.dirs[from.Other()]
	want := d.nextTag
	d.nextTag++
	if d.tagsSkip || p.Tag.is(want) || peer.phase != flowing || peer.closed {
		return // the end of the peer's stream cancels requests, also some that have a tag but were not sent
	}
	d.tagsSkip = true
	requirement := "TAG-1"
	if j.o.Later {
		if requirement = "ERQ-10"; !p.Channel.is(0) {
			return
		}
	}
	j.findIn(p, requirement, "tag does not count", fmt.Sprintf("the tag is %s; the tags of a connection's requests count up, so it should be %d", p.Tag.value(), want))
}

// response judges a response.
func (j *Judge) response(from Side, p *Packet, at time.Time) {
	d, peer := &j.dirs[from], &j.dirs[from.Other()]
	k := keyOf(p)
	r, found := peer.open.answer(k, p.OK())
	if found {
		took := at.Sub(r.at)
		peer.took.add(took)
		j.event.Answers, j.event.Took, j.event.WireType = true, took, r.wireType
		j.event.Number = r.number
		if p.OK() {
			peer.lastOK = max(peer.lastOK, r.number)
		}
		return
	}
	if d.phase != flowing || peer.phase == spoiled || peer.open.full || j.answersEarly(from, k) {
		return
	}
	if r := peer.open.onOtherChannel(k); r != nil {
		j.findIn(p, "CHN-3", "wrong channel", fmt.Sprintf("no request with this channel and tag is in flight; one with this tag is on channel %s", r.channel))
		return
	}
	if peer.open.recently(k) {
		j.findIn(p, "RSP-1", "answered twice", "the request with this channel and tag was answered already")
		return
	}
	j.findIn(p, "RSP-1", "answer to nothing", "no request with this channel and tag is in flight")
}

// answersEarly reports whether a response is for the request that the other side is still sending: its
// integers have come, and a side may refuse it by them.
func (j *Judge) answersEarly(from Side, k key) bool {
	peer := &j.dirs[from.Other()]
	p, _ := peer.split.Inside()
	if peer.split.state == inPayload && p.IsRequest() && keyOf(p) == k && !peer.early {
		peer.early = true
		return true
	}
	return false
}

// stopAnswering judges what a side has not answered when it sends EOF.
func (j *Judge) stopAnswering(from Side, at time.Time) {
	d, peer := &j.dirs[from], &j.dirs[from.Other()]
	j.stopClock(from.Other(), at)
	if d.excused {
		return
	}
	requirement := "SHD-2"
	if peer.phase != flowing || peer.closed {
		requirement = "EOS-6"
	}
	for r := peer.open.oldest; r != nil && r.number < peer.lastOK; r = r.newer {
		if !r.duplicate && !r.duplicated && !r.late {
			j.find(from, at, Finding{
				Requirement: r.answeredBy(requirement), Kind: "never answered", Offset: r.offset, Packet: r.describe(),
				Text: fmt.Sprintf("this request, at octet %d of what %s sent, is not answered before EOF, though a later one was accepted and answered", r.offset, j.o.Names[from.Other()]),
			})
		}
	}
}

// stopClock notes that requests of a side may be left unanswered from now on.
func (j *Judge) stopClock(requester Side, at time.Time) {
	if d := &j.dirs[requester]; d.stopped.IsZero() {
		d.stopped = at
	}
}

// Expire judges which requests are open for too long at a time. Calls for later events include it.
func (j *Judge) Expire(at time.Time) {
	if j.o.AnswerWithin == 0 || j.stopping {
		return
	}
	for _, requester := range []Side{Left, Right} {
		d := &j.dirs[requester]
		if !d.stopped.IsZero() {
			continue
		}
		for r := d.open.fresh; r != nil && at.Sub(r.at) > j.o.AnswerWithin; r = r.newer {
			r.late, d.open.fresh = true, r.newer
			if r.duplicate || r.duplicated {
				continue
			}
			j.find(requester.Other(), at, Finding{
				Requirement: "HND-7", Kind: "no answer in time", Offset: r.offset, Packet: r.describe(), Counts: true,
				Text: fmt.Sprintf("this request, at octet %d of what %s sent, has no answer after %v; whatever a handler returns, an answer must follow", r.offset, j.o.Names[requester], j.o.AnswerWithin),
			})
		}
	}
}

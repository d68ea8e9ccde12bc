package peer

import (
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"
)

// A Direction names the end that sent the octets of an event or caused it.
type Direction string

// The two ends.
const (
	FromPeer    Direction = "peer"
	FromSubject Direction = "subject"
)

// The notes of what an end does besides sending octets. A replay does the same by them.
const (
	ClosedSending   = "closed its sending pipe"
	ClosedReceiving = "closed its receiving pipe"
	StoppedReading  = "stopped reading"
	WentOnReading   = "went on reading"
)

// An Event is octets on the wire, or something else that an end did there.
type Event struct {
	Time   time.Time
	From   Direction
	Octets []byte // of one write or one read
	Note   string // what else happened; "" for octets
}

// A Wire records the events of one connection in order. Its zero value is empty and ready
// to use. Its methods may be called concurrently.
type Wire struct {
	mu      sync.Mutex // guards the fields below
	events  []Event
	stopped bool
}

func (w *Wire) add(e Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped {
		return
	}
	e.Time = time.Now()
	w.events = append(w.events, e)
}

// Stop makes the wire record no further event: what comes then is no part of a scenario.
func (w *Wire) Stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = true
}

// Events returns the events so far, which share their octets with w.
func (w *Wire) Events() []Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.events)
}

// A Line is one packet or one note of a wire. String builds its text, so that an excerpt
// of a long wire does not pay for the lines that it omits.
type Line struct {
	From   Direction
	Octets []byte // a packet, or the octets that remain at the end of a stream
	Note   string // what else happened; "" for octets
	Whole  bool   // the octets are as many as their length declares
}

// String returns the line: the sender, the octets, and their meaning.
func (l Line) String() string {
	if l.Note != "" {
		return fmt.Sprintf("%-7s  %s", l.From, l.Note)
	}
	meaning := "(no whole packet)"
	if l.Whole {
		p, _, err := Decode(l.Octets)
		if meaning = p.String(); err != nil {
			meaning = err.Error()
		}
	}
	return fmt.Sprintf("%-7s  %s  %s", l.From, ShowHex(l.Octets), meaning)
}

// All returns the lines of the events so far, one for each packet and note. A packet
// stands where its last octet came; octets that are no whole packet stand at the end.
func (w *Wire) All() iter.Seq[Line] {
	return func(yield func(Line) bool) {
		partial := map[Direction]*stream{FromPeer: {}, FromSubject: {}}
		for _, e := range w.Events() {
			if e.Note != "" {
				if !yield(Line{From: e.From, Note: e.Note}) {
					return
				}
				continue
			}
			octets := partial[e.From]
			octets.add(e.Octets)
			for n := octets.frame(); n > 0; n = octets.frame() {
				if !yield(Line{From: e.From, Octets: octets.octets[:n:n], Whole: true}) {
					return
				}
				octets.drop(n)
			}
		}
		for _, from := range []Direction{FromPeer, FromSubject} {
			if rest := partial[from].octets; len(rest) > 0 && !yield(Line{From: from, Octets: rest}) {
				return
			}
		}
	}
}

// shownOctets is the number of octets that ShowHex shows.
const shownOctets = 48

// ShowHex returns octets as the features write them, two digits each with spaces between.
// It shows shownOctets of more, the last quarter of them from the end, and their number.
func ShowHex(b []byte) string {
	if len(b) > shownOctets {
		const last = shownOctets / 4
		return fmt.Sprintf("% x … % x (%d octets)", b[:shownOctets-last], b[len(b)-last:], len(b))
	}
	return fmt.Sprintf("% x", b)
}

package peer

import (
	"fmt"
	"iter"
	"sync"
	"time"
)

// A Direction says who sent the octets of an event.
type Direction string

// The two directions, as an event of the wire names them.
const (
	FromPeer    Direction = "peer"
	FromSubject Direction = "subject"
)

// An Event is something that happened on the wire.
type Event struct {
	Time   time.Time
	From   Direction
	Octets []byte // what was written, or what one read brought
	Note   string // what happened, if not octets
}

// A Wire records what happened on the pipes of one connection, in order.
type Wire struct {
	mu     sync.Mutex
	events []Event
}

func (w *Wire) add(e Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	e.Time = time.Now()
	w.events = append(w.events, e)
}

// Events is what happened so far.
func (w *Wire) Events() []Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]Event(nil), w.events...)
}

// A Line is one packet or happening of a wire; its text is made when it is asked for.
type Line struct {
	From   Direction
	Octets []byte // of a packet, or of what is none
	Note   string // what happened, if not octets
	Whole  bool   // the octets are a packet's, be it malformed
}

// String is the line: who, the octets, and what they mean.
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

// All tells what happened so far, one packet a line, in order of the packets' last octets.
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

// Lines are the texts of all lines.
func (w *Wire) Lines() (texts []string) {
	for line := range w.All() {
		texts = append(texts, line.String())
	}
	return texts
}

// shownOctets is how many octets ShowHex shows.
const shownOctets = 48

// ShowHex writes octets as the features do: two digits each, spaces between. Long
// ones are cut.
func ShowHex(b []byte) string {
	if len(b) > shownOctets {
		return fmt.Sprintf("% x … (%d octets)", b[:shownOctets], len(b))
	}
	return fmt.Sprintf("% x", b)
}

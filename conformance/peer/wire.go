package peer

import (
	"fmt"
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

// Lines tells what happened so far, one packet a line with its fields, in order of
// the packets' last octets.
func (w *Wire) Lines() []string {
	var lines []string
	partial := map[Direction][]byte{}
	for _, e := range w.Events() {
		if e.Note != "" {
			lines = append(lines, fmt.Sprintf("%-7s  %s", e.From, e.Note))
			continue
		}
		partial[e.From] = append(partial[e.From], e.Octets...)
		for len(partial[e.From]) > 0 {
			p, n, err := Decode(partial[e.From])
			if n == 0 {
				break
			}
			meaning := p.String()
			if err != nil {
				meaning = err.Error()
			}
			lines = append(lines, fmt.Sprintf("%-7s  %s  %s", e.From, ShowHex(partial[e.From][:n]), meaning))
			partial[e.From] = partial[e.From][n:]
		}
	}
	for _, from := range []Direction{FromPeer, FromSubject} {
		if len(partial[from]) > 0 {
			lines = append(lines, fmt.Sprintf("%-7s  %s  (no whole packet)", from, ShowHex(partial[from])))
		}
	}
	return lines
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
